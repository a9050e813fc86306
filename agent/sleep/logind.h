/*
 * The conversation with logind over D-Bus. Sleep process only. What the system bus says is the word
 * of the computer's own administrator; a wrong one can bring the outputs to zero and nothing else.
 *
 * One lock is used: what "sleep", mode "delay" (systemd.io/INHIBITOR_LOCKS). logind then says
 * PrepareForSleep before any sleep, a closed lid's too, and waits for the lock for at most
 * InhibitDelayMaxSec (5 s by default). No "handle-lid-switch" lock: it exists as "block" only,
 * would keep the computer awake behind a closed lid, and so the partner in control of a box whose
 * wearer has just shut the screen.
 */
#ifndef TETHER_SLEEP_LOGIND_H
#define TETHER_SLEEP_LOGIND_H

#include <stdbool.h>

#include <systemd/sd-bus.h>

struct logind {
	sd_bus *bus;
	sd_bus_slot *asked;   /* Inhibit is under way */
	sd_bus_message *lock; /* the answer that the lock's descriptor lives in; NULL = not held */
	bool wanted;
	bool soon;       /* the computer is about to sleep, or sleeps */
	const char *why; /* why there is no lock to be had; NULL = nothing is wrong */
};

/* Connects to the bus at `address` ("" the system's), subscribes, and asks whether logind is there
 * and waits at all. May take seconds; opens files and sockets, so: before sealing. 0, or -1 with
 * l->why. */
int logind_open(struct logind *l, const char *address);

/* Takes the lock or lets it go; the first takes until logind has answered. */
void logind_hold(struct logind *l, bool wanted);

/* Moves bytes. 0, or -1 with l->why when the connection or the lock is lost for good. */
int logind_turn(struct logind *l);

#endif

/*
 * The ui's end of the guard's socket. Runs in the ui. Input: frames of the guard, which is trusted
 * with their meaning; their form is checked.
 */
#ifndef TETHER_UI_PEER_H
#define TETHER_UI_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/frames.h"

#define UI_LOG 32	/* lines of the wearer's log that are kept */
#define UI_ALIVE_MS 200 /* the guard takes 1 s of silence for a stop; it wants 250 ms at most */

struct ui_peer {
	int fd;
	bool seen;	 /* a view has come */
	bool stop_waits; /* a stop found no room in the socket: sent with the next turn */
	struct ui_view view;
	struct ui_event log[UI_LOG]; /* line i is log[i % UI_LOG] */
	uint32_t log_count;
	uint64_t alive_at; /* ms; the next UI_ALIVE */
};

void ui_peer_init(struct ui_peer *p, int fd);

/* Takes what the guard has sent. 1 when something is new, 0 when not, -1 when the guard has closed
 * the socket, -2 when it sent what can't be understood. */
int ui_peer_read(struct ui_peer *p);

/* Sends one of the wearer's actions; a stop is never lost for want of room. */
void ui_peer_send(struct ui_peer *p, const struct ui_input *in);

/* Says that we are alive when that is due. Called after drawing, so that a terminal that takes no
 * more output makes us silent, and the guard stops. Returns the milliseconds until the next. */
int ui_peer_alive(struct ui_peer *p, uint64_t now);

#endif

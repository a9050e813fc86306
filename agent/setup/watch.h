/*
 * The box, as the questions of the first start see it: a guard that can't raise anything. It starts
 * the ordinary sealed box process and sends heartbeats, `K`, and once zero is confirmed Pulse
 * (where zero is felt late: mode_is_late) and "low power". Runs before the guard is started.
 * Reports are trusted as little as the guard does.
 */
#ifndef TETHER_SETUP_WATCH_H
#define TETHER_SETUP_WATCH_H

#include "agent/guard/guard.h"
#include "agent/setup/dialog.h"
#include "agent/setup/finding.h"

struct watch {
	struct child child;
	char path[MAX_PATH], usb[PORT_TEXT]; /* path "": not known yet */
	struct box_report report;
	uint32_t seq, kill_seq;
	uint64_t beat_at, look_at; /* ms */
	uint64_t heard_at;	   /* when the box last answered, or its process was started */
	enum finding finding;
	uint64_t calm_at; /* from when on Pulse may be ordered where zero is felt late; 0 not */
	bool low_wanted;  /* low power as soon as zero is confirmed */
};

void watch_init(struct watch *w);

/* Which port from now on; what ran before is ended. */
void watch_port(struct watch *w, const char *path, const char *usb);

/* Starts, beats, restarts: at least every 50 ms. */
void watch_turn(struct watch *w, uint64_t now);

/* The box process has sent something. */
void watch_read(struct watch *w, uint64_t now);

/* Both outputs to zero now. */
void watch_kill(struct watch *w, uint64_t now);

/* Zero, then low power. */
void watch_low(struct watch *w, uint64_t now);

/* Its zero is one that is felt: confirmed, and in no mode where it acts late. */
struct sight watch_sight(const struct watch *w);

/* Zero, and the end of the box process, for which it waits 2 s. Was zero confirmed? true as well
 * when no box was there. */
bool watch_finish(struct watch *w);

#endif

/*
 * The wearer's hand at the simulated box, and its moods: lines of standard input.
 */
#ifndef TETHER_SIM_HAND_H
#define TETHER_SIM_HAND_H

#include <stddef.h>
#include <stdint.h>

#include "agent/sim/model.h"
#include "agent/sim/port.h"
#include "agent/sim/serial.h"

#define SIM_HAND_LINE 80 /* longest line of standard input */

/* What a line can reach. */
struct sim_box {
	struct sim_model model;
	struct sim_serial serial;
	struct sim_port port;
	const char *link; /* where `plug` makes the port anew */
};

/* Does what one line (without its newline; it is cut into words in place) asks for at `now`.
 * An empty line does nothing. 0, or -1 with a sentence of at most `cap` bytes in `why`. */
int sim_hand(struct sim_box *box, char *line, uint64_t now, char *why, size_t cap);

#endif

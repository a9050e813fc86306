/*
 * The limits with a small model of the box behind them: it does what it is told, as the real one
 * would. For the unit tests of the limits.
 */
#ifndef TETHER_LIMITS_WORLD_H
#define TETHER_LIMITS_WORLD_H

#include "agent/guard/limits.h"

#include "common/modes.h"

#define ALL ((1u << MODE_COUNT) - 1)
#define FAR UINT64_C(10000000)

struct world {
	struct limits l;
	struct limits_settings s;
	struct limits_box b;
	uint64_t now;
	unsigned writes;
};

/* The box is in this mode, as the guard sees it. */
void box_mode(struct limits_box *b, uint8_t mode);

/* One turn of 10 ms, in the order of limits.h; returns what was written. */
struct limits_write turn(struct world *w);

/* As many turns as fit into `ms`. */
void turns(struct world *w, unsigned ms);

/* A partner in control, all at zero, every mode allowed, caps of 60 and 50 (30 and 20 at high). */
struct world start(void);

#endif

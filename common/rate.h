/*
 * Rate limits: a bucket that fills at a steady rate (generic cell rate algorithm: one number each).
 * Pure: time is an argument. Key service and broker plugin.
 */
#ifndef TETHER_RATE_H
#define TETHER_RATE_H

#include <stdint.h>

struct rate {
	uint32_t interval_ms; /* one is granted every so many ms in the long run, > 0 */
	uint32_t burst;       /* so many may come at once, > 0 */
};

/* *full is the bucket: the time (ms) at which it will be full again, 0 at start. Takes one at `now`
 * (ms, any steady clock): returns 0, or how many seconds to wait (at least 1; nothing is taken). */
unsigned rate_take(uint64_t *full, const struct rate *rate, uint64_t now);

#endif

/*
 * Two clocks. Deadlines use CLOCK_BOOTTIME (goes on during suspend, never set back).
 * Expiry of keys and tokens uses CLOCK_REALTIME seconds.
 */
#ifndef TETHER_CLOCK_H
#define TETHER_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_BOOTTIME. */
uint64_t clock_ns(void);

/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t clock_ms(void);

/* Unix seconds (CLOCK_REALTIME). */
int64_t clock_unix(void);

#endif

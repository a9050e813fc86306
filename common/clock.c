/* The two clocks. Any process; no input. */
#include "common/clock.h"

#include <stdlib.h>
#include <time.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

uint64_t
clock_ns(void)
{
	struct timespec t;

	/* Without a clock there are no deadlines and so no dead man: nothing is safe to go on. */
	if (clock_gettime(CLOCK_BOOTTIME, &t) != 0) {
		abort();
	}
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t
clock_ms(void)
{
	return clock_ns() / NS_PER_MS;
}

int64_t
clock_unix(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0) {
		abort();
	}
	return t.tv_sec;
}

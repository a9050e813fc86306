/*
 * Rate limits. Pure.
 */
#include "common/rate.h"

unsigned
rate_take(uint64_t *full, const struct rate *rate, uint64_t now)
{
	uint64_t at = *full > now ? *full : now;
	uint64_t room = (uint64_t)rate->interval_ms * rate->burst;

	if (at + rate->interval_ms > now + room) {
		return (unsigned)((at + rate->interval_ms - now - room + 999) / 1000);
	}
	*full = at + rate->interval_ms;
	return 0;
}

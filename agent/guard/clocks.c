/*
 * Has time gone on as it should (clocks.h)? Pure. Runs in the guard.
 */
#include "agent/guard/clocks.h"

/* The distance of two signed numbers always fits an unsigned one. */
static uint64_t
distance(int64_t x, int64_t y)
{
	return x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
}

bool
clocks_broke(uint64_t turn_at, uint64_t now, int64_t *offset, int64_t difference)
{
	if (now - turn_at <= GAP_MS && distance(difference, *offset) <= JUMP_MS) {
		return false;
	}
	*offset = difference;
	return true;
}

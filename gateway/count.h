/* Aggregate counters: numbers only, of all pages together, since the start. */
#ifndef TETHER_GATEWAY_COUNT_H
#define TETHER_GATEWAY_COUNT_H

#include <stdint.h>

#include "gateway/exposition.h"

/* Those of one metric stand together. */
enum count {
	COUNT_PAGES,
	COUNT_JOINED,
	COUNT_REFUSED_FORGED,
	COUNT_REFUSED_EXPIRED,
	COUNT_REFUSED_REVOKED,
	COUNT_REFUSED_LIMITED,
	COUNT_REFUSED_BUSY,
	COUNT_REFUSED_AWAY,
	COUNT_REFUSED_LATE,
	COUNT_REFUSED_PROTOCOL,
	COUNT_REFUSED_FAILED,
	COUNT_ENDED_EXPIRED,
	COUNT_ENDED_REVOKED,
	COUNT_ENDED_AWAY,
	COUNT_ENDED_PROTOCOL,
	COUNT_COMMANDS,
	COUNT_COMMANDS_REFUSED,
	COUNT_STOPS,
	COUNT_STATES,
	COUNT_BOX_FAULTS,
	COUNT_SLOW,
	COUNT_TURNED_AWAY,
	COUNT_COUNT
};

void count_add(enum count c);

/* A state went to a page and came back answered after `ms` milliseconds. */
void count_round_trip(uint64_t ms);

/* Writes all of them. */
void count_expose(struct exposition *e);

#endif

/* Aggregate counters: numbers only, of all pages together, since the start. */
#ifndef TETHER_GATEWAY_COUNT_H
#define TETHER_GATEWAY_COUNT_H

#include <stdint.h>

enum count {
	COUNT_PAGES,
	COUNT_JOINED,
	COUNT_REFUSED,
	COUNT_LIMITED,
	COUNT_AWAY,
	COUNT_BROKEN,
	COUNT_BAD,
	COUNT_COMMANDS,
	COUNT_STATES,
	COUNT_SLOW,
	COUNT_TURNED_AWAY,
	COUNT_COUNT
};

void count_add(enum count c);
uint64_t count_get(enum count c);

/* The metric's name and one line of help. */
const char *count_name(enum count c);
const char *count_help(enum count c);

#endif

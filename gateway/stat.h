/*
 * The counters that key service and plugin publish on stat/<part>, kept for the metrics page. The
 * broker lets only those two publish there; what they say is checked like everything else.
 */
#ifndef TETHER_GATEWAY_STAT_H
#define TETHER_GATEWAY_STAT_H

#include <stddef.h>

/* Keeps the numbers of one message from `part` ("keysvc", "auth"): an object of v 1 and up to
 * MAX_STATS members, names of [a-z_], whole numbers. Anything else changes nothing. */
void stat_take(const char *part, const char *json, size_t len);

/* Writes them as "tether_<part>_<name> <number>" lines, as many as fit whole; the bytes written. */
size_t stat_text(char *out, size_t size);

#endif

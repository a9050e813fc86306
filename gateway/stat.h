/*
 * The counters that key service and plugin publish on stat/<part>, kept for the metrics page. The
 * broker lets only those two publish there; what they say is checked like everything else.
 */
#ifndef TETHER_GATEWAY_STAT_H
#define TETHER_GATEWAY_STAT_H

#include <stddef.h>
#include <stdint.h>

#include "gateway/exposition.h"

/* Keeps the numbers of one message from `part` ("keysvc", "auth") that came at `now` (ms): an
 * object of v 1 and whole numbers. What is not of that form changes nothing; a name that is not in
 * the table in stat.c is passed over, so that a newer part may say more. */
void stat_take(const char *part, const char *json, size_t len, uint64_t now);

/* Writes whether each part is heard, how long ago, and its numbers; those of a part that has been
 * silent for more than STAT_SILENT_MS are left out: they are not known any more. */
void stat_expose(struct exposition *e, uint64_t now);

#endif

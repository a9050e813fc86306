/*
 * Sessions that were revoked: from the file at start, then from $CONTROL/tether/v1. An entry goes
 * when the keys it stands for would have expired anyway. Pure but for the load.
 */
#ifndef TETHER_REVOKED_SET_H
#define TETHER_REVOKED_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker-conf/seed.h"
#include "common/key.h"

struct revoked_entry;

struct revoked_set {
	struct seed seed;
	size_t cap, count;
	struct revoked_entry **bucket;
	uint32_t mask;       /* buckets - 1 */
	uint32_t sweep;      /* next bucket to look through */
	int64_t blind_until; /* unix seconds; see revoked_set_add() */
};

/* Room for `cap` entries (1..2^24). 0, or -1 when there is no memory or no randomness. */
int revoked_set_init(struct revoked_set *set, size_t cap);

/* Frees all. Takes one that init failed on. */
void revoked_set_finish(struct revoked_set *set);

/* Remembers sid until `expiry` (unix seconds; at most MAX_LIFE after now, since nothing lives
 * longer). Where that is not possible (full, no memory) the set turns blind: until then *every*
 * sid counts as revoked, because it can no longer tell. Returns 0, or -1 when it turned blind. */
int revoked_set_add(struct revoked_set *set, const uint8_t sid[SID_LEN], int64_t expiry,
		    int64_t now);

/* Is sid revoked, or the set blind? */
bool revoked_set_has(const struct revoked_set *set, const uint8_t sid[SID_LEN], int64_t now);

/* Forgets entries that have run out, in the next `buckets` buckets. */
void revoked_set_sweep(struct revoked_set *set, uint32_t buckets, int64_t now);

enum revoked_load {
	REVOKED_LOADED = 0,
	REVOKED_UNREADABLE = -1, /* errno says why */
	REVOKED_MALFORMED = -2   /* *line is the first line that is not a revocation */
};

/* Adds all lines of the file. A last line without a newline, whatever is in it (zeros, after a
 * power cut), is left out: it was being written and nobody has been told that it holds. 0 or a
 * negative enum revoked_load. */
int revoked_set_load(struct revoked_set *set, const char *path, int64_t now, unsigned *line);

#endif

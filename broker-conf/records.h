/*
 * Who is connected: client id -> what its token allows and until when. Looked up at every message,
 * so finding is O(1); the next to be cut is the top of a heap. Pure: time is an argument, nothing
 * here reads a clock or talks to the broker. Memory is taken at login only, up to a cap.
 */
#ifndef TETHER_RECORDS_H
#define TETHER_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker-conf/seed.h"
#include "common/token.h"

/* Why a record is to end. The first reason stays, but WHY_LEFT gives way to every other one. */
enum why {
	WHY_NONE, /* alive */
	WHY_LEFT, /* the connection is gone; kept until the next tick so that its will is checked */
	WHY_ROOM, /* an older guest making room, one that talks too much or is not understood */
	WHY_EXPIRED, /* token or guest's time over */
	WHY_REVOKED
};

struct record {
	struct token token;
	const void *context; /* the broker's connection, only compared; NULL once it is gone */
	enum why why;
	uint64_t due; /* boot milliseconds: when it is to be cut; 0 as soon as `why` is set */
	unsigned messages; /* guest, agent: published to the key service */
	size_t place; /* in the heap */
	struct record *next_id, *next_sid;
};

struct records {
	struct seed seed;
	size_t cap, count;
	struct record **by_id, **by_sid; /* `buckets` chains each */
	struct record **heap;            /* `cap` places, the earliest `due` first */
	uint32_t mask;                   /* buckets - 1 */
};

/* Room for `cap` records (1..2^24). 0, or -1 when there is no memory or no randomness. */
int records_init(struct records *rs, size_t cap);

/* Frees all. Takes one that init failed on. */
void records_finish(struct records *rs);

/* The record of a client id, or NULL. `id` may be NULL or anything a stranger sends. */
struct record *records_find(const struct records *rs, const char *id);

/* Adds the record of t->client, replacing one of the same id (a takeover: the new connection owns
 * it from here on). t is copied. NULL when full or out of memory; nothing is changed then. */
struct record *records_put(struct records *rs, const struct token *t, const void *context,
			   uint64_t due);

/* Marks r to be cut at the next tick. Its due becomes 0. */
void records_end(struct records *rs, struct record *r, enum why why);

/* The connection `context` of client `id` is gone. Ignored when the record belongs to another
 * connection: at a takeover the broker reports the old one after the new one's login. */
void records_leave(struct records *rs, const char *id, const void *context);

/* The record that is due at `now` (boot milliseconds), with `why` set, or NULL. It stays until
 * records_remove(). */
struct record *records_due(struct records *rs, uint64_t now);

/* Forgets and frees r. */
void records_remove(struct records *rs, struct record *r);

/* Marks all records of a session as WHY_REVOKED. Returns how many live connections that cuts. */
size_t records_revoke(struct records *rs, const uint8_t sid[SID_LEN]);

/* The same for all whose token was signed with a key that `find` does not know any more. Looks at
 * every record. */
void records_recheck(struct records *rs, token_key_fn *find, void *context);

#endif

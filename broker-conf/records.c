/*
 * Who is connected (records.h). Runs in the broker's only thread; ids come from strangers.
 */
#include "broker-conf/records.h"

#include <stdlib.h>
#include <string.h>

static uint32_t
id_bucket(const struct records *rs, const char *id)
{
	return seed_hash(&rs->seed, id, CLIENT_TEXT) & rs->mask;
}

static uint32_t
sid_bucket(const struct records *rs, const uint8_t *sid)
{
	return seed_hash(&rs->seed, sid, SID_LEN) & rs->mask;
}

int
records_init(struct records *rs, size_t cap)
{
	size_t buckets = 1;

	memset(rs, 0, sizeof(*rs));
	while (buckets < cap) {
		buckets *= 2;
	}
	rs->cap = cap;
	rs->mask = (uint32_t)buckets - 1;
	rs->by_id = calloc(buckets, sizeof(struct record *));
	rs->by_sid = calloc(buckets, sizeof(struct record *));
	rs->heap = calloc(cap, sizeof(struct record *));
	if (!rs->by_id || !rs->by_sid || !rs->heap || seed_init(&rs->seed) < 0) {
		records_finish(rs);
		return -1;
	}
	return 0;
}

void
records_finish(struct records *rs)
{
	for (size_t i = 0; rs->heap && i < rs->count; i++) {
		free(rs->heap[i]);
	}
	free(rs->by_id);
	free(rs->by_sid);
	free(rs->heap);
	memset(rs, 0, sizeof(*rs));
}

static void
heap_set(struct records *rs, size_t place, struct record *r)
{
	rs->heap[place] = r;
	r->place = place;
}

static void
heap_up(struct records *rs, struct record *r)
{
	size_t place = r->place;

	while (place > 0 && r->due < rs->heap[(place - 1) / 2]->due) {
		heap_set(rs, place, rs->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	heap_set(rs, place, r);
}

static void
heap_down(struct records *rs, struct record *r)
{
	size_t place = r->place;

	for (;;) {
		size_t child = place * 2 + 1;

		if (child + 1 < rs->count && rs->heap[child + 1]->due < rs->heap[child]->due) {
			child++;
		}
		if (child >= rs->count || r->due <= rs->heap[child]->due) {
			break;
		}
		heap_set(rs, place, rs->heap[child]);
		place = child;
	}
	heap_set(rs, place, r);
}

/* Takes r out of the heap; the last record fills the gap. */
static void
heap_remove(struct records *rs, const struct record *r)
{
	struct record *last = rs->heap[--rs->count];

	if (last != r) {
		heap_set(rs, r->place, last);
		heap_up(rs, last);
		heap_down(rs, last);
	}
}

static void
chain(struct records *rs, struct record *r)
{
	struct record **id = &rs->by_id[id_bucket(rs, r->token.client)];
	struct record **sid = &rs->by_sid[sid_bucket(rs, r->token.sid)];

	r->next_id = *id;
	*id = r;
	r->next_sid = *sid;
	*sid = r;
}

static void
unchain(struct records *rs, const struct record *r)
{
	struct record **at = &rs->by_id[id_bucket(rs, r->token.client)];

	while (*at != r) {
		at = &(*at)->next_id;
	}
	*at = r->next_id;
	at = &rs->by_sid[sid_bucket(rs, r->token.sid)];
	while (*at != r) {
		at = &(*at)->next_sid;
	}
	*at = r->next_sid;
}

struct record *
records_find(const struct records *rs, const char *id)
{
	struct record *r;

	if (!id || strnlen(id, CLIENT_TEXT + 1) != CLIENT_TEXT) {
		return NULL;
	}
	for (r = rs->by_id[id_bucket(rs, id)]; r; r = r->next_id) {
		if (memcmp(r->token.client, id, CLIENT_TEXT) == 0) {
			return r;
		}
	}
	return NULL;
}

struct record *
records_put(struct records *rs, const struct token *t, const void *context, uint64_t due)
{
	struct record *old = records_find(rs, t->client), *r;

	if (!old && rs->count == rs->cap) {
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		return NULL;
	}
	if (old) {
		records_remove(rs, old);
	}
	r->token = *t;
	r->context = context;
	r->due = due;
	chain(rs, r);
	r->place = rs->count++;
	heap_up(rs, r);
	return r;
}

void
records_end(struct records *rs, struct record *r, enum why why)
{
	if (r->why == WHY_NONE || r->why == WHY_LEFT) {
		r->why = why;
	}
	r->due = 0;
	heap_up(rs, r);
}

void
records_leave(struct records *rs, const char *id, const void *context)
{
	struct record *r = records_find(rs, id);

	if (r && r->context == context) {
		r->context = NULL;
		records_end(rs, r, WHY_LEFT);
	}
}

struct record *
records_due(struct records *rs, uint64_t now)
{
	struct record *r = rs->count > 0 ? rs->heap[0] : NULL;

	if (!r || r->due > now) {
		return NULL;
	}
	if (r->why == WHY_NONE) {
		r->why = WHY_EXPIRED;
	}
	return r;
}

void
records_remove(struct records *rs, struct record *r)
{
	unchain(rs, r);
	heap_remove(rs, r);
	free(r);
}

size_t
records_revoke(struct records *rs, const uint8_t sid[SID_LEN])
{
	struct record *r;
	size_t live = 0;

	for (r = rs->by_sid[sid_bucket(rs, sid)]; r; r = r->next_sid) {
		bool session = r->token.role == ROLE_AGENT || r->token.role == ROLE_PARTNER;

		if (session && memcmp(r->token.sid, sid, SID_LEN) == 0) {
			live += r->context && r->why == WHY_NONE;
			records_end(rs, r, WHY_REVOKED);
		}
	}
	return live;
}

void
records_recheck(struct records *rs, token_key_fn *find, void *context)
{
	for (uint32_t i = 0; i <= rs->mask; i++) {
		for (struct record *r = rs->by_id[i]; r; r = r->next_id) {
			if (r->token.role != ROLE_GUEST && !find(context, r->token.kid)) {
				records_end(rs, r, WHY_REVOKED);
			}
		}
	}
}

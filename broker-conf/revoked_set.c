/*
 * Revoked sessions (revoked_set.h). Runs in the broker; file and $CONTROL are the key service's.
 */
#include "broker-conf/revoked_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/max.h"
#include "common/revoked.h"

struct revoked_entry {
	struct revoked_entry *next;
	int64_t expiry;
	uint8_t sid[SID_LEN];
};

int
revoked_set_init(struct revoked_set *set, size_t cap)
{
	size_t buckets = 1;

	memset(set, 0, sizeof(*set));
	while (buckets < cap) {
		buckets *= 2;
	}
	set->cap = cap;
	set->mask = (uint32_t)buckets - 1;
	set->bucket = calloc(buckets, sizeof(struct revoked_entry *));
	if (!set->bucket || seed_init(&set->seed) < 0) {
		revoked_set_finish(set);
		return -1;
	}
	return 0;
}

/* Frees the entries of one chain that have run out at `now`. */
static void
sweep_chain(struct revoked_set *set, struct revoked_entry **at, int64_t now)
{
	while (*at) {
		struct revoked_entry *e = *at;

		if (e->expiry > now) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		free(e);
		set->count--;
	}
}

void
revoked_set_finish(struct revoked_set *set)
{
	for (uint32_t i = 0; set->bucket && i <= set->mask; i++) {
		sweep_chain(set, &set->bucket[i], INT64_MAX);
	}
	free(set->bucket);
	memset(set, 0, sizeof(*set));
}

static struct revoked_entry **
chain_of(const struct revoked_set *set, const uint8_t *sid)
{
	return &set->bucket[seed_hash(&set->seed, sid, SID_LEN) & set->mask];
}

static struct revoked_entry *
find(const struct revoked_set *set, const uint8_t *sid)
{
	struct revoked_entry *e = *chain_of(set, sid);

	while (e && memcmp(e->sid, sid, SID_LEN) != 0) {
		e = e->next;
	}
	return e;
}

static struct revoked_entry *
insert(struct revoked_set *set, const uint8_t *sid)
{
	struct revoked_entry **chain = chain_of(set, sid);
	struct revoked_entry *e = set->count < set->cap ? calloc(1, sizeof(*e)) : NULL;

	if (!e) {
		return NULL;
	}
	memcpy(e->sid, sid, SID_LEN);
	e->next = *chain;
	*chain = e;
	set->count++;
	return e;
}

int
revoked_set_add(struct revoked_set *set, const uint8_t sid[SID_LEN], int64_t expiry, int64_t now)
{
	struct revoked_entry *e;

	if (expiry <= now) {
		return 0;
	}
	if (expiry > now + MAX_LIFE) {
		expiry = now + MAX_LIFE;
	}
	e = find(set, sid);
	if (!e) {
		e = insert(set, sid);
	}
	if (!e) {
		set->blind_until = expiry > set->blind_until ? expiry : set->blind_until;
		return -1;
	}
	e->expiry = expiry > e->expiry ? expiry : e->expiry;
	return 0;
}

bool
revoked_set_has(const struct revoked_set *set, const uint8_t sid[SID_LEN], int64_t now)
{
	return now < set->blind_until || find(set, sid) != NULL;
}

void
revoked_set_sweep(struct revoked_set *set, uint32_t buckets, int64_t now)
{
	for (uint32_t i = 0; i < buckets; i++) {
		sweep_chain(set, &set->bucket[set->sweep], now);
		set->sweep = (set->sweep + 1) & set->mask;
	}
}

/* One whole line, newline included. 0, or -1 when it is not a revocation. */
static int
load_line(struct revoked_set *set, const char *text, size_t len, int64_t now)
{
	struct revoked r;

	if (revoked_parse(&r, text, len) < 0 || r.kind != REVOKED_SID || r.number > INT64_MAX) {
		return -1;
	}
	revoked_set_add(set, r.sid, (int64_t)r.number, now);
	return 0;
}

int
revoked_set_load(struct revoked_set *set, const char *path, int64_t now, unsigned *line)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int result = REVOKED_LOADED;
	FILE *file = fopen(path, "re");

	if (!file) {
		return REVOKED_UNREADABLE;
	}
	for (*line = 1; (len = getline(&text, &size, file)) > 0 && text[len - 1] == '\n';
	     (*line)++) {
		if (load_line(set, text, (size_t)len, now) < 0) {
			result = REVOKED_MALFORMED;
			break;
		}
	}
	if (ferror(file) || (len < 0 && !feof(file))) {
		result = REVOKED_UNREADABLE;
	}
	free(text);
	(void)fclose(file);
	return result;
}

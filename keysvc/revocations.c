/*
 * The revocations. Main process only. Input: its own file, perhaps torn by a crash.
 */
#include "keysvc/revocations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/max.h"
#include "keysvc/limits.h"

static void
load_line(void *context, const char *line, size_t len)
{
	struct revocations *r = context;
	struct revoked entry;

	if (revoked_parse(&entry, line, len) == 0 && entry.kind == REVOKED_SID &&
	    r->count < MAX_REVOKED) {
		r->list[r->count++] = entry;
	}
}

static size_t
drop_expired(struct revocations *r, int64_t now)
{
	size_t kept = 0, before = r->count;

	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].number > (uint64_t)now) {
			r->list[kept++] = r->list[i];
		}
	}
	r->count = kept;
	return before - kept;
}

static int
append(struct lines *file, const struct revoked *entry)
{
	char text[REVOKED_LINE];
	int n = revoked_write(text, entry);

	return lines_append(file, text, (size_t)n);
}

static int
rewrite(struct revocations *r)
{
	struct lines fresh;

	/* The plugin reads it as another user. A sid that is refused is no secret. */
	if (lines_begin(&fresh, r->path, 0644) != 0) {
		return -1;
	}
	for (size_t i = 0; i < r->count; i++) {
		if (append(&fresh, &r->list[i]) != 0) {
			lines_abandon(&fresh);
			return -1;
		}
	}
	return lines_commit(&r->file, &fresh, r->path);
}

int
revocations_open(struct revocations *r, const char *path, int64_t now)
{
	*r = (struct revocations){.file = {.fd = -1}, .path = path};
	r->list = calloc(MAX_REVOKED, sizeof(r->list[0]));
	if (r->list == NULL || lines_load(path, load_line, r) != 0) {
		return -1;
	}
	drop_expired(r, now);
	return rewrite(r);
}

bool
revocations_has(const struct revocations *r, const uint8_t sid[SID_LEN])
{
	for (size_t i = r->count; i > 0; i--) {
		if (memcmp(r->list[i - 1].sid, sid, SID_LEN) == 0) {
			return true;
		}
	}
	return false;
}

int
revocations_add(struct revocations *r, const uint8_t sid[SID_LEN], int64_t expiry)
{
	struct revoked entry = {.kind = REVOKED_SID, .number = (uint64_t)expiry};

	if (revocations_has(r, sid)) {
		return 0;
	}
	if (r->count == MAX_REVOKED) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(entry.sid, sid, SID_LEN);
	if (append(&r->file, &entry) != 0) {
		return -1;
	}
	r->list[r->count++] = entry;
	return 0;
}

int
revocations_sync(struct revocations *r)
{
	if (!r->broken && fdatasync(r->file.fd) == 0) {
		return 0;
	}
	r->broken = rewrite(r) != 0;
	return r->broken ? -1 : 0;
}

int
revocations_tidy(struct revocations *r, int64_t now)
{
	if (drop_expired(r, now) == 0 && !r->broken) {
		return 0;
	}
	r->broken = rewrite(r) != 0;
	return r->broken ? -1 : 0;
}

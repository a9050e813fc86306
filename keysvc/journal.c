/*
 * The journal of live sessions. Main process only. Input: its own file, perhaps torn by a crash.
 */
#include "keysvc/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/encode.h"
#include "common/max.h"
#include "keysvc/limits.h"

static const char *const states[SESSION_STATES] = {"issued", "joined", "ended", "revoked"};

const char *
session_state_name(unsigned state)
{
	return state < SESSION_STATES ? states[state] : "unknown";
}

int
session_write(char out[JOURNAL_LINE], const struct session *s)
{
	char sid[HEX_LEN(SID_LEN) + 1];

	hex_encode(sid, s->sid, SID_LEN);
	return snprintf(out, JOURNAL_LINE, "%s %" PRId64 " %" PRId64 " %s\n", sid, s->issued,
			s->expires, session_state_name(s->state));
}

/* A number of 1 to 11 digits and the space behind it. */
static int
parse_time(int64_t *out, const char **at, const char *end)
{
	int64_t n = 0;
	unsigned digits = 0;

	while (*at < end && **at >= '0' && **at <= '9' && digits < 11) {
		n = n * 10 + (**at - '0');
		(*at)++;
		digits++;
	}
	if (digits == 0 || *at == end || **at != ' ') {
		return -1;
	}
	(*at)++;
	*out = n;
	return 0;
}

int
session_parse(struct session *s, const char *line, size_t len)
{
	const char *at = line + HEX_LEN(SID_LEN) + 1, *end = line + len;
	struct session r = {0};

	if (len <= HEX_LEN(SID_LEN) || at[-1] != ' ' ||
	    hex_decode(r.sid, SID_LEN, line, HEX_LEN(SID_LEN)) != 0 ||
	    parse_time(&r.issued, &at, end) != 0 || parse_time(&r.expires, &at, end) != 0) {
		return -1;
	}
	for (r.state = 0; r.state < SESSION_STATES; r.state++) {
		size_t n = strlen(states[r.state]);

		if ((size_t)(end - at) == n && memcmp(at, states[r.state], n) == 0) {
			*s = r;
			return 0;
		}
	}
	return -1;
}

static void
load_line(void *context, const char *line, size_t len)
{
	struct journal *j = context;
	struct session s, *old;

	if (session_parse(&s, line, len) != 0) {
		return;
	}
	old = journal_find(j, s.sid);
	if (old != NULL) {
		*old = s;
	} else if (j->count < MAX_SESSIONS) {
		j->list[j->count++] = s;
	}
}

static void
drop_expired(struct journal *j, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->count; i++) {
		/* A clock that was set back since must not hide who is connected; one that was far
		 * off when it was written must not keep an entry for ever. */
		if (j->list[i].expires > now && j->list[i].expires <= now + MAX_LIFE + CLOCK_SLACK) {
			j->list[kept++] = j->list[i];
		}
	}
	j->count = kept;
}

static int
rewrite(struct journal *j, const char *path)
{
	struct lines fresh;
	char text[JOURNAL_LINE];

	if (lines_begin(&fresh, path, 0600) != 0) {
		return -1;
	}
	for (size_t i = 0; i < j->count; i++) {
		int n = session_write(text, &j->list[i]);

		if (lines_append(&fresh, text, (size_t)n) != 0) {
			lines_abandon(&fresh);
			return -1;
		}
	}
	if (lines_commit(&j->file, &fresh, path) != 0) {
		return -1;
	}
	j->lines = j->count;
	return 0;
}

int
journal_open(struct journal *j, const char *path, int64_t now)
{
	*j = (struct journal){.file = {.fd = -1}};
	j->list = calloc(MAX_SESSIONS, sizeof(j->list[0]));
	if (j->list == NULL || lines_load(path, load_line, j) != 0) {
		return -1;
	}
	drop_expired(j, now);
	return rewrite(j, path);
}

struct session *
journal_find(const struct journal *j, const uint8_t sid[SID_LEN])
{
	/* From the newest: that is what is asked for most. */
	for (size_t i = j->count; i > 0; i--) {
		if (memcmp(j->list[i - 1].sid, sid, SID_LEN) == 0) {
			return &j->list[i - 1];
		}
	}
	return NULL;
}

size_t
journal_live(const struct journal *j, int64_t from, int64_t to)
{
	size_t count = 0;

	for (size_t i = 0; i < j->count; i++) {
		const struct session *s = &j->list[i];

		count += s->state <= SESSION_JOINED && s->expires > from && s->expires <= to;
	}
	return count;
}

static int
append(struct journal *j, const struct session *s)
{
	char text[JOURNAL_LINE];
	int n = session_write(text, s);

	if (lines_append(&j->file, text, (size_t)n) != 0) {
		return -1;
	}
	j->lines++;
	return 0;
}

int
journal_add(struct journal *j, const uint8_t sid[SID_LEN], int64_t issued, int64_t expires)
{
	struct session s = {.issued = issued, .expires = expires, .state = SESSION_ISSUED};

	if (j->count == MAX_SESSIONS) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(s.sid, sid, SID_LEN);
	if (append(j, &s) != 0) {
		return -1;
	}
	j->list[j->count++] = s;
	return 0;
}

int
journal_set(struct journal *j, struct session *s, enum session_state state)
{
	if (s->state == state) {
		return 0;
	}
	s->state = (uint8_t)state;
	return append(j, s);
}

int
journal_tidy(struct journal *j, const char *path, int64_t now)
{
	drop_expired(j, now);
	/* What has expired leaves the file as well: docs/PRIVACY.md promises it. At most 4 MB. */
	return j->lines > j->count ? rewrite(j, path) : 0;
}

/*
 * The journal of live sessions: sid, when issued, when it expires, state; nothing else, no address,
 * no client, no content. Kept in memory and as state/journal:
 *     <sid, 32 hex> <issued, unix s> <expires, unix s> <issued|joined|ended|revoked>\n
 * A later line of the same sid holds. Main process only.
 */
#ifndef TETHER_KEYSVC_JOURNAL_H
#define TETHER_KEYSVC_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/key.h"
#include "keysvc/lines.h"

enum session_state {
	SESSION_ISSUED = 0, /* the key was given out; no partner has come yet */
	SESSION_JOINED,     /* the key was redeemed at least once */
	SESSION_ENDED,      /* by the wearer's agent; its sid is in the revocation file */
	SESSION_REVOKED,    /* by an admin; the same */
	SESSION_STATES
};

struct session {
	uint8_t sid[SID_LEN];
	int64_t issued, expires; /* unix seconds */
	uint8_t state;           /* enum session_state */
};

#define JOURNAL_LINE 96

struct journal {
	struct lines file;
	struct session *list; /* MAX_SESSIONS, in the order of issue */
	size_t count;
	size_t lines; /* in the file; more than count: some are stale */
};

const char *session_state_name(unsigned state);

/* One line with newline and NUL; returns its length. */
int session_write(char out[JOURNAL_LINE], const struct session *s);
/* Parses `len` characters without newline. 0 or -1. */
int session_parse(struct session *s, const char *line, size_t len);

/* Loads `path`, drops what has expired by `now`, writes it anew. 0 or -1 with errno. */
int journal_open(struct journal *j, const char *path, int64_t now);

/* NULL when there is no live session of that sid. Valid until the next journal_add or _tidy.
 * A scan of the list: 70 us at 65,100 sessions, the most there can be. */
struct session *journal_find(const struct journal *j, const uint8_t sid[SID_LEN]);

/* Sessions that are not over and expire after `from` and not after `to` (unix seconds). */
size_t journal_live(const struct journal *j, int64_t from, int64_t to);

/* Adds an issued session. 0, or -1 with errno (ENOSPC also when the list is full). */
int journal_add(struct journal *j, const uint8_t sid[SID_LEN], int64_t issued, int64_t expires);

/* Notes a new state; the memory holds it even when the file could not be written (-1, errno). */
int journal_set(struct journal *j, struct session *s, enum session_state state);

/* Drops what has expired; writes the file anew when anything in it is stale. 0 or -1 with errno. */
int journal_tidy(struct journal *j, const char *path, int64_t now);

#endif

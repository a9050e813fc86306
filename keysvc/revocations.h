/*
 * The revocations: one list in memory and in revoked/revoked (lines as in common/revoked.h), which
 * the broker's plugin reads at its start. This is the file's one writer. Main process only.
 */
#ifndef TETHER_KEYSVC_REVOCATIONS_H
#define TETHER_KEYSVC_REVOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/revoked.h"
#include "keysvc/lines.h"

struct revocations {
	struct lines file;
	struct revoked *list; /* MAX_REVOKED, in the order of writing */
	size_t count;
	const char *path;
	bool broken; /* the file has, or may after a crash have, less: it is to be written anew */
};

/* Loads `path` (which must stay valid), drops what has expired by `now`, writes it anew. 0 or -1 with
 * errno. */
int revocations_open(struct revocations *r, const char *path, int64_t now);

bool revocations_has(const struct revocations *r, const uint8_t sid[SID_LEN]);

/* Appends (nothing when the sid is there already); durable only after revocations_sync. 0, or -1
 * with errno: then the sid is not revoked. `expiry`: unix seconds. */
int revocations_add(struct revocations *r, const uint8_t sid[SID_LEN], int64_t expiry);
/* After a failed sync the kernel may have forgotten what was to be written: then the whole file is
 * written anew. 0, or -1 with errno: the list may be ahead of the file then. */
int revocations_sync(struct revocations *r);

/* Drops what has expired and writes the file anew when there was any. Indexes into the list change.
 * 0 or -1 with errno. */
int revocations_tidy(struct revocations *r, int64_t now);

#endif

/*
 * One line of the revocation file, which is also the payload on $CONTROL/tether/v1:
 *     revoke <sid, 32 hex> <expiry, unix seconds>\n
 *     synced <count>\n              ($CONTROL only: the whole set has been sent)
 * Writer: keysvc only. Readers: the plugin, keysvc.
 */
#ifndef TETHER_REVOKED_H
#define TETHER_REVOKED_H

#include <stddef.h>
#include <stdint.h>

#include "common/key.h"

#define REVOKED_LINE 64 /* longest line with newline and NUL */

enum revoked_kind { REVOKED_SID = 1, REVOKED_SYNCED = 2 };

struct revoked {
	enum revoked_kind kind;
	uint8_t sid[SID_LEN]; /* REVOKED_SID */
	uint64_t number;      /* expiry, or count */
};

/* Parses one line (`len` bytes, the newline may be left out). 0 or -1. */
int revoked_parse(struct revoked *r, const char *line, size_t len);

/* Writes one line with its newline and NUL; returns the length without NUL. */
int revoked_write(char out[REVOKED_LINE], const struct revoked *r);

#endif

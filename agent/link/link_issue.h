/*
 * Requests to the key service and its answers (docs/PROTOCOL.md "Key service"). Pure. Link process;
 * answers are hostile.
 */
#ifndef TETHER_LINK_ISSUE_H
#define TETHER_LINK_ISSUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/frames.h"

/* A link asks once in its life, so every request has the same id. */
#define REQUEST_ID 1

struct answer {
	bool ok;
	struct link_issued issued; /* ok and JOB_ISSUE */
	char words[96];            /* not ok: a sentence of ours (the server's text is not shown) */
	uint16_t retry;            /* not ok: seconds, 0 none */
	bool too_old;              /* not ok: this program is */
};

/* Writes the request of this job (JOB_ISSUE, JOB_END) with a NUL. Returns its length, or -1 when
 * there is none or the token has characters that a token can't have. */
int request_write(char out[MAX_REQUEST + 1], const struct link_setup *setup);

/* Parses `len` bytes as the answer to that request: exactly the documented fields, each once, in its
 * range, nothing behind the object. Fills *a wholly or leaves it untouched. 0, or -1 when the
 * answer is not understood. Heap use is bounded by MAX_REPLY. */
int answer_parse(struct answer *a, enum link_job job, const char *json, size_t len);

#endif

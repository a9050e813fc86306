/*
 * Requests to the key service and its answers as JSON (docs/PROTOCOL.md "Key service").
 * Pure: no I/O, no clock, no heap. Runs in the net process. Input is hostile.
 */
#ifndef TETHER_KEYSVC_REQUEST_H
#define TETHER_KEYSVC_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/key.h"
#include "common/max.h"
#include "common/token.h"
#include "common/version.h"

enum ask { ASK_ISSUE = 1, ASK_END = 2, ASK_REDEEM = 3 };

/* Why a request was refused: the wire's `why` codes. */
enum refusal {
	REFUSED_NOT = 0,
	REFUSED_BAD,
	REFUSED_ROLE,
	REFUSED_FORGED,
	REFUSED_EXPIRED,
	REFUSED_REVOKED,
	REFUSED_BUSY,
	REFUSED_VERSION,
	REFUSED_FAILED,
	REFUSED_COUNT
};

struct request {
	uint8_t op;  /* enum ask; 0 when not known */
	uint32_t id; /* 0 when not known */
	uint8_t agent[ELEMENT_LEN], link[ELEMENT_LEN]; /* issue */
	uint32_t version;                              /* issue: version_number */
	struct key key;                                /* redeem; MAC not checked */
	char token[MAX_TOKEN + 1]; /* end, and issue by an agent; not verified; else "" */
};

/* Parses `len` bytes sent by a client of `role` (guest, agent or gw). Accepts one flat JSON object
 * with exactly the fields of the table in docs/PROTOCOL.md, ASCII without escapes.
 * Returns REFUSED_NOT, _BAD or _ROLE; *r is valid wholly on REFUSED_NOT, else only its id
 * (so that the answer can carry it). *text gets a sentence that says what was expected. */
enum refusal request_parse(struct request *r, enum role role, const char *json, size_t len,
			   const char **text);

struct reply {
	uint32_t id;
	uint8_t op;     /* enum ask */
	uint8_t why;    /* enum refusal; REFUSED_NOT: ok */
	uint16_t retry; /* s, 0 none */
	/* issue and redeem, when ok: */
	uint8_t sid[SID_LEN];
	char key[KEY_TEXT + 1]; /* issue */
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
	uint32_t left; /* s */
};

/* Of agents: the newest that exists, the oldest that is still served. */
struct versions {
	char latest[VERSION_TEXT + 1], oldest[VERSION_TEXT + 1];
};

/* Writes *r with a NUL; `agents` goes with an issued key and with REFUSED_VERSION. `text` (ASCII
 * without quotes) replaces the usual sentence of a refusal when not NULL. Returns the length
 * without NUL, or -1 when it does not fit. */
int reply_write(char out[MAX_REPLY + 1], const struct reply *r, const char *text,
		const struct versions *agents);

#endif

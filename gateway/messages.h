/*
 * The gateway's own messages (docs/PROTOCOL.md "Gateway <-> page" and "Key service"): what a page
 * says first, what we say to it, what the key service answers. Pure. A page's bytes are hostile;
 * the key service's come through the broker and are checked as strictly.
 */
#ifndef TETHER_GATEWAY_MESSAGES_H
#define TETHER_GATEWAY_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/encode.h"
#include "common/key.h"
#include "common/max.h"
#include "common/token.h"
#include "gateway/limits.h"

/* Reads {"v":1,"op":"join","key":"<48>"}: exactly these fields in any order. `key` gets the key as
 * text. 0, or -1: not a join message. */
int join_parse(char key[KEY_TEXT + 1], const char *json, size_t len);

/* Writes the request that redeems `key` (which join_parse has passed); returns its length. */
int redeem_write(char out[MAX_REQUEST], uint32_t id, const char key[KEY_TEXT + 1]);

/* Why a page is refused: the key service's codes, and ours. The order is that of the names. */
enum why {
	WHY_BAD,
	WHY_ROLE,
	WHY_FORGED,
	WHY_EXPIRED,
	WHY_REVOKED,
	WHY_BUSY,
	WHY_VERSION,
	WHY_FAILED,
	WHY_LATE,
	WHY_LIMIT,
	WHY_COUNT
};

/* The code on the wire: "bad", "forged", ... */
const char *why_name(enum why why);

/* One answer of the key service to `redeem`. */
struct answer {
	uint32_t id;
	bool ok;
	enum why why;	/* when not ok */
	unsigned retry; /* seconds, 0..3600, when not ok */
	char sid[HEX_LEN(SID_LEN) + 1];
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
	unsigned left; /* seconds that the key has left, 1..MAX_LIFE */
};

/* Fills *a wholly or leaves it untouched. 0 or -1. */
int answer_parse(struct answer *a, const char *json, size_t len);

/* Messages to a page, with NUL; each returns its length. */
int say_joined(char out[MAX_GW_MESSAGE], unsigned left);
int say_refused(char out[MAX_GW_MESSAGE], enum why why, unsigned retry);
int say_ended(char out[MAX_GW_MESSAGE], enum why why);
int say_away(char out[MAX_GW_MESSAGE], unsigned retry);
int say_bad(char out[MAX_GW_MESSAGE], const char *text);

/* Does a state have the shape that we pass on: at most MAX_STATE bytes, 22 base64url characters, a
 * dot, '{', and valid UTF-8 without control characters throughout? Its content is the page's to
 * check. */
bool state_well_formed(const char *text, size_t len);

/* What the gateway itself takes from a well-formed state; nothing of it is kept. */
struct glance {
	uint32_t beacon; /* 0: none found */
	bool box_fault;	 /* the box is silent, off or gone */
};

/* Looks at a state. It is the agent's word, not verified: good for counting, no more. */
void state_glance(struct glance *g, const char *text, size_t len);

/* Reads client id and expiry out of a token of ours, unverified (the broker verifies it). 0 or -1.
 */
int token_peek(char client[CLIENT_TEXT + 1], int64_t *exp, const char *token);

#endif

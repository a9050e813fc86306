/*
 * Tokens: JWT (RFC 7519), ES256 only (RFC 7518 3.4), presented as the MQTT password.
 * Created by the signer, verified by the broker plugin (and by keysvc for `end`).
 * The claims and the topics that each role may use: docs/PROTOCOL.md "Tokens".
 */
#ifndef TETHER_TOKEN_H
#define TETHER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/key.h"
#include "common/max.h"

#define CLIENT_LEN 16
#define CLIENT_TEXT 32 /* client id = user name = sub: lower-case hex */
#define KID_TEXT 16    /* key id: at most this many of [a-z0-9-] */
#define TOKEN_AUD "tether"
#define TOKEN_ISS "tether-keysvc"

enum role { ROLE_GUEST, ROLE_AGENT, ROLE_PARTNER, ROLE_GW, ROLE_KEYSVC, ROLE_COUNT };

struct token {
	enum role role;               /* never ROLE_GUEST: guests have no token */
	char client[CLIENT_TEXT + 1]; /* sub and jti */
	uint8_t sid[SID_LEN];         /* agent and partner; zero for services */
	char kid[KID_TEXT + 1];
	int64_t iat, nbf, exp; /* unix seconds; exp - iat <= MAX_LIFE */
	unsigned pub_count, sub_count;
	char pub[MAX_FILTERS][MAX_TOPIC]; /* acl claim: filters, `+` allowed, no `#` */
	char sub[MAX_FILTERS][MAX_TOPIC];
};

enum token_error {
	TOKEN_OK = 0,
	TOKEN_FORMAT = -1,    /* not three base64url parts, not JSON, too long, doubled claims */
	TOKEN_ALG = -2,       /* anything but {"alg":"ES256","typ":"JWT","kid":...} */
	TOKEN_KEY = -3,       /* unknown kid */
	TOKEN_SIGNATURE = -4,
	TOKEN_CLAIMS = -5,    /* a claim missing, of the wrong type, or out of range */
	TOKEN_AUDIENCE = -6,
	TOKEN_EARLY = -7,     /* before nbf (5 s of grace) */
	TOKEN_EXPIRED = -8,   /* now >= exp */
	TOKEN_LIFE = -9       /* exp - iat over four hours */
};

/* Name of a role as in claim and topics: "guest", "agent", "partner", "gw", "keysvc". */
const char *role_name(enum role role);
/* Role of a name, or -1. */
int role_from_name(const char *name);

/* Fills pub, sub and their counts with what this role may do (client and sid are read).
 * One table for all roles, also used for guests by the plugin. */
void token_acl(struct token *t);

/* Signs *t (acl filled by this call) with an EC P-256 private key. Writes the JWT with NUL.
 * Returns its length or -1. */
int token_create(char out[MAX_TOKEN + 1], struct token *t, EVP_PKEY *key);

/* Is it a key on P-256, the only kind that tokens are signed with? NULL is none. */
bool token_key_is_p256(const EVP_PKEY *key);

/* Looks up the public key of a kid: NULL when unknown. Ownership stays with the callee. */
typedef EVP_PKEY *token_key_fn(void *context, const char *kid);

/* Verifies `len` characters against `now` (unix seconds). Fills *t wholly or leaves it
 * untouched. 0 or a negative enum token_error. */
int token_verify(struct token *t, const char *jwt, size_t len, int64_t now, token_key_fn *find,
		 void *context);

/* May a client with this token publish to (or receive on) `topic`? Exact levels, `+` in a filter
 * matches one level; topics with wildcards, `$share/` or over MAX_TOPIC are never allowed.
 * No allocation. */
bool token_may_publish(const struct token *t, const char *topic);
bool token_may_receive(const struct token *t, const char *topic);
/* May it subscribe to this filter? Only when it equals one of its filters, or has no wildcard and
 * matches one. */
bool token_may_subscribe(const struct token *t, const char *filter);

/* Words for an error, for debug logs and tests. */
const char *token_error(int error);

#endif

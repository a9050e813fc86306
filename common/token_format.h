/*
 * What token_create.c and token_verify.c must agree on; nobody else includes this. The header of a
 * token has one spelling, so the verifier compares bytes and parses nothing that isn't signed.
 */
#ifndef TETHER_TOKEN_FORMAT_H
#define TETHER_TOKEN_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/token.h"

#define TOKEN_HEAD_START "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\""
#define TOKEN_HEAD_END "\"}"
#define TOKEN_HEAD_MAX (sizeof(TOKEN_HEAD_START) + sizeof(TOKEN_HEAD_END) + KID_TEXT)
#define TOKEN_SIGNATURE_LEN 64 /* r and s of 32 bytes each, RFC 7518 section 3.4 */
#define TOKEN_INTEGER_LEN 32

/* 1 to KID_TEXT characters of [a-z0-9-]? */
bool token_kid_is_valid(const char *kid, size_t len);

/* Has this role a sid of its own (agent and partner)? */
bool token_role_has_sid(enum role role);

#endif

/*
 * End-to-end authenticity between page and guard (docs/PROTOCOL.md "Authenticity").
 * Guard process only; the page has its twin in web/protocol.js. tests/vectors.json binds the two.
 */
#ifndef TETHER_AUTH_H
#define TETHER_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include "common/command.h"
#include "common/key.h"

#define SECRET_LEN 16
#define NONCE_LEN 8
#define AUTH_MAC 16

/* Keys of one session, each 32 bytes, from HKDF-SHA256(ikm = secret, salt = sid, info). */
struct auth_keys {
	uint8_t p2g[32];   /* info "tether p2g": partner to guard, commands */
	uint8_t g2p[32];   /* info "tether g2p": guard to partner, states */
	uint8_t words[32]; /* info "tether words": check words, and the mark of a page */
};

/* Derives all keys. 0 or -1 (OpenSSL failed; keys are zeroed). */
int auth_derive(struct auth_keys *k, const uint8_t secret[SECRET_LEN], const uint8_t sid[SID_LEN]);

/* First 16 bytes of HMAC-SHA256(p2g, canonical form). Used by tests and by the check below. */
int auth_command_mac(uint8_t mac[AUTH_MAC], const struct auth_keys *k, const struct command *c);

/* 0 when c->mac is right, -1 when not. Constant time in the comparison. */
int auth_command_check(const struct auth_keys *k, const struct command *c);

/* First 16 bytes of HMAC-SHA256(g2p, the JSON bytes exactly as sent). */
int auth_state_mac(uint8_t mac[AUTH_MAC], const struct auth_keys *k, const char *json, size_t len);

/* Three check words: the first three bytes of HMAC-SHA256(words, page id || nonce) index the list
 * of 256 words (common/words.c, the same list in web/words.js). out: "apple river stone". */
#define CHECK_WORDS_MAX 32
int auth_words(char out[CHECK_WORDS_MAX], const struct auth_keys *k, const uint8_t page[PAGE_ID],
	       const uint8_t nonce[NONCE_LEN]);

/* What a state calls a page: the first 8 bytes of HMAC-SHA256(words, page id). A page knows its own
 * mark; the page id itself stays with the page, since whoever has the link and a page id can speak
 * as that page. 0 or -1. */
int auth_mark(uint8_t mark[PAGE_ID], const struct auth_keys *k, const uint8_t page[PAGE_ID]);

#endif

/*
 * Session ids, keys and links (docs/PROTOCOL.md "Key and link").
 */
#ifndef TETHER_KEY_H
#define TETHER_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "common/max.h"

#define SID_LEN 16
#define ELEMENT_LEN 32 /* each of the three elements of a sid */
#define KEY_BYTES 36
#define KEY_TEXT 48    /* B64_LEN(36) */
#define SECRET_TEXT 22 /* B64_LEN(16) */
#define KEY_SECRET 32  /* the key service's HMAC secret */

struct key {
	uint8_t sid[SID_LEN];
	uint32_t expiry; /* unix seconds */
	uint8_t mac[16]; /* HMAC-SHA256(key secret, "tether key 1" || sid || expiry BE), first 16 */
};

/* Text of a key: KEY_TEXT base64url characters and a NUL. */
void key_write(char out[KEY_TEXT + 1], const struct key *k);

/* Reads exactly KEY_TEXT characters. 0 or -1. Says nothing about the MAC. */
int key_parse(struct key *k, const char *text, size_t len);

/* Computes k->mac from sid and expiry. 0 or -1. Signer only. */
int key_sign(struct key *k, const uint8_t secret[KEY_SECRET]);

/* 0 when the MAC is right, else -1. Constant time. Signer only. */
int key_check(const struct key *k, const uint8_t secret[KEY_SECRET]);

/* sid = HKDF-SHA256(ikm = service || agent || link (96 bytes), salt = "tether sid 1", info = "",
 * 16 bytes): no element decides it alone. 0 or -1. */
int sid_derive(uint8_t sid[SID_LEN], const uint8_t service[ELEMENT_LEN],
	       const uint8_t agent[ELEMENT_LEN], const uint8_t link[ELEMENT_LEN]);

/* Finds the key in what a person pastes: a key, `key.secret`, or a whole link. The secret part is
 * not read. 0 or -1. For the admin's command line. */
int key_find(struct key *k, const char *text, size_t len);

/* page_url ("https://host/" or "https://host:8443/") + "#" + key + "." + secret. 0, or -1 when it
 * does not fit. Guard only. */
int link_write(char out[MAX_LINK], const char *page_url, const char key[KEY_TEXT + 1],
	       const uint8_t secret[16]);

#endif

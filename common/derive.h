/*
 * HMAC-SHA256 and HKDF-SHA256 (RFC 2104, RFC 5869) through OpenSSL's EVP. Used by key.c and
 * auth.c only; signer and guard processes.
 */
#ifndef TETHER_DERIVE_H
#define TETHER_DERIVE_H

#include <stddef.h>
#include <stdint.h>

/* The first n (at most 32) bytes of HMAC-SHA256(key, text). 0, or -1 with out zeroed. */
int derive_mac(uint8_t *out, size_t n, const uint8_t *key, size_t key_len, const void *text,
	       size_t text_len);

/* n bytes of HKDF-SHA256(ikm, salt, info; info is a NUL-ended text). 0, or -1 with out zeroed. */
int derive_key(uint8_t *out, size_t n, const uint8_t *ikm, size_t ikm_len, const void *salt,
	       size_t salt_len, const char *info);

#endif

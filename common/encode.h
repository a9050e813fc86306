/*
 * Hexadecimal and base64url (RFC 4648, no padding). Pure; any process.
 */
#ifndef TETHER_ENCODE_H
#define TETHER_ENCODE_H

#include <stddef.h>
#include <stdint.h>

/* Characters that `n` bytes need, without the NUL. */
#define HEX_LEN(n) ((n) * 2)
#define B64_LEN(n) (((n) * 4 + 2) / 3)

/* Writes `n` bytes as lower-case hex and a NUL: out has HEX_LEN(n) + 1 bytes. */
void hex_encode(char *out, const void *in, size_t n);

/* Reads exactly HEX_LEN(n) lower-case hex characters of `in` (`len` of them given).
 * 0, or -1 when the length or a character is wrong (out is then unspecified). */
int hex_decode(void *out, size_t n, const char *in, size_t len);

/* Writes `n` bytes as base64url without padding and a NUL: out has B64_LEN(n) + 1 bytes. */
void b64_encode(char *out, const void *in, size_t n);

/* Reads `len` base64url characters that must decode to exactly `n` bytes. Refuses padding, white
 * space, other alphabets and non-zero spare bits (so each value has one spelling). 0 or -1. */
int b64_decode(void *out, size_t n, const char *in, size_t len);

/* The same for a length that is not known before: decodes to at most `cap` bytes, *n receives
 * the number. 0 or -1. */
int b64_decode_any(void *out, size_t cap, size_t *n, const char *in, size_t len);

#endif

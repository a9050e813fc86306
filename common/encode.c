/*
 * Hexadecimal and base64url. Pure; any process. Input may be hostile: each function checks the
 * length that it was given before it reads a character.
 */
#include "common/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char b64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
hex_encode(char *out, const void *in, size_t n)
{
	const uint8_t *bytes = in;

	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[bytes[i] >> 4];
		*out++ = hex_digits[bytes[i] & 15];
	}
	*out = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return -1;
}

int
hex_decode(void *out, size_t n, const char *in, size_t len)
{
	uint8_t *bytes = out;

	if (len / 2 != n || len % 2 != 0) {
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(in[2 * i]);
		int low = hex_value(in[2 * i + 1]);

		if (high < 0 || low < 0) {
			return -1;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void
b64_encode(char *out, const void *in, size_t n)
{
	const uint8_t *bytes = in;
	uint32_t held = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++) {
		held = held << 8 | bytes[i];
		bits += 8;
		while (bits >= 6) {
			bits -= 6;
			*out++ = b64_digits[held >> bits & 63];
		}
	}
	if (bits > 0) {
		*out++ = b64_digits[held << (6 - bits) & 63];
	}
	*out = '\0';
}

static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '-') {
		return 62;
	}
	return c == '_' ? 63 : -1;
}

int
b64_decode_any(void *out, size_t cap, size_t *n, const char *in, size_t len)
{
	uint8_t *bytes = out;
	uint32_t held = 0;
	unsigned bits = 0;
	size_t done = 0;

	/* One character over a whole group holds 6 bits: no byte. */
	if (len % 4 == 1) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		int value = b64_value(in[i]);

		if (value < 0) {
			return -1;
		}
		held = held << 6 | (uint32_t)value;
		bits += 6;
		if (bits < 8) {
			continue;
		}
		bits -= 8;
		if (done == cap) {
			return -1;
		}
		bytes[done++] = (uint8_t)(held >> bits);
	}
	/* Spare bits must be zero: one spelling per value. */
	if ((held & ((1U << bits) - 1)) != 0) {
		return -1;
	}
	*n = done;
	return 0;
}

int
b64_decode(void *out, size_t n, const char *in, size_t len)
{
	size_t got;

	if (b64_decode_any(out, n, &got, in, len) != 0 || got != n) {
		return -1;
	}
	return 0;
}

/*
 * Lines of the revocation file and of $CONTROL. Written by keysvc, read by the plugin and keysvc;
 * the file may be damaged and the topic is reachable by whoever holds a keysvc token.
 */
#include "common/revoked.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/encode.h"

#define REVOKE "revoke "
#define SYNCED "synced "
#define WORD_LEN 7

/* A decimal number with one spelling: no sign, no leading zero, no overflow. */
static int
read_number(uint64_t *v, const char *text, size_t len)
{
	uint64_t sum = 0;

	if (len == 0 || (len > 1 && text[0] == '0')) {
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)text[i] - '0';

		if (digit > 9 || sum > (UINT64_MAX - digit) / 10) {
			return -1;
		}
		sum = sum * 10 + digit;
	}
	*v = sum;
	return 0;
}

int
revoked_parse(struct revoked *r, const char *line, size_t len)
{
	struct revoked read = {0};
	size_t at = WORD_LEN;

	if (len > 0 && line[len - 1] == '\n') {
		len--;
	}
	if (len < WORD_LEN || len >= REVOKED_LINE) {
		return -1;
	}
	if (memcmp(line, SYNCED, WORD_LEN) == 0) {
		read.kind = REVOKED_SYNCED;
	} else if (memcmp(line, REVOKE, WORD_LEN) == 0) {
		read.kind = REVOKED_SID;
		if (len - at <= HEX_LEN(SID_LEN) || line[at + HEX_LEN(SID_LEN)] != ' ' ||
		    hex_decode(read.sid, SID_LEN, line + at, HEX_LEN(SID_LEN)) != 0) {
			return -1;
		}
		at += HEX_LEN(SID_LEN) + 1;
	} else {
		return -1;
	}
	if (read_number(&read.number, line + at, len - at) != 0) {
		return -1;
	}
	*r = read;
	return 0;
}

int
revoked_write(char out[REVOKED_LINE], const struct revoked *r)
{
	char sid[HEX_LEN(SID_LEN) + 1];

	if (r->kind == REVOKED_SYNCED) {
		return snprintf(out, REVOKED_LINE, SYNCED "%" PRIu64 "\n", r->number);
	}
	hex_encode(sid, r->sid, SID_LEN);
	return snprintf(out, REVOKED_LINE, REVOKE "%s %" PRIu64 "\n", sid, r->number);
}

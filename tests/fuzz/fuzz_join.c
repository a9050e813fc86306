/* A join that is accepted holds a key that reads, and only that. */
#include <string.h>

#include "gateway/messages.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[KEY_TEXT + 1], request[MAX_REQUEST];
	struct key key;
	int len;

	if (join_parse(text, (const char *)data, size)) {
		return 0;
	}
	MUST(strlen(text) == KEY_TEXT && key_parse(&key, text, KEY_TEXT) == 0);
	len = redeem_write(request, 1, text);
	MUST(len > 0 && (size_t)len == strlen(request) &&
	     memchr(request, '\\', (size_t)len) == NULL);
	return 0;
}

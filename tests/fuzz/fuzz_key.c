/* What is accepted as a key has exactly one spelling. */
#include <string.h>

#include "common/key.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[KEY_TEXT + 1];
	struct key k;

	if (key_parse(&k, (const char *)data, size) != 0) {
		return 0;
	}
	key_write(out, &k);
	MUST(size == KEY_TEXT && memcmp(out, data, size) == 0);
	return 0;
}

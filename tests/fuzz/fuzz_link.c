/* The key that is found in what a person pastes stands there, letter by letter. */
#include <string.h>

#include "common/key.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[KEY_TEXT + 1];
	struct key k;

	if (key_find(&k, (const char *)data, size) != 0) {
		return 0;
	}
	key_write(out, &k);
	MUST(memmem(data, size, out, KEY_TEXT) != NULL);
	return 0;
}

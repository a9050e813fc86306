/* What is accepted as a revocation line is written anew in its one spelling. */
#include <string.h>

#include "common/revoked.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[REVOKED_LINE];
	struct revoked r;
	int len;

	if (revoked_parse(&r, (const char *)data, size) != 0) {
		return 0;
	}
	len = revoked_write(out, &r);
	MUST(len > 0 && len < REVOKED_LINE);
	/* The newline may be left out. */
	MUST((size_t)len == size || (size_t)len == size + 1);
	MUST(memcmp(out, data, size) == 0);
	return 0;
}

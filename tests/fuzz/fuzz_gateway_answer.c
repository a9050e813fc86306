/* What comes to the gateway through the broker: answers of the key service, and states. */
#include <string.h>

#include "gateway/messages.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a;
	char out[MAX_GW_MESSAGE];

	if (state_well_formed((const char *)data, size)) {
		MUST(size <= MAX_STATE && data[0] != '{' && memchr(data, '\0', size) == NULL);
	}
	if (answer_parse(&a, (const char *)data, size)) {
		return 0;
	}
	if (a.ok) {
		MUST(strlen(a.sid) == 2 * SID_LEN && strlen(a.client) == CLIENT_TEXT);
		MUST(strlen(a.token) <= MAX_TOKEN && a.left >= 1 && a.left <= MAX_LIFE);
	} else {
		MUST(say_refused(out, a.why, a.retry) < MAX_GW_MESSAGE);
	}
	return 0;
}

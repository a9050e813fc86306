/* An answer of the key service that is accepted fits its frame and leads into its own session. */
#include <string.h>

#include "agent/link/link_issue.h"
#include "tests/fuzz/fuzz.h"

static void
check_issued(const struct link_issued *i)
{
	struct key k;

	MUST(key_parse(&k, i->key, strlen(i->key)) == 0);
	MUST(memcmp(k.sid, i->sid, SID_LEN) == 0);
	MUST(strlen(i->client) == CLIENT_TEXT);
	MUST(i->token[0] != '\0' && i->token[MAX_TOKEN] == '\0');
	MUST(i->left >= 1 && i->left <= MAX_LIFE);
	MUST(i->latest[15] == '\0' && i->oldest[15] == '\0');
}

/* The first byte chooses the job. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a;
	enum link_job job;

	if (size == 0) {
		return 0;
	}
	job = data[0] % 2 == 0 ? JOB_ISSUE : JOB_END;
	if (answer_parse(&a, job, (const char *)data + 1, size - 1) != 0) {
		return 0;
	}
	if (!a.ok) {
		MUST(a.words[0] != '\0');
	} else if (job == JOB_ISSUE) {
		check_issued(&a.issued);
	}
	return 0;
}

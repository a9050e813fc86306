/* The key service's answers to the link (agent/link/link_issue.h). The first byte chooses the request
 * that is answered: even `issue`, odd `end`. What is accepted is whole and in range. */
#include <string.h>

#include "agent/link/link_issue.h"
#include "tests/fuzz/fuzz.h"

static void
check_issued(const struct link_issued *issued)
{
	struct key k = {0};

	MUST(key_parse(&k, issued->key, strlen(issued->key)) == 0);
	MUST(memcmp(k.sid, issued->sid, SID_LEN) == 0);
	MUST(strlen(issued->client) == CLIENT_TEXT);
	MUST(issued->token[0] != '\0' && issued->token[MAX_TOKEN] == '\0');
	MUST(issued->left != 0 && issued->left <= MAX_LIFE);
	MUST(issued->latest[sizeof(issued->latest) - 1] == '\0' &&
	     issued->oldest[sizeof(issued->oldest) - 1] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a = {0};
	enum link_job job = JOB_ISSUE;

	if (size == 0) {
		return 0;
	}
	job = (data[0] & 1) != 0 ? JOB_END : JOB_ISSUE;
	if (answer_parse(&a, job, (const char *)data + 1, size - 1) != 0) {
		return 0;
	}
	MUST(a.ok || a.words != NULL);
	if (job == JOB_ISSUE && a.ok) {
		check_issued(&a.issued);
	}
	return 0;
}

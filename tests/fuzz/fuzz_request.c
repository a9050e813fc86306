/* A request is either refused with words and an empty rest, or everything in it is in range. The
 * first byte chooses who asks. What the plugin says on key/cut comes the same way. */
#include <string.h>

#include "keysvc/net.h"
#include "keysvc/request.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum role roles[] = {ROLE_GUEST, ROLE_AGENT, ROLE_GW};
	struct request r;
	struct reply reply = {0};
	struct net_cut cut;
	const char *text = NULL;
	static const struct versions agents = {"0.1.0", "0.1.0"};
	char out[MAX_REPLY + 1];
	enum role role;
	enum refusal why;

	if (size == 0) {
		return 0;
	}
	role = roles[data[0] % 3];
	why = request_parse(&r, role, (const char *)data + 1, size - 1, &text);
	MUST(why == REFUSED_NOT || why == REFUSED_ROLE || text != NULL);
	if (why == REFUSED_NOT) {
		MUST(size - 1 <= MAX_REQUEST);
		MUST(r.op == ASK_ISSUE ? role != ROLE_GW
				       : role == (r.op == ASK_END ? ROLE_AGENT : ROLE_GW));
		MUST((r.token[0] != '\0') == (role == ROLE_AGENT));
		MUST(memchr(r.token, '\0', sizeof(r.token)) != NULL);
	}
	reply.id = r.id;
	reply.why = (uint8_t)why;
	reply.op = ASK_END;
	MUST(reply_write(out, &reply, text, &agents) == (int)strlen(out));
	MUST(net_cut_parse(&cut, (const char *)data + 1, size - 1) != 0 ||
	     cut.connections <= 999999);
	return 0;
}

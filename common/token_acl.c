/*
 * What each role may do, and whether a topic is within it (docs/PROTOCOL.md "Topics and roles").
 * Signer (to write the claim) and broker plugin (to hold clients to it); topics are hostile.
 */
#include "common/token.h"

#include <stdio.h>
#include <string.h>

#include "common/encode.h"

#define ROLE_FILTERS 3

/* %c stands for the client id, %s for the sid. */
static const struct {
	const char *name;
	const char *pub[ROLE_FILTERS], *sub[ROLE_FILTERS];
} roles[ROLE_COUNT] = {
	[ROLE_GUEST] = {"guest", {"key/guest/%c/req"}, {"key/guest/%c/res"}},
	[ROLE_AGENT] = {"agent",
			{"key/agent/%c/req", "s/%s/state"},
			{"key/agent/%c/res", "s/%s/cmd"}},
	[ROLE_PARTNER] = {"partner", {"s/%s/cmd"}, {"s/%s/state"}},
	[ROLE_GW] = {"gw", {"key/gw/%c/req"}, {"key/gw/%c/res", "stat/+"}},
	[ROLE_KEYSVC] = {"keysvc",
			 {"key/+/+/res", "stat/keysvc", "$CONTROL/tether/v1"},
			 {"key/+/+/req", "key/cut"}},
};

const char *
role_name(enum role role)
{
	return (unsigned)role < ROLE_COUNT ? roles[role].name : "unknown";
}

int
role_from_name(const char *name)
{
	for (int i = 0; i < ROLE_COUNT; i++) {
		if (strcmp(roles[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

/* Replaces %c and %s in one pattern of the table. What the table can make is below MAX_TOPIC. */
static void
filter_write(char out[MAX_TOPIC], const char *pattern, const char *client, const char *sid)
{
	const char *mark = strchr(pattern, '%');

	if (mark == NULL) {
		(void)snprintf(out, MAX_TOPIC, "%s", pattern);
		return;
	}
	(void)snprintf(out, MAX_TOPIC, "%.*s%s%s", (int)(mark - pattern), pattern,
		       mark[1] == 'c' ? client : sid, mark + 2);
}

void
token_acl(struct token *t)
{
	char sid[HEX_LEN(SID_LEN) + 1];

	t->pub_count = 0;
	t->sub_count = 0;
	if ((unsigned)t->role >= ROLE_COUNT) {
		return;
	}
	hex_encode(sid, t->sid, SID_LEN);
	for (unsigned i = 0; i < ROLE_FILTERS && roles[t->role].pub[i] != NULL; i++) {
		filter_write(t->pub[t->pub_count++], roles[t->role].pub[i], t->client, sid);
	}
	for (unsigned i = 0; i < ROLE_FILTERS && roles[t->role].sub[i] != NULL; i++) {
		filter_write(t->sub[t->sub_count++], roles[t->role].sub[i], t->client, sid);
	}
}

/* Level by level; only `+` alone in a level is a wildcard, and it never matches a level that is
 * empty. As in MQTT 5 section 4.7.2, one at the start doesn't match a topic that begins with $. */
static bool
filter_matches(const char *filter, const char *topic)
{
	if (topic[0] == '$' && filter[0] != '$') {
		return false;
	}
	for (;;) {
		size_t f = strcspn(filter, "/"), t = strcspn(topic, "/");
		bool any = f == 1 && filter[0] == '+' && t > 0;

		if (!any && (f != t || memcmp(filter, topic, f) != 0)) {
			return false;
		}
		if (filter[f] == '\0' || topic[t] == '\0') {
			return filter[f] == topic[t];
		}
		filter += f + 1;
		topic += t + 1;
	}
}

static bool
topic_is_plain(const char *topic)
{
	size_t len = strnlen(topic, MAX_TOPIC);

	return len > 0 && len < MAX_TOPIC && strpbrk(topic, "+#") == NULL &&
	       strncmp(topic, "$share/", 7) != 0;
}

static bool
any_matches(const char filters[][MAX_TOPIC], unsigned count, const char *topic)
{
	if (!topic_is_plain(topic)) {
		return false;
	}
	for (unsigned i = 0; i < count && i < MAX_FILTERS; i++) {
		if (filter_matches(filters[i], topic)) {
			return true;
		}
	}
	return false;
}

bool
token_may_publish(const struct token *t, const char *topic)
{
	return any_matches(t->pub, t->pub_count, topic);
}

bool
token_may_receive(const struct token *t, const char *topic)
{
	return any_matches(t->sub, t->sub_count, topic);
}

bool
token_may_subscribe(const struct token *t, const char *filter)
{
	for (unsigned i = 0; i < t->sub_count && i < MAX_FILTERS; i++) {
		if (strcmp(t->sub[i], filter) == 0) {
			return true;
		}
	}
	return token_may_receive(t, filter);
}

const char *
token_error(int error)
{
	switch (error) {
	case TOKEN_OK:
		return "the token is good";
	case TOKEN_FORMAT:
		return "not a token of ours";
	case TOKEN_ALG:
		return "another header than ES256 with a key id";
	case TOKEN_KEY:
		return "signed with a key that is not known here";
	case TOKEN_SIGNATURE:
		return "the signature is wrong";
	case TOKEN_CLAIMS:
		return "a claim is missing or out of range";
	case TOKEN_AUDIENCE:
		return "meant for another audience";
	case TOKEN_EARLY:
		return "not valid yet";
	case TOKEN_EXPIRED:
		return "expired";
	case TOKEN_LIFE:
		return "valid for more than four hours";
	default:
		return "refused";
	}
}

/* What each role may publish, receive and subscribe to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/encode.h"
#include "common/token.h"

#define CLIENT "00112233445566778899aabbccddeeff"
#define SID "ffeeddccbbaa99887766554433221100"
#define OTHER "0123456789abcdef0123456789abcdef"

static struct token
token_of(enum role role)
{
	struct token t = {.role = role, .client = CLIENT};

	assert_int_equal(hex_decode(t.sid, SID_LEN, SID, strlen(SID)), 0);
	token_acl(&t);
	return t;
}

/* The table of docs/PROTOCOL.md, topic by topic: p may publish, r may receive, - neither. */
static void
each_role_may_do_what_the_table_says_and_nothing_else(void **state)
{
	static const struct {
		const char *topic;
		const char *may[ROLE_COUNT]; /* guest, agent, partner, gw, keysvc */
	} rows[] = {
		{"key/guest/" CLIENT "/req", {"p", "-", "-", "-", "r"}},
		{"key/guest/" CLIENT "/res", {"r", "-", "-", "-", "p"}},
		{"key/agent/" CLIENT "/req", {"-", "p", "-", "-", "r"}},
		{"key/agent/" CLIENT "/res", {"-", "r", "-", "-", "p"}},
		{"key/gw/" CLIENT "/req", {"-", "-", "-", "p", "r"}},
		{"key/gw/" CLIENT "/res", {"-", "-", "-", "r", "p"}},
		{"key/guest/" OTHER "/req", {"-", "-", "-", "-", "r"}},
		{"key/gw/" OTHER "/res", {"-", "-", "-", "-", "p"}},
		{"s/" SID "/cmd", {"-", "r", "p", "-", "-"}},
		{"s/" SID "/state", {"-", "p", "r", "-", "-"}},
		{"s/" OTHER "/cmd", {"-", "-", "-", "-", "-"}},
		{"s/" OTHER "/state", {"-", "-", "-", "-", "-"}},
		{"key/cut", {"-", "-", "-", "-", "r"}},
		{"stat/keysvc", {"-", "-", "-", "r", "p"}},
		{"stat/auth", {"-", "-", "-", "r", "-"}},
		{"$CONTROL/tether/v1", {"-", "-", "-", "-", "p"}},
		{"$SYS/broker/clients/total", {"-", "-", "-", "-", "-"}},
		{"key/guest/" CLIENT "/req/x", {"-", "-", "-", "-", "-"}},
		{"key/guest/" CLIENT, {"-", "-", "-", "-", "-"}},
		{"key//" CLIENT "/req", {"-", "-", "-", "-", "-"}},
		{"/s/" SID "/cmd", {"-", "-", "-", "-", "-"}},
		{"s/" SID "/cmd/", {"-", "-", "-", "-", "-"}},
		{"stat/", {"-", "-", "-", "-", "-"}},
		{"stat", {"-", "-", "-", "-", "-"}},
		{"stat/+", {"-", "-", "-", "-", "-"}},
		{"#", {"-", "-", "-", "-", "-"}},
		{"", {"-", "-", "-", "-", "-"}},
	};

	(void)state;
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct token t = token_of((enum role)role);

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const char *may = rows[i].may[role];

			if (token_may_publish(&t, rows[i].topic) != (*may == 'p') ||
			    token_may_receive(&t, rows[i].topic) != (*may == 'r')) {
				fail_msg("%s: %s", role_name((enum role)role), rows[i].topic);
			}
		}
	}
}

static void
a_role_subscribes_to_its_own_filters_and_to_topics_within_them(void **state)
{
	static const struct {
		enum role role;
		const char *filter;
		bool allowed;
	} rows[] = {
		{ROLE_KEYSVC, "key/+/+/req", true},
		{ROLE_KEYSVC, "key/gw/" CLIENT "/req", true},
		{ROLE_KEYSVC, "key/gw/+/req", false},
		{ROLE_KEYSVC, "key/+/+/res", false},
		{ROLE_KEYSVC, "key/#", false},
		{ROLE_KEYSVC, "$CONTROL/tether/v1", false},
		{ROLE_GW, "stat/+", true},
		{ROLE_GW, "stat/auth", true},
		{ROLE_GW, "+/auth", false},
		{ROLE_GW, "$share/x/stat/+", false},
		{ROLE_AGENT, "s/" SID "/cmd", true},
		{ROLE_AGENT, "s/+/cmd", false},
		{ROLE_AGENT, "s/" SID "/+", false},
		{ROLE_AGENT, "s/" SID "/#", false},
		{ROLE_AGENT, "$share/x/s/" SID "/cmd", false},
		{ROLE_PARTNER, "s/" SID "/state", true},
		{ROLE_PARTNER, "s/" SID "/cmd", false},
		{ROLE_PARTNER, "#", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = token_of(rows[i].role);

		if (token_may_subscribe(&t, rows[i].filter) != rows[i].allowed) {
			fail_msg("%s: %s", role_name(rows[i].role), rows[i].filter);
		}
	}
}

static void
a_topic_over_the_limit_is_refused(void **state)
{
	struct token t = token_of(ROLE_GW);
	char topic[MAX_TOPIC + 1];

	(void)state;
	memset(topic, 'x', sizeof(topic));
	memcpy(topic, "stat/", 5);
	topic[MAX_TOPIC - 1] = '\0';
	assert_true(token_may_receive(&t, topic));
	topic[MAX_TOPIC - 1] = 'x';
	topic[MAX_TOPIC] = '\0';
	assert_false(token_may_receive(&t, topic));
}

static void
role_names_and_numbers_agree(void **state)
{
	(void)state;
	for (int i = 0; i < ROLE_COUNT; i++) {
		assert_int_equal(role_from_name(role_name((enum role)i)), i);
	}
	assert_int_equal(role_from_name("root"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_may_do_what_the_table_says_and_nothing_else),
		cmocka_unit_test(a_role_subscribes_to_its_own_filters_and_to_topics_within_them),
		cmocka_unit_test(a_topic_over_the_limit_is_refused),
		cmocka_unit_test(role_names_and_numbers_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

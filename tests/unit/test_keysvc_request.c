/* Requests as strictly as agreed, answers as documented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/encode.h"
#include "keysvc/net.h"
#include "keysvc/request.h"

#define E43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define K48 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char issue[] = "{\"v\":1,\"op\":\"issue\",\"id\":7,\"agent\":\"" E43 "\",\"link\":\"" E43
			    "\",\"version\":\"0.1.0\"}";
static const char replace[] = "{\"v\":1,\"op\":\"issue\",\"id\":7,\"agent\":\"" E43
			      "\",\"link\":\"" E43 "\",\"version\":\"0.1.0\",\"token\":\"a.b.c\"}";
static const char end[] = "{\"v\":1,\"op\":\"end\",\"id\":4294967295,\"token\":\"a.b.c\"}";
static const char redeem[] = "{\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}";

static enum refusal
parse(struct request *r, enum role role, const char *json)
{
	const char *text;
	/* A copy that ends where the text ends, so that the sanitizer sees a step too far. */
	size_t len = strlen(json);
	char *copy = malloc(len + 1);
	enum refusal result;

	assert_non_null(copy);
	memcpy(copy, json, len);
	result = request_parse(r, role, copy, len, &text);
	assert_true(result == REFUSED_NOT || result == REFUSED_ROLE || text != NULL);
	free(copy);
	return result;
}

static void
what_each_role_may_ask_is_understood(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(parse(&r, ROLE_GUEST, issue), REFUSED_NOT);
	assert_int_equal(r.op, ASK_ISSUE);
	assert_int_equal(r.id, 7);
	assert_string_equal(r.token, "");
	assert_int_equal(parse(&r, ROLE_AGENT, replace), REFUSED_NOT);
	assert_string_equal(r.token, "a.b.c");
	assert_int_equal(parse(&r, ROLE_AGENT, end), REFUSED_NOT);
	assert_int_equal(r.op, ASK_END);
	assert_int_equal(r.id, 4294967295U);
	assert_int_equal(parse(&r, ROLE_GW, redeem), REFUSED_NOT);
	assert_int_equal(r.op, ASK_REDEEM);
}

static void
fields_may_come_in_any_order_and_with_white_space(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(parse(&r, ROLE_GW,
			       " {\n\"key\" : \"" K48 "\",\t\"id\":3 ,\"op\":\"redeem\",\"v\":1}\r\n"),
			 REFUSED_NOT);
	assert_int_equal(r.id, 3);
}

static void
what_others_may_ask_is_refused_by_role(void **state)
{
	static const struct {
		enum role role;
		const char *json;
	} cases[] = {
		{ROLE_GUEST, end},    {ROLE_GUEST, redeem}, {ROLE_AGENT, redeem},
		{ROLE_GW, issue},     {ROLE_GW, end},       {ROLE_PARTNER, redeem},
		{ROLE_KEYSVC, issue},
	};
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(&r, cases[i].role, cases[i].json), REFUSED_ROLE);
	}
}

static void
a_guest_brings_no_token_and_an_agent_must(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(parse(&r, ROLE_GUEST, replace), REFUSED_BAD);
	assert_int_equal(parse(&r, ROLE_AGENT, issue), REFUSED_BAD);
}

static void
anything_cut_short_or_continued_is_bad(void **state)
{
	struct request r;
	const char *text;
	char longer[sizeof(redeem) + 1];

	(void)state;
	for (size_t len = 0; len < sizeof(redeem) - 1; len++) {
		assert_int_equal(request_parse(&r, ROLE_GW, redeem, len, &text), REFUSED_BAD);
		assert_non_null(text);
	}
	for (int byte = 0; byte < 256; byte++) {
		bool space = byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';

		memcpy(longer, redeem, sizeof(redeem));
		longer[sizeof(redeem) - 1] = (char)byte;
		assert_int_equal(request_parse(&r, ROLE_GW, longer, sizeof(redeem), &text),
				 space ? REFUSED_NOT : REFUSED_BAD);
	}
}

/* Whatever bit flips, it is refused, or it is another well-formed value in the same place. */
static void
each_flipped_bit_is_refused_or_changes_one_value(void **state)
{
	struct request r, good;
	const char *text;
	char json[sizeof(redeem)];

	(void)state;
	assert_int_equal(parse(&good, ROLE_GW, redeem), REFUSED_NOT);
	for (size_t bit = 0; bit < 8 * (sizeof(redeem) - 1); bit++) {
		memcpy(json, redeem, sizeof(redeem));
		json[bit / 8] = (char)(json[bit / 8] ^ 1 << bit % 8);
		if (request_parse(&r, ROLE_GW, json, sizeof(redeem) - 1, &text) == REFUSED_NOT) {
			assert_true(r.id != good.id || memcmp(&r.key, &good.key, sizeof(r.key)) != 0);
		}
	}
}

static void
what_json_allows_but_we_do_not_use_is_bad(void **state)
{
	static const char *const cases[] = {
		"[]", "null", "{}", "{\"v\":1}",
		"{\"v\":1,\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}",
		"{\"v\":1.0,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}",
		"{\"v\":01,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":1e1,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":-0,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":null,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":99999999999,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":4294967296,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"\\u0072edeem\",\"id\":0,\"key\":\"" K48 "\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":[\"" K48 "\"]}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\",}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "=\"}",
		"{\"v\":1,\"op\":\"redeem\",\"id\":0,\"key\":\"" E43 "\"}",
		"{\"v\":1 \"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}",
		"{v:1,\"op\":\"redeem\",\"id\":0,\"key\":\"" K48 "\"}",
	};
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(&r, ROLE_GW, cases[i]) != REFUSED_BAD) {
			fail_msg("accepted: %s", cases[i]);
		}
	}
}

static void
a_refused_request_keeps_its_id_for_the_answer(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(parse(&r, ROLE_GW, "{\"id\":42,\"v\":2,\"op\":\"redeem\"}"), REFUSED_BAD);
	assert_int_equal(r.id, 42);
	assert_int_equal(parse(&r, ROLE_GW, "{\"id\":42,\"v\":1,\"op\":"), REFUSED_BAD);
	assert_int_equal(r.id, 42);
	assert_int_equal(parse(&r, ROLE_GW, "{\"id\":\"42\"}"), REFUSED_BAD);
	assert_int_equal(r.id, 0);
}

static void
a_version_is_three_numbers(void **state)
{
	static const struct {
		const char *version;
		enum refusal result;
	} cases[] = {
		{"0.1.0", REFUSED_NOT},    {"0.1.1", REFUSED_NOT}, {"0.10.0", REFUSED_NOT},
		{"1.0.0", REFUSED_NOT},    {"0.0.999", REFUSED_NOT}, {"999.999.999", REFUSED_NOT},
		{"0.1", REFUSED_BAD},      {"0.1.0.0", REFUSED_BAD}, {"", REFUSED_BAD},
		{"0.1.", REFUSED_BAD},     {".1.0", REFUSED_BAD},  {"0.1.x", REFUSED_BAD},
		{"0.1.1000", REFUSED_BAD},
	};
	char json[400];
	struct request r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(json, sizeof(json),
			 "{\"v\":1,\"op\":\"issue\",\"id\":7,\"agent\":\"" E43 "\",\"link\":\"" E43
			 "\",\"version\":\"%s\"}",
			 cases[i].version);
		if (parse(&r, ROLE_GUEST, json) != cases[i].result) {
			fail_msg("version \"%s\"", cases[i].version);
		}
	}
}

static void
versions_compare_by_their_parts(void **state)
{
	static const char *const rising[] = {"0.0.0", "0.0.999", "0.1.0", "0.1.1", "0.9.0",
					     "0.10.0", "1.0.0", "1.0.1", "10.0.0", "999.999.999"};

	(void)state;
	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++) {
		assert_true(version_number(rising[i], strlen(rising[i])) >
			    version_number(rising[i - 1], strlen(rising[i - 1])));
	}
	assert_true(version_number("0.0.0", 5) > 0);
}

static void
a_token_fits_up_to_its_limit(void **state)
{
	char token[MAX_TOKEN + 2], json[MAX_REQUEST + 1];
	struct request r;

	(void)state;
	memset(token, 'x', sizeof(token));
	snprintf(json, sizeof(json), "{\"v\":1,\"op\":\"end\",\"id\":1,\"token\":\"%.*s\"}", MAX_TOKEN,
		 token);
	assert_int_equal(parse(&r, ROLE_AGENT, json), REFUSED_NOT);
	assert_int_equal(strlen(r.token), MAX_TOKEN);
	snprintf(json, sizeof(json), "{\"v\":1,\"op\":\"end\",\"id\":1,\"token\":\"%.*s\"}",
		 MAX_TOKEN + 1, token);
	assert_int_equal(parse(&r, ROLE_AGENT, json), REFUSED_BAD);
}

/* ---- answers ------------------------------------------------------------------------------- */

static const struct versions agents = {.latest = "999.999.999", .oldest = "0.1.0"};

static void
write_reply(char out[MAX_REPLY + 1], const struct reply *r)
{
	int n = reply_write(out, r, NULL, &agents);

	assert_true(n > 0);
	assert_int_equal(n, strlen(out));
}

static void
answers_carry_what_the_protocol_says(void **state)
{
	struct reply r = {.id = 9, .op = ASK_ISSUE, .key = "KEY", .client = "CLIENT", .token = "TOKEN",
			  .left = 14400};
	char out[MAX_REPLY + 1];

	(void)state;
	write_reply(out, &r);
	assert_string_equal(out, "{\"v\":1,\"id\":9,\"ok\":true,"
				 "\"sid\":\"00000000000000000000000000000000\",\"key\":\"KEY\","
				 "\"client\":\"CLIENT\",\"token\":\"TOKEN\",\"left\":14400,"
				 "\"latest\":\"999.999.999\",\"oldest\":\"0.1.0\"}");
	r.op = ASK_REDEEM;
	write_reply(out, &r);
	assert_null(strstr(out, "\"key\""));
	assert_null(strstr(out, "latest"));
	r.op = ASK_END;
	write_reply(out, &r);
	assert_string_equal(out, "{\"v\":1,\"id\":9,\"ok\":true}");
}

static void
refusals_carry_a_code_a_sentence_and_when_to_retry(void **state)
{
	static const char *const codes[REFUSED_COUNT] = {NULL,      "bad",  "role",    "forged", "expired",
							 "revoked", "busy", "version", "failed"};
	char out[MAX_REPLY + 1], expected[64];

	(void)state;
	for (uint8_t why = 1; why < REFUSED_COUNT; why++) {
		struct reply r = {.id = 9, .op = ASK_ISSUE, .why = why, .retry = 5, .token = "TOKEN"};

		write_reply(out, &r);
		snprintf(expected, sizeof(expected), "{\"v\":1,\"id\":9,\"ok\":false,\"why\":\"%s\",",
			 codes[why]);
		assert_int_equal(strncmp(out, expected, strlen(expected)), 0);
		assert_non_null(strstr(out, why == REFUSED_VERSION
					       ? "\"retry\":5,\"latest\":\"999.999.999\",\"oldest\":\"0.1.0\"}"
					       : "\"retry\":5}"));
		assert_null(strstr(out, "TOKEN"));
	}
}

static void
the_longest_answer_fits(void **state)
{
	struct reply r = {.id = UINT32_MAX, .op = ASK_ISSUE, .left = MAX_LIFE};
	char out[MAX_REPLY + 1];

	(void)state;
	memset(r.key, 'k', KEY_TEXT);
	memset(r.client, 'c', CLIENT_TEXT);
	memset(r.token, 't', MAX_TOKEN);
	assert_true(reply_write(out, &r, NULL, &agents) > MAX_TOKEN);
}

/* ---- topics -------------------------------------------------------------------------------- */

#define C32 "0123456789abcdef0123456789abcdef"

static void
only_the_three_roles_own_request_topics_are_read(void **state)
{
	static const char *const wrong[] = {
		"", "key", "key/", "key/guest", "key/guest/" C32, "key/guest/" C32 "/res",
		"key/guest/" C32 "/req/", "key/guest/" C32 "0/req", "key/guest/" C32 "/",
		"key/guest/0123456789ABCDEF0123456789abcdef/req", "key/partner/" C32 "/req",
		"key/keysvc/" C32 "/req", "key/Guest/" C32 "/req", "key//" C32 "/req",
		"s/" C32 "/cmd", "/key/guest/" C32 "/req", "key/guest/" C32 "//req",
	};
	char client[CLIENT_TEXT + 1];
	enum role role;

	(void)state;
	assert_int_equal(net_topic_parse(&role, client, "key/guest/" C32 "/req"), 0);
	assert_int_equal(role, ROLE_GUEST);
	assert_string_equal(client, C32);
	assert_int_equal(net_topic_parse(&role, client, "key/agent/" C32 "/req"), 0);
	assert_int_equal(role, ROLE_AGENT);
	assert_int_equal(net_topic_parse(&role, client, "key/gw/" C32 "/req"), 0);
	assert_int_equal(role, ROLE_GW);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (net_topic_parse(&role, client, wrong[i]) == 0) {
			fail_msg("accepted: %s", wrong[i]);
		}
	}
}

static void
how_many_were_cut_is_read_as_the_plugin_says_it(void **state)
{
	static const char good[] = "00112233445566778899aabbccddeeff 12";
	static const char *const wrong[] = {
		"",
		"00112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeff ",
		"00112233445566778899AABBCCDDEEFF 1",
		"00112233445566778899aabbccddeeff  1",
		"00112233445566778899aabbccddeeff -1",
		"00112233445566778899aabbccddeeff 1\n",
		"00112233445566778899aabbccddeeff 1234567",
		"00112233445566778899aabbccddeef 12",
	};
	struct net_cut cut = {.connections = 99};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(net_cut_parse(&cut, wrong[i], strlen(wrong[i])), -1);
		assert_int_equal(cut.connections, 99);
	}
	assert_int_equal(net_cut_parse(&cut, good, sizeof(good) - 2), 0);
	assert_int_equal(cut.connections, 1);
	assert_int_equal(net_cut_parse(&cut, good, sizeof(good) - 1), 0);
	assert_int_equal(cut.connections, 12);
	assert_int_equal(cut.sid[1], 0x11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_each_role_may_ask_is_understood),
		cmocka_unit_test(fields_may_come_in_any_order_and_with_white_space),
		cmocka_unit_test(how_many_were_cut_is_read_as_the_plugin_says_it),
		cmocka_unit_test(what_others_may_ask_is_refused_by_role),
		cmocka_unit_test(a_guest_brings_no_token_and_an_agent_must),
		cmocka_unit_test(anything_cut_short_or_continued_is_bad),
		cmocka_unit_test(each_flipped_bit_is_refused_or_changes_one_value),
		cmocka_unit_test(what_json_allows_but_we_do_not_use_is_bad),
		cmocka_unit_test(a_refused_request_keeps_its_id_for_the_answer),
		cmocka_unit_test(a_version_is_three_numbers),
		cmocka_unit_test(versions_compare_by_their_parts),
		cmocka_unit_test(a_token_fits_up_to_its_limit),
		cmocka_unit_test(answers_carry_what_the_protocol_says),
		cmocka_unit_test(refusals_carry_a_code_a_sentence_and_when_to_retry),
		cmocka_unit_test(the_longest_answer_fits),
		cmocka_unit_test(only_the_three_roles_own_request_topics_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

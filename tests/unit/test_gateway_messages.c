/* The gateway's own messages: joins, the key service's answers, states' shape, what we say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/messages.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj"
#define JOIN "{\"v\":1,\"op\":\"join\",\"key\":\"" KEY "\"}"
#define SID "00112233445566778899aabbccddeeff"
#define CLIENT "ffeeddccbbaa99887766554433221100"
#define GRANT                                                                                      \
	"{\"v\":1,\"id\":7,\"ok\":true,\"sid\":\"" SID "\",\"client\":\"" CLIENT                   \
	"\",\"token\":\"a.b.c\",\"left\":14400}"
#define MAC "AAECAwQFBgcICQoLDA0ODw"

static int
parse(const char *text)
{
	char key[KEY_TEXT + 1] = "untouched";
	int rc = join_parse(key, text, strlen(text));

	assert_string_equal(key, rc ? "untouched" : KEY);
	return rc;
}

static void
a_join_is_read_in_any_order_of_fields(void **state)
{
	(void)state;
	assert_int_equal(parse(JOIN), 0);
	assert_int_equal(parse(" " JOIN "\n"), 0);
	assert_int_equal(parse("{ \"key\":\"" KEY "\", \"op\":\"join\", \"v\":1 }"), 0);
}

static void
anything_else_is_no_join(void **state)
{
	static const char *const wrong[] = {
		"",
		"x",
		"[]",
		"{}",
		"null",
		JOIN "x",
		JOIN JOIN,
		"{\"v\":1,\"op\":\"join\"}",
		"{\"v\":1,\"op\":\"join\",\"key\":\"" KEY "\",\"key\":\"" KEY "\"}",
		"{\"v\":1,\"op\":\"join\",\"key\":\"" KEY "\",\"x\":1}",
		"{\"v\":1,\"op\":\"join\",\"Key\":\"" KEY "\"}",
		"{\"v\":1,\"op\":\"stop\",\"key\":\"" KEY "\"}",
		"{\"v\":2,\"op\":\"join\",\"key\":\"" KEY "\"}",
		"{\"v\":0,\"op\":\"join\",\"key\":\"" KEY "\"}",
		"{\"v\":\"1\",\"op\":\"join\",\"key\":\"" KEY "\"}",
		"{\"v\":1,\"op\":\"join\",\"key\":\"" KEY "A\"}",
		"{\"v\":1,\"op\":\"join\",\"key\":\"short\"}",
		"{\"v\":1,\"op\":\"join\",\"key\":7}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(wrong[i]), -1);
	}
}

static void
a_join_cut_anywhere_is_no_join(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(JOIN); len++) {
		char key[KEY_TEXT + 1];

		assert_int_equal(join_parse(key, JOIN, len), -1);
	}
}

static void
a_redeem_request_asks_with_id_and_key(void **state)
{
	char out[MAX_REQUEST];
	int len = redeem_write(out, 4294967295u, KEY);

	(void)state;
	assert_string_equal(out,
			    "{\"v\":1,\"op\":\"redeem\",\"id\":4294967295,\"key\":\"" KEY "\"}");
	assert_int_equal(len, strlen(out));
}

static void
a_grant_is_taken_whole(void **state)
{
	struct answer a;

	(void)state;
	assert_int_equal(answer_parse(&a, GRANT, strlen(GRANT)), 0);
	assert_true(a.ok);
	assert_int_equal(a.id, 7);
	assert_string_equal(a.sid, SID);
	assert_string_equal(a.client, CLIENT);
	assert_string_equal(a.token, "a.b.c");
	assert_int_equal(a.left, 14400);
}

static void
a_refusal_keeps_its_reason(void **state)
{
	static const struct {
		const char *text;
		enum why why;
		unsigned retry;
	} rows[] = {
		{"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"forged\",\"text\":\"No.\",\"retry\":0}",
		 WHY_FORGED, 0},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"busy\",\"text\":\"No.\",\"retry\":9}",
		 WHY_BUSY, 9},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"expired\"}", WHY_EXPIRED, 0},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"new one\",\"retry\":99999}", WHY_FAILED,
		 0},
		{"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"late\"}", WHY_FAILED, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer a;

		assert_int_equal(answer_parse(&a, rows[i].text, strlen(rows[i].text)), 0);
		assert_false(a.ok);
		assert_int_equal(a.why, rows[i].why);
		assert_int_equal(a.retry, rows[i].retry);
	}
}

static void
a_half_grant_is_no_answer(void **state)
{
	static const char *const fields[] = {"\"v\"",	   "\"id\"",	"\"ok\"",  "\"sid\"",
					     "\"client\"", "\"token\"", "\"left\""};
	char text[sizeof(GRANT)];
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		memcpy(text, GRANT, sizeof(GRANT));
		strstr(text, fields[i])[1] = 'X';
		assert_int_equal(answer_parse(&a, text, strlen(text)), -1);
	}
	for (size_t len = 0; len < strlen(GRANT); len++) {
		assert_int_equal(answer_parse(&a, GRANT, len), -1);
	}
}

static void
a_grant_out_of_range_is_no_answer(void **state)
{
	static const char *const lefts[] = {"0", "14401", "-1", "1.5", "\"9\"", "1e3"};
	char text[sizeof(GRANT) + 8];
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(lefts) / sizeof(lefts[0]); i++) {
		snprintf(text, sizeof(text), "%.*s%s}", (int)(strstr(GRANT, "14400}") - GRANT),
			 GRANT, lefts[i]);
		assert_int_equal(answer_parse(&a, text, strlen(text)), -1);
	}
}

static void
a_state_passes_by_its_shape(void **state)
{
	static const struct {
		const char *text;
		bool passes;
	} rows[] = {
		{MAC ".{}", true},
		{MAC ".{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}", true},
		{"", false},
		{MAC, false},
		{MAC ".", false},
		{MAC "{}", false},
		{MAC ".[]", false},
		{"." MAC "{}", false},
		{"{\"gw\":\"joined\",\"x\":.{}", false},
		{"AAECAwQFBgcICQoLDA0OD=.{}", false},
		{MAC ".{\n}", false},
		{MAC ".{\x7f}", false},
		{MAC ".{\xff}", false},
		{MAC ".{\xc3", false},
		{MAC ".{\xc0\xaf}", false},
		{MAC ".{\xe0\x80\xaf}", false},
		{MAC ".{\xed\xa0\x80}", false},
		{MAC ".{\xf4\x90\x80\x80}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(state_well_formed(rows[i].text, strlen(rows[i].text)),
				 rows[i].passes);
	}
	assert_false(state_well_formed(MAC ".{\0}", 26));
}

static void
a_state_has_a_longest_length(void **state)
{
	char text[MAX_STATE + 1];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, MAC ".{", 24);
	assert_true(state_well_formed(text, MAX_STATE));
	assert_false(state_well_formed(text, MAX_STATE + 1));
}

static void
what_we_say_is_what_the_protocol_has(void **state)
{
	char out[MAX_GW_MESSAGE];
	int len = say_joined(out, 14400);

	(void)state;
	assert_int_equal(len, strlen(out));
	assert_string_equal(out, "{\"v\":1,\"gw\":\"joined\",\"left\":14400}");
	say_refused(out, WHY_LATE, 5);
	assert_string_equal(out, "{\"v\":1,\"gw\":\"refused\",\"why\":\"late\",\"retry\":5}");
	say_ended(out, WHY_REVOKED);
	assert_string_equal(out, "{\"v\":1,\"gw\":\"ended\",\"why\":\"revoked\"}");
	say_away(out, 4);
	assert_string_equal(out, "{\"v\":1,\"gw\":\"away\",\"retry\":4}");
	say_bad(out, "A \"quoted\" word.");
	assert_string_equal(out, "{\"v\":1,\"gw\":\"bad\",\"text\":\"A \\\"quoted\\\" word.\"}");
}

static void
a_sentence_that_is_too_long_is_replaced(void **state)
{
	char out[MAX_GW_MESSAGE], sentence[2 * MAX_GW_MESSAGE];

	(void)state;
	memset(sentence, 'x', sizeof(sentence));
	sentence[sizeof(sentence) - 1] = '\0';
	int len = say_bad(out, sentence);

	assert_int_equal(len, strlen(out));
	assert_string_equal(out, "{\"v\":1,\"gw\":\"bad\",\"text\":\"This was not understood.\"}");
}

static void
a_token_tells_its_client_and_expiry(void **state)
{
	/* {"sub":"00112233445566778899aabbccddeeff","exp":1760014400} */
	const char *token =
		"e30.eyJzdWIiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiIsImV4cCI6MTc2MDAx"
		"NDQwMH0.sig";
	char client[CLIENT_TEXT + 1];
	int64_t exp;

	(void)state;
	assert_int_equal(token_peek(client, &exp, token), 0);
	assert_string_equal(client, SID);
	assert_int_equal(exp, 1760014400);
	assert_int_equal(token_peek(client, &exp, ""), -1);
	assert_int_equal(token_peek(client, &exp, "a.b"), -1);
	assert_int_equal(token_peek(client, &exp, "e30.e30.sig"), -1);
	assert_int_equal(token_peek(client, &exp, "e30.!!!!.sig"), -1);
}

static void
a_glance_at_a_state_finds_its_beacon_and_a_box_that_is_away(void **state)
{
	static const struct {
		const char *json;
		uint32_t beacon;
		bool fault;
	} rows[] = {
		{"{\"v\":1,\"beacon\":77,\"box\":\"ok\"}", 77, false},
		{"{\"beacon\":4294967295,\"box\":\"silent\"}", 4294967295, true},
		{"{\"box\":\"off\",\"beacon\":1}", 1, true},
		{"{\"box\":\"gone\"}", 0, true},
		{"{\"box\":\"starting\"}", 0, false},
		{"{\"box\":\"gon", 0, false},
		{"{\"beacon\":", 0, false},
		{"{\"text\":\"\\\"box\\\":\\\"gone\\\"\"}", 0, false},
		{"{}", 0, false},
	};
	struct glance g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].json);
		char *exact = malloc(len); /* no byte behind it may be read */

		assert_non_null(exact);
		memcpy(exact, rows[i].json, len);
		state_glance(&g, exact, len);
		assert_int_equal(g.beacon, rows[i].beacon);
		assert_int_equal(g.box_fault, rows[i].fault);
		free(exact);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_join_is_read_in_any_order_of_fields),
		cmocka_unit_test(anything_else_is_no_join),
		cmocka_unit_test(a_join_cut_anywhere_is_no_join),
		cmocka_unit_test(a_redeem_request_asks_with_id_and_key),
		cmocka_unit_test(a_grant_is_taken_whole),
		cmocka_unit_test(a_refusal_keeps_its_reason),
		cmocka_unit_test(a_half_grant_is_no_answer),
		cmocka_unit_test(a_grant_out_of_range_is_no_answer),
		cmocka_unit_test(a_state_passes_by_its_shape),
		cmocka_unit_test(a_state_has_a_longest_length),
		cmocka_unit_test(what_we_say_is_what_the_protocol_has),
		cmocka_unit_test(a_sentence_that_is_too_long_is_replaced),
		cmocka_unit_test(a_glance_at_a_state_finds_its_beacon_and_a_box_that_is_away),
		cmocka_unit_test(a_token_tells_its_client_and_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

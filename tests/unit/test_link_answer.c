/* Requests to the key service and the strict reading of its answers (agent/link/link_issue.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/link/link_issue.h"
#include "common/encode.h"

#define SID "000102030405060708090a0b0c0d0e0f"
#define CLIENT "aabbccddeeff00112233445566778899"
#define TOKEN "eyJh.eyJi-_.c2ln"

/* The key of a session, as text. */
static const char *
key_of(const char *sid)
{
	static char text[KEY_TEXT + 1];
	struct key k = {.expiry = 2000000000};

	assert_int_equal(hex_decode(k.sid, SID_LEN, sid, strlen(sid)), 0);
	memset(k.mac, 7, sizeof(k.mac));
	key_write(text, &k);
	return text;
}

/* The answer to `issue`; the caller frees it. */
static char *
issued(void)
{
	char *json = NULL;

	assert_true(asprintf(&json,
			     "{\"v\":1,\"id\":1,\"ok\":true,\"sid\":\"" SID "\",\"key\":\"%s\","
			     "\"client\":\"" CLIENT "\",\"token\":\"" TOKEN "\",\"left\":14400,"
			     "\"latest\":\"0.1.0\",\"oldest\":\"0.1.0\"}",
			     key_of(SID)) > 0);
	return json;
}

/* The same with the first `from` replaced by `to`; frees `json`. */
static char *
changed(char *json, const char *from, const char *to)
{
	char *at = strstr(json, from), *out = NULL;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - json), json, to, at + strlen(from)) > 0);
	free(json);
	return out;
}

static int
parse(struct answer *a, enum link_job job, const char *json)
{
	return answer_parse(a, job, json, strlen(json));
}

static void
an_issue_request_has_both_elements_and_the_version(void **state)
{
	struct link_setup s = {.job = JOB_ISSUE};
	char out[MAX_REQUEST + 1];
	int len;

	(void)state;
	memset(s.agent_element, 0xff, ELEMENT_LEN);
	len = request_write(out, &s);
	assert_true(len > 0);
	assert_int_equal(len, strlen(out));
	assert_string_equal(out, "{\"v\":1,\"op\":\"issue\",\"id\":1,"
				 "\"agent\":\"__________________________________________8\","
				 "\"link\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
				 "\"version\":\"" TETHER_VERSION "\"}");
}

static void
an_end_request_carries_the_token_however_long(void **state)
{
	struct link_setup s = {.job = JOB_END, .token = TOKEN};
	char out[MAX_REQUEST + 1];

	(void)state;
	assert_true(request_write(out, &s) > 0);
	assert_string_equal(out, "{\"v\":1,\"op\":\"end\",\"id\":1,\"token\":\"" TOKEN "\"}");
	memset(s.token, 'x', MAX_TOKEN);
	assert_true(request_write(out, &s) > MAX_TOKEN);
}

static void
a_token_that_would_break_out_of_its_string_is_never_sent(void **state)
{
	struct link_setup s = {.job = JOB_END, .token = "a\",\"op\":\"issue"};
	char out[MAX_REQUEST + 1];

	(void)state;
	assert_int_equal(request_write(out, &s), -1);
	s.token[0] = '\0';
	assert_int_equal(request_write(out, &s), -1);
	s.job = JOB_AGENT;
	assert_int_equal(request_write(out, &s), -1);
}

static void
a_good_answer_to_issue_is_read_whole(void **state)
{
	struct answer a = {0};
	char *json = issued(), sid[HEX_LEN(SID_LEN) + 1];

	(void)state;
	assert_int_equal(parse(&a, JOB_ISSUE, json), 0);
	assert_true(a.ok);
	hex_encode(sid, a.issued.sid, SID_LEN);
	assert_string_equal(sid, SID);
	assert_string_equal(a.issued.key, key_of(SID));
	assert_string_equal(a.issued.client, CLIENT);
	assert_string_equal(a.issued.token, TOKEN);
	assert_int_equal(a.issued.left, 14400);
	assert_string_equal(a.issued.latest, "0.1.0");
	assert_string_equal(a.issued.oldest, "0.1.0");
	free(json);
}

static void
an_answer_to_issue_is_no_answer_to_end_and_the_other_way_round(void **state)
{
	static const char ended[] = "{\"v\":1,\"id\":1,\"ok\":true}";
	struct answer a;
	char *json = issued();

	(void)state;
	assert_int_equal(parse(&a, JOB_END, json), -1);
	assert_int_equal(parse(&a, JOB_ISSUE, ended), -1);
	assert_int_equal(parse(&a, JOB_END, ended), 0);
	assert_true(a.ok);
	free(json);
}

static void
an_answer_with_anything_wrong_is_refused_and_nothing_is_filled(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"\"v\":1", "\"v\":2"},
		{"\"v\":1", "\"v\":1.0"},
		{"\"v\":1", "\"v\":\"1\""},
		{"\"v\":1,", ""},
		{"\"id\":1", "\"id\":2"},
		{"\"ok\":true", "\"ok\":1"},
		{"\"ok\":true", "\"ok\":false"},
		{"\"ok\":true,", ""},
		{"\"ok\":true", "\"ok\":true,\"ok\":true"},
		{"\"ok\":true", "\"ok\":true,\"extra\":1"},
		{"\"ok\":true", "\"OK\":true"},
		{"\"sid\":\"00", "\"sid\":\"01"}, /* the key is for another session */
		{"\"sid\":\"00", "\"sid\":\"0"},
		{"\"sid\":\"00", "\"sid\":\"0G"},
		{"0e0f\"", "0E0F\""},
		{"\"key\":\"", "\"key\":\"A"},
		{"\"key\":\"A", "\"key\":\"+"},
		{"\"client\":\"a", "\"client\":\""},
		{"\"client\":\"a", "\"client\":\"A"},
		{"\"client\":\"a", "\"client\":\"aa"},
		{TOKEN, ""},
		{TOKEN, "a b"},
		{TOKEN, "a\\u0000b"},
		{"\"" TOKEN "\"", "null"},
		{"14400", "14401"},
		{"14400", "0"},
		{"14400", "-1"},
		{"14400", "1e3"},
		{"14400", "\"14400\""},
		{"\"latest\":\"0.1.0\"", "\"latest\":\"0.1.0-rc1\""},
		{"\"latest\":\"0.1.0\"", "\"latest\":\"\""},
		{"\"latest\":\"0.1.0\"", "\"latest\":\"0.1\""},
		{"\"oldest\":\"0.1.0\"", "\"oldest\":\"0.1000.0\""},
		{"\"latest\":\"0.1.0\"", "\"latest\":\"1234567890.12345\""},
		{"}", "},"},
		{"}", "}{}"},
		{"{", "[{"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer a, untouched;
		char *json = changed(issued(), cases[i].from, cases[i].to);

		memset(&a, 0x5a, sizeof(a));
		untouched = a;
		if (parse(&a, JOB_ISSUE, json) != -1) {
			fail_msg("accepted: %s", json);
		}
		assert_memory_equal(&a, &untouched, sizeof(a));
		free(json);
	}
}

static void
an_answer_cut_short_anywhere_is_refused(void **state)
{
	struct answer a;
	char *json = issued();

	(void)state;
	for (size_t len = 0; len < strlen(json); len++) {
		/* A buffer of exactly this size, so that a sanitizer sees a read past it. */
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, json, len);
		cut = realloc(cut, len > 0 ? len : 1);
		assert_int_equal(answer_parse(&a, JOB_ISSUE, cut, len), -1);
		free(cut);
	}
	free(json);
}

static void
an_answer_with_a_flipped_bit_is_refused_or_still_well_formed(void **state)
{
	char *json = issued();
	size_t len = strlen(json);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		struct answer a = {0};
		struct key k;

		json[bit / 8] ^= (char)(1 << bit % 8);
		if (answer_parse(&a, JOB_ISSUE, json, len) == 0) {
			assert_int_equal(key_parse(&k, a.issued.key, KEY_TEXT), 0);
			assert_memory_equal(k.sid, a.issued.sid, SID_LEN);
			assert_int_equal(strlen(a.issued.client), CLIENT_TEXT);
			assert_in_range(a.issued.left, 1, MAX_LIFE);
		}
		json[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(json);
}

static void
a_token_one_character_too_long_is_refused(void **state)
{
	struct answer a;
	char token[MAX_TOKEN + 2], *json;

	(void)state;
	memset(token, 'x', MAX_TOKEN);
	token[MAX_TOKEN] = '\0';
	json = changed(issued(), TOKEN, token);
	assert_int_equal(parse(&a, JOB_ISSUE, json), 0);
	assert_string_equal(a.issued.token, token);
	free(json);
	strcpy(token + MAX_TOKEN, "x");
	json = changed(issued(), TOKEN, token);
	assert_int_equal(parse(&a, JOB_ISSUE, json), -1);
	free(json);
}

static void
every_refusal_of_the_protocol_has_a_sentence_of_ours(void **state)
{
	static const char *const codes[] = {"bad",     "role", "forged",  "expired",
					    "revoked", "busy", "version", "failed"};
	char json[200];

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct answer a = {0};

		snprintf(json, sizeof(json),
			 "{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"%s\",\"text\":\"theirs\",\"retry\":7}",
			 codes[i]);
		assert_int_equal(parse(&a, JOB_ISSUE, json), 0);
		assert_false(a.ok);
		assert_int_equal(a.retry, 7);
		assert_null(strstr(a.words, "theirs"));
		assert_true(strlen(a.words) < sizeof(((struct link_status *)0)->why));
		assert_true(a.words[strlen(a.words) - 1] == '.' || strchr(a.words, '?') != NULL);
	}
}

#define TOO_OLD(why, versions)                                                                     \
	"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"" why                                   \
	"\",\"text\":\"theirs\",\"retry\":600" versions "}"

static void
a_program_that_is_too_old_is_told_both_versions(void **state)
{
	struct answer a = {0};

	(void)state;
	assert_int_equal(parse(&a, JOB_ISSUE,
			       TOO_OLD("version", ",\"latest\":\"9.0.0\",\"oldest\":\"999.999.999\"")),
			 0);
	assert_false(a.ok);
	assert_true(a.too_old);
	assert_string_equal(a.words, "This tether is version " TETHER_VERSION
				     "; the server needs at least 999.999.999. Please update it.");
	assert_true(strlen(a.words) < sizeof(((struct link_status *)0)->why));
	assert_int_equal(parse(&a, JOB_ISSUE,
			       TOO_OLD("bad", ",\"latest\":\"9.0.0\",\"oldest\":\"8.0.0\"")),
			 -1);
	assert_int_equal(parse(&a, JOB_ISSUE, TOO_OLD("version", ",\"oldest\":\"8.0.0\"")), -1);
	assert_int_equal(parse(&a, JOB_ISSUE,
			       TOO_OLD("version", ",\"latest\":\"9.0.0\",\"oldest\":\"8\"")),
			 -1);
}

static void
a_refusal_with_an_unknown_code_or_a_missing_field_is_refused(void **state)
{
	static const char *const cases[] = {
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"other\",\"text\":\"x\",\"retry\":0}",
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"bad\",\"text\":\"x\"}",
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"bad\",\"retry\":0}",
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":1,\"text\":\"x\",\"retry\":0}",
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"bad\",\"text\":\"x\",\"retry\":3601}",
		"{\"v\":1,\"id\":1,\"ok\":false,\"why\":\"bad\",\"text\":\"x\",\"retry\":0,\"a\":1}",
		"{\"v\":1,\"id\":1,\"ok\":false}",
		"{}",
		"[]",
		"",
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(&a, JOB_END, cases[i]) != -1) {
			fail_msg("accepted: %s", cases[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_issue_request_has_both_elements_and_the_version),
		cmocka_unit_test(an_end_request_carries_the_token_however_long),
		cmocka_unit_test(a_token_that_would_break_out_of_its_string_is_never_sent),
		cmocka_unit_test(a_good_answer_to_issue_is_read_whole),
		cmocka_unit_test(an_answer_to_issue_is_no_answer_to_end_and_the_other_way_round),
		cmocka_unit_test(an_answer_with_anything_wrong_is_refused_and_nothing_is_filled),
		cmocka_unit_test(a_program_that_is_too_old_is_told_both_versions),
		cmocka_unit_test(an_answer_cut_short_anywhere_is_refused),
		cmocka_unit_test(an_answer_with_a_flipped_bit_is_refused_or_still_well_formed),
		cmocka_unit_test(a_token_one_character_too_long_is_refused),
		cmocka_unit_test(every_refusal_of_the_protocol_has_a_sentence_of_ours),
		cmocka_unit_test(a_refusal_with_an_unknown_code_or_a_missing_field_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

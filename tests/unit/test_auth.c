/* Authenticity from end to end, and the check words. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/auth.h"
#include "common/encode.h"
#include "common/words.h"
#include "tests/unit/vectors.h"

static struct auth_keys
keys_of(const cJSON *session)
{
	uint8_t secret[SECRET_LEN], sid[SID_LEN];
	struct auth_keys k;

	vector_bytes(secret, sizeof(secret), session, "secret");
	vector_bytes(sid, sizeof(sid), session, "sid");
	assert_int_equal(auth_derive(&k, secret, sid), 0);
	return k;
}

static void
keys_are_derived_as_in_the_worked_examples(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		struct auth_keys k = keys_of(session), expected;

		vector_bytes(expected.p2g, sizeof(expected.p2g), session, "p2g");
		vector_bytes(expected.g2p, sizeof(expected.g2p), session, "g2p");
		vector_bytes(expected.words, sizeof(expected.words), session, "words");
		assert_memory_equal(&k, &expected, sizeof(k));
	}
	cJSON_Delete(vectors);
}

static void
commands_of_the_worked_examples_are_authentic(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session, *row;
	int checked = 0;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		struct auth_keys k = keys_of(session);

		cJSON_ArrayForEach(row, vector_list(session, "commands"))
		{
			const char *json = vector_text(row, "json");
			struct command c;

			assert_int_equal(command_parse(&c, json, strlen(json)), 0);
			if (c.op == OP_STOP) {
				continue;
			}
			assert_int_equal(auth_command_check(&k, &c), 0);
			checked++;
		}
	}
	assert_true(checked > 20);
	cJSON_Delete(vectors);
}

static struct command
signed_command(const struct auth_keys *k)
{
	struct command c = {.op = OP_LEVEL,
			    .channel = 1,
			    .value = 40,
			    .want = {10, 40},
			    .page = "pageid.",
			    .n = 5,
			    .beacon = 77};

	assert_int_equal(auth_command_mac(c.mac, k, &c), 0);
	assert_int_equal(auth_command_check(k, &c), 0);
	return c;
}

static bool
is_in_a_gap(size_t byte)
{
	return byte >= offsetof(struct command, page) + PAGE_ID &&
	       byte < offsetof(struct command, n);
}

/* Walks every field and the MAC itself, but not what the compiler left between them. */
static void
a_command_with_any_bit_changed_is_refused(void **state)
{
	cJSON *vectors = vectors_open();
	struct auth_keys k = keys_of(cJSON_GetArrayItem(vector_list(vectors, "sessions"), 0));
	struct command c = signed_command(&k);

	(void)state;
	for (size_t bit = 0; bit < sizeof(c) * 8; bit++) {
		struct command changed = c;

		if (is_in_a_gap(bit / 8)) {
			continue;
		}
		((uint8_t *)&changed)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(auth_command_check(&k, &changed), -1);
	}
	cJSON_Delete(vectors);
}

static void
a_command_of_another_session_or_direction_is_refused(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *sessions = vector_list(vectors, "sessions");
	struct auth_keys k = keys_of(cJSON_GetArrayItem(sessions, 0));
	struct auth_keys other = keys_of(cJSON_GetArrayItem(sessions, 1)), reflected = k;
	struct command c = signed_command(&k);

	(void)state;
	assert_int_equal(auth_command_check(&other, &c), -1);
	memcpy(reflected.p2g, k.g2p, sizeof(k.g2p));
	assert_int_equal(auth_command_check(&reflected, &c), -1);
	cJSON_Delete(vectors);
}

static void
states_are_signed_as_in_the_worked_examples(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session, *row;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		struct auth_keys k = keys_of(session);

		cJSON_ArrayForEach(row, vector_list(session, "states"))
		{
			const char *json = vector_text(row, "json");
			const char *text = vector_text(row, "text");
			char mac_text[B64_LEN(AUTH_MAC) + 1];
			uint8_t mac[AUTH_MAC];

			assert_int_equal(auth_state_mac(mac, &k, json, strlen(json)), 0);
			b64_encode(mac_text, mac, sizeof(mac));
			assert_memory_equal(text, mac_text, B64_LEN(AUTH_MAC));
			assert_int_equal(text[B64_LEN(AUTH_MAC)], '.');
			assert_string_equal(text + B64_LEN(AUTH_MAC) + 1, json);
		}
	}
	cJSON_Delete(vectors);
}

static void
check_words_are_those_of_the_worked_examples(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session, *row;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		struct auth_keys k = keys_of(session);

		cJSON_ArrayForEach(row, vector_list(session, "checkWords"))
		{
			uint8_t page[PAGE_ID], nonce[NONCE_LEN];
			char out[CHECK_WORDS_MAX];

			vector_bytes(page, sizeof(page), row, "page");
			vector_bytes(nonce, sizeof(nonce), row, "nonce");
			assert_int_equal(auth_words(out, &k, page, nonce), 0);
			assert_string_equal(out, vector_text(row, "words"));
		}
	}
	cJSON_Delete(vectors);
}

static void
marks_of_pages_are_those_of_the_worked_examples(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session, *row;
	int checked = 0;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		struct auth_keys k = keys_of(session);

		cJSON_ArrayForEach(row, vector_list(session, "marks"))
		{
			uint8_t page[PAGE_ID], mark[PAGE_ID], expected[PAGE_ID];

			vector_bytes(page, sizeof(page), row, "page");
			vector_bytes(expected, sizeof(expected), row, "mark");
			assert_int_equal(auth_mark(mark, &k, page), 0);
			assert_memory_equal(mark, expected, PAGE_ID);
			checked++;
		}
	}
	assert_true(checked > 2);
	cJSON_Delete(vectors);
}

static void
the_page_has_the_same_words_in_the_same_order(void **state)
{
	char *text = file_text("../web/words.js");
	const char *at = strchr(text, '[');
	size_t count = 0;

	(void)state;
	assert_non_null(at);
	while ((at = strchr(at, '\'')) != NULL) {
		const char *end = strchr(at + 1, '\'');

		assert_non_null(end);
		assert_true(count < 256);
		assert_int_equal(strlen(check_words[count]), end - at - 1);
		assert_memory_equal(check_words[count], at + 1, (size_t)(end - at - 1));
		count++;
		at = end + 1;
	}
	assert_int_equal(count, 256);
	free(text);
}

static size_t
places_that_differ(const char *a, const char *b)
{
	size_t n = 0;

	for (; *a != '\0' && *b != '\0'; a++, b++) {
		n += *a != *b;
	}
	return n + strlen(a) + strlen(b);
}

static void
words_are_short_plain_and_easy_to_tell_apart(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		size_t len = strlen(check_words[i]);

		assert_in_range(len, 3, 6);
		for (size_t j = 0; j < len; j++) {
			assert_true(islower((unsigned char)check_words[i][j]));
		}
		for (int j = 0; j < i; j++) {
			assert_true(places_that_differ(check_words[i], check_words[j]) >= 2);
			assert_int_not_equal(strncmp(check_words[i], check_words[j], 4), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_derived_as_in_the_worked_examples),
		cmocka_unit_test(commands_of_the_worked_examples_are_authentic),
		cmocka_unit_test(a_command_with_any_bit_changed_is_refused),
		cmocka_unit_test(a_command_of_another_session_or_direction_is_refused),
		cmocka_unit_test(states_are_signed_as_in_the_worked_examples),
		cmocka_unit_test(check_words_are_those_of_the_worked_examples),
		cmocka_unit_test(marks_of_pages_are_those_of_the_worked_examples),
		cmocka_unit_test(the_page_has_the_same_words_in_the_same_order),
		cmocka_unit_test(words_are_short_plain_and_easy_to_tell_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

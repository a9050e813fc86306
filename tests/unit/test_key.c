/* Session ids, keys and links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/encode.h"
#include "common/key.h"
#include "tests/unit/vectors.h"

static const uint8_t secret[KEY_SECRET] = "0123456789abcdef0123456789abcde";

static struct key
some_key(void)
{
	struct key k = {.sid = "sixteen bytes...", .expiry = 1760014400};

	assert_int_equal(key_sign(&k, secret), 0);
	return k;
}

static void
the_worked_examples_hold(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *row;

	(void)state;
	cJSON_ArrayForEach(row, vector_list(vectors, "keys"))
	{
		uint8_t elements[3][ELEMENT_LEN], key_secret[KEY_SECRET], sid[SID_LEN];
		struct key k = {.expiry = vector_u32(row, "expiry")}, parsed;
		char text[KEY_TEXT + 1];

		vector_bytes(elements[0], ELEMENT_LEN, row, "service");
		vector_bytes(elements[1], ELEMENT_LEN, row, "agent");
		vector_bytes(elements[2], ELEMENT_LEN, row, "link");
		vector_bytes(key_secret, KEY_SECRET, row, "keySecret");
		vector_bytes(sid, SID_LEN, row, "sid");
		assert_int_equal(sid_derive(k.sid, elements[0], elements[1], elements[2]), 0);
		assert_memory_equal(k.sid, sid, SID_LEN);
		assert_int_equal(key_sign(&k, key_secret), 0);
		key_write(text, &k);
		assert_string_equal(text, vector_text(row, "key"));
		assert_int_equal(key_parse(&parsed, text, strlen(text)), 0);
		assert_memory_equal(&parsed, &k, sizeof(k));
		assert_int_equal(key_check(&parsed, key_secret), 0);
	}
	cJSON_Delete(vectors);
}

static void
a_key_with_any_bit_flipped_is_forged(void **state)
{
	struct key k = some_key();
	char text[KEY_TEXT + 1];
	uint8_t bytes[KEY_BYTES];

	(void)state;
	key_write(text, &k);
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		char changed[KEY_TEXT + 1];

		assert_int_equal(b64_decode(bytes, sizeof(bytes), text, KEY_TEXT), 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		b64_encode(changed, bytes, sizeof(bytes));
		assert_int_equal(key_parse(&k, changed, KEY_TEXT), 0);
		assert_int_equal(key_check(&k, secret), -1);
	}
}

static void
a_key_of_another_service_is_forged(void **state)
{
	struct key k = some_key();
	uint8_t other[KEY_SECRET];

	(void)state;
	assert_int_equal(key_check(&k, secret), 0);
	memcpy(other, secret, sizeof(other));
	other[KEY_SECRET - 1] ^= 1;
	assert_int_equal(key_check(&k, other), -1);
}

static void
only_a_text_of_the_exact_length_is_a_key(void **state)
{
	struct key k = some_key();
	char text[KEY_TEXT + 2];

	(void)state;
	key_write(text, &k);
	text[KEY_TEXT] = 'A';
	for (size_t len = 0; len <= KEY_TEXT + 1; len++) {
		assert_int_equal(key_parse(&k, text, len), len == KEY_TEXT ? 0 : -1);
	}
}

static void
each_element_changes_the_session_id(void **state)
{
	uint8_t e[3][ELEMENT_LEN] = {{0}}, first[SID_LEN], sid[SID_LEN];

	(void)state;
	assert_int_equal(sid_derive(first, e[0], e[1], e[2]), 0);
	for (int i = 0; i < 3; i++) {
		e[i][ELEMENT_LEN - 1] = 1;
		assert_int_equal(sid_derive(sid, e[0], e[1], e[2]), 0);
		assert_memory_not_equal(sid, first, SID_LEN);
		e[i][ELEMENT_LEN - 1] = 0;
	}
}

static void
a_key_is_found_in_whatever_a_person_pastes(void **state)
{
	static const char *const forms[] = {
		"%s", " %s\n", "%s.AAAAAAAAAAAAAAAAAAAAAA", "#%s.AAAAAAAAAAAAAAAAAAAAAA",
		"https://tether.example/#%s.AAAAAAAAAAAAAAAAAAAAAA",
		"\thttps://tether.example:8443/#%s.AAAAAAAAAAAAAAAAAAAAAA\r\n", "%s."};
	struct key k = some_key(), found;
	char key[KEY_TEXT + 1], text[256];

	(void)state;
	key_write(key, &k);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *at = strstr(forms[i], "%s");

		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - forms[i]), forms[i], key,
			       at + 2);
		memset(&found, 0, sizeof(found));
		assert_int_equal(key_find(&found, text, strlen(text)), 0);
		assert_memory_equal(&found, &k, sizeof(k));
	}
}

static void
no_key_is_found_where_none_is_whole(void **state)
{
	struct key k = some_key();
	char key[KEY_TEXT + 1], text[256];

	(void)state;
	key_write(key, &k);
	assert_int_equal(key_find(&k, "", 0), -1);
	assert_int_equal(key_find(&k, "#", 1), -1);
	assert_int_equal(key_find(&k, "https://tether.example/", 23), -1);
	assert_int_equal(key_find(&k, key, KEY_TEXT - 1), -1);
	(void)snprintf(text, sizeof(text), "%sAAAA", key);
	assert_int_equal(key_find(&k, text, strlen(text)), -1);
	(void)snprintf(text, sizeof(text), "https://tether.example/?%s", key);
	assert_int_equal(key_find(&k, text, strlen(text)), -1);
}

static void
a_link_is_as_in_the_worked_examples(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *keys = vector_list(vectors, "keys"), *row;
	int i = 0;

	(void)state;
	cJSON_ArrayForEach(row, vector_list(vectors, "sessions"))
	{
		uint8_t session_secret[16];
		char link[MAX_LINK];

		vector_bytes(session_secret, 16, row, "secret");
		assert_int_equal(link_write(link, vector_text(row, "url"),
					    vector_text(cJSON_GetArrayItem(keys, i), "key"),
					    session_secret),
				 0);
		assert_string_equal(link, vector_text(row, "link"));
		i++;
	}
	cJSON_Delete(vectors);
}

static void
a_link_that_does_not_fit_is_refused_and_leaves_nothing_behind(void **state)
{
	struct key k = some_key();
	char key[KEY_TEXT + 1], url[MAX_LINK], link[MAX_LINK];
	const size_t fits = MAX_LINK - 1 - 1 - KEY_TEXT - 1 - SECRET_TEXT;

	(void)state;
	key_write(key, &k);
	memset(url, 'x', sizeof(url));
	url[fits] = '\0';
	assert_int_equal(link_write(link, url, key, secret), 0);
	assert_int_equal(strlen(link), MAX_LINK - 1);
	url[fits] = 'x';
	url[fits + 1] = '\0';
	assert_int_equal(link_write(link, url, key, secret), -1);
	assert_string_equal(link, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_examples_hold),
		cmocka_unit_test(a_key_with_any_bit_flipped_is_forged),
		cmocka_unit_test(a_key_of_another_service_is_forged),
		cmocka_unit_test(only_a_text_of_the_exact_length_is_a_key),
		cmocka_unit_test(each_element_changes_the_session_id),
		cmocka_unit_test(a_key_is_found_in_whatever_a_person_pastes),
		cmocka_unit_test(no_key_is_found_where_none_is_whole),
		cmocka_unit_test(a_link_is_as_in_the_worked_examples),
		cmocka_unit_test(a_link_that_does_not_fit_is_refused_and_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

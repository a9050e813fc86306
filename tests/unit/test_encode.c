/* Hex and base64url. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/encode.h"

static void
hex_writes_lower_case(void **state)
{
	const uint8_t bytes[] = {0x00, 0x7f, 0xab, 0xff};
	char out[HEX_LEN(4) + 1];

	(void)state;
	hex_encode(out, bytes, sizeof(bytes));
	assert_string_equal(out, "007fabff");
	hex_encode(out, bytes, 0);
	assert_string_equal(out, "");
}

static void
hex_refuses_upper_case_wrong_lengths_and_other_characters(void **state)
{
	static const char *const bad[] = {"007FABFF", "007fabf", "007fabff0", "007fabff00",
					  "007fabfg", "007fab f", "", "0x7fabff"};
	uint8_t out[4];

	(void)state;
	assert_int_equal(hex_decode(out, 4, "007fabff", 8), 0);
	assert_memory_equal(out, "\x00\x7f\xab\xff", 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(hex_decode(out, 4, bad[i], strlen(bad[i])), -1);
	}
}

static void
base64url_matches_the_examples_of_rfc_4648(void **state)
{
	static const struct {
		const char *plain, *text;
	} rows[] = {{"", ""},	      {"f", "Zg"},	   {"fo", "Zm8"},      {"foo", "Zm9v"},
		    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
		    {"\xfb\xff\xbf", "-_-_"}};
	char text[16], plain[16];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].plain);

		b64_encode(text, rows[i].plain, len);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(strlen(text), B64_LEN(len));
		assert_int_equal(b64_decode_any(plain, sizeof(plain), &n, text, strlen(text)), 0);
		assert_int_equal(n, len);
		assert_memory_equal(plain, rows[i].plain, len);
	}
}

static void
every_value_has_one_base64url_spelling(void **state)
{
	const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char text[3] = "AA", again[3];
	uint8_t out;
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 64; i++) {
		for (int j = 0; j < 64; j++) {
			text[0] = all[i];
			text[1] = all[j];
			if (b64_decode(&out, 1, text, 2) == 0) {
				b64_encode(again, &out, 1);
				assert_string_equal(again, text);
				accepted++;
			}
		}
	}
	assert_int_equal(accepted, 256);
}

static void
base64url_refuses_padding_other_alphabets_and_wrong_lengths(void **state)
{
	static const char *const bad[] = {"Zg==", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Z", "Zm9vY",
					  "Zm9vYg", "Zm8", ""};
	uint8_t out[3];

	(void)state;
	assert_int_equal(b64_decode(out, 3, "Zm9v", 4), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(b64_decode(out, 3, bad[i], strlen(bad[i])), -1);
	}
	assert_int_equal(b64_decode(out, 3, "Zm\0v", 4), -1);
}

static void
decoding_never_writes_past_the_room_it_was_given(void **state)
{
	uint8_t out[4] = {1, 2, 3, 0xee};
	size_t n;

	(void)state;
	assert_int_equal(b64_decode_any(out, 3, &n, "Zm9vYmFy", 8), -1);
	assert_int_equal(out[3], 0xee);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_writes_lower_case),
		cmocka_unit_test(hex_refuses_upper_case_wrong_lengths_and_other_characters),
		cmocka_unit_test(base64url_matches_the_examples_of_rfc_4648),
		cmocka_unit_test(every_value_has_one_base64url_spelling),
		cmocka_unit_test(base64url_refuses_padding_other_alphabets_and_wrong_lengths),
		cmocka_unit_test(decoding_never_writes_past_the_room_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

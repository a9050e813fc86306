/* The command grammar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/command.h"
#include "common/encode.h"
#include "common/modes.h"
#include "tests/unit/vectors.h"

#define LEVEL                                                                                      \
	"{\"v\":1,\"op\":\"level\",\"ch\":\"A\",\"val\":40,\"a\":40,\"b\":0,"                      \
	"\"page\":\"0011223344556677\",\"n\":5,\"beacon\":77,\"mac\":\"AAAAAAAAAAAAAAAAAAAAAA\"}"

static void
the_worked_examples_read_write_and_canonise(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *session, *row;

	(void)state;
	cJSON_ArrayForEach(session, vector_list(vectors, "sessions"))
	{
		cJSON_ArrayForEach(row, vector_list(session, "commands"))
		{
			const char *json = vector_text(row, "json");
			uint8_t expected[COMMAND_CANONICAL], canonical[COMMAND_CANONICAL];
			char out[MAX_COMMAND + 1];
			struct command c;

			assert_int_equal(command_parse(&c, json, strlen(json)), COMMAND_OK);
			vector_bytes(expected, sizeof(expected), row, "canonical");
			command_canonical(canonical, &c);
			assert_memory_equal(canonical, expected, sizeof(expected));
			assert_int_equal(command_write(out, &c), strlen(json));
			assert_string_equal(out, json);
		}
	}
	cJSON_Delete(vectors);
}

static int
error_of_name(const char *why)
{
	static const struct {
		const char *why;
		int error;
	} rows[] = {{"too-long", COMMAND_TOO_LONG}, {"not-json", COMMAND_NOT_JSON},
		    {"field", COMMAND_FIELD},	    {"type", COMMAND_TYPE},
		    {"range", COMMAND_RANGE},	    {"version", COMMAND_VERSION_}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].why, why) == 0) {
			return rows[i].error;
		}
	}
	fail_msg("vectors.json has a reason that this test doesn't know: %s", why);
	return 0;
}

static void
the_refused_examples_are_refused_for_their_reason(void **state)
{
	cJSON *vectors = vectors_open();
	const cJSON *row;

	(void)state;
	cJSON_ArrayForEach(row, vector_list(vectors, "refused"))
	{
		const char *json = vector_text(row, "json");
		struct command c, before;
		int error;

		memset(&c, 0xa5, sizeof(c));
		before = c;
		error = command_parse(&c, json, strlen(json));
		if (error != error_of_name(vector_text(row, "why"))) {
			fail_msg("%d (%s): %s", error, command_error(error), json);
		}
		assert_memory_equal(&c, &before, sizeof(c));
	}
	cJSON_Delete(vectors);
}

static void
a_command_cut_at_any_byte_is_refused(void **state)
{
	struct command c;

	(void)state;
	for (size_t len = 0; len < strlen(LEVEL); len++) {
		assert_true(command_parse(&c, LEVEL, len) < 0);
	}
	assert_int_equal(command_parse(&c, LEVEL, strlen(LEVEL)), COMMAND_OK);
}

/* A flipped bit may make another valid command; it must then read back as what was written. */
static void
with_any_bit_flipped_a_command_is_refused_or_understood_anew(void **state)
{
	char text[sizeof(LEVEL)];
	unsigned accepted = 0, refused = 0;

	(void)state;
	for (size_t bit = 0; bit < strlen(LEVEL) * 8; bit++) {
		struct command c, again;
		char out[MAX_COMMAND + 1];

		memcpy(text, LEVEL, sizeof(text));
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		if (command_parse(&c, text, strlen(LEVEL)) != COMMAND_OK) {
			refused++;
			continue;
		}
		accepted++;
		assert_true(command_write(out, &c) > 0);
		assert_int_equal(command_parse(&again, out, strlen(out)), COMMAND_OK);
		assert_memory_equal(&again, &c, sizeof(c));
	}
	assert_true(refused > accepted);
	assert_true(accepted > 0);
}

static void
a_nul_inside_is_refused_wherever_it_stands(void **state)
{
	static const char level[] = LEVEL;
	char text[sizeof(level) + 1];
	struct command c;

	(void)state;
	for (size_t at = 0; at < sizeof(level); at++) {
		memcpy(text, level, at);
		text[at] = '\0';
		memcpy(text + at + 1, level + at, sizeof(level) - 1 - at);
		assert_int_equal(command_parse(&c, text, sizeof(level)), COMMAND_NOT_JSON);
	}
}

static void
the_order_of_fields_and_white_space_do_not_matter(void **state)
{
	const char *json = "\t{ \"mac\":\"AAAAAAAAAAAAAAAAAAAAAA\",\n\"beacon\":77 ,\"n\":5,"
			   "\"page\":\"0011223344556677\",\"b\":0,\"a\":40,\"val\" : 40,"
			   "\"ch\":\"A\",\"op\":\"level\",\"v\":1}\r\n";
	struct command c, expected;

	(void)state;
	assert_int_equal(command_parse(&expected, LEVEL, strlen(LEVEL)), COMMAND_OK);
	assert_int_equal(command_parse(&c, json, strlen(json)), COMMAND_OK);
	assert_memory_equal(&c, &expected, sizeof(c));
}

static void
the_length_limit_is_exact(void **state)
{
	char text[MAX_COMMAND + 1];
	struct command c;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, LEVEL, strlen(LEVEL));
	assert_int_equal(command_parse(&c, text, MAX_COMMAND), COMMAND_OK);
	assert_int_equal(command_parse(&c, text, MAX_COMMAND + 1), COMMAND_TOO_LONG);
}

static void
deep_nesting_is_refused(void **state)
{
	char text[MAX_COMMAND];
	struct command c;

	(void)state;
	memset(text, '[', sizeof(text));
	memcpy(text, "{\"v\":", 5);
	assert_true(command_parse(&c, text, sizeof(text)) < 0);
}

static void
what_is_out_of_range_is_never_written(void **state)
{
	static const struct command bad[] = {
		{.op = 0},
		{.op = 9},
		{.op = OP_LEVEL, .value = 101},
		{.op = OP_LEVEL, .channel = 2},
		{.op = OP_PARAM, .value = 255},
		{.op = OP_MODE, .value = MODE_COUNT},
		{.op = OP_POWER, .value = 2},
		{.op = OP_ALIVE, .want = {101, 0}},
		{.op = OP_ALIVE, .want = {0, 101}},
	};
	char out[MAX_COMMAND + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(command_write(out, &bad[i]), -1);
	}
}

static void
every_error_has_its_own_words(void **state)
{
	(void)state;
	for (int i = COMMAND_VERSION_; i <= COMMAND_OK; i++) {
		for (int j = COMMAND_VERSION_ - 1; j < i; j++) {
			assert_string_not_equal(command_error(i), command_error(j));
		}
	}
}

static void
mode_names_and_numbers_agree(void **state)
{
	(void)state;
	for (int i = 0; i < MODE_COUNT; i++) {
		assert_int_equal(mode_from_name(mode_name((unsigned)i)), i);
		assert_string_not_equal(mode_title((unsigned)i), "Other");
	}
	assert_string_equal(mode_name(MODE_OTHER), "other");
	assert_string_equal(mode_name(MODE_COUNT), "other");
	assert_int_equal(mode_from_name("other"), -1);
	assert_int_equal(mode_from_name(""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worked_examples_read_write_and_canonise),
		cmocka_unit_test(the_refused_examples_are_refused_for_their_reason),
		cmocka_unit_test(a_command_cut_at_any_byte_is_refused),
		cmocka_unit_test(with_any_bit_flipped_a_command_is_refused_or_understood_anew),
		cmocka_unit_test(a_nul_inside_is_refused_wherever_it_stands),
		cmocka_unit_test(the_order_of_fields_and_white_space_do_not_matter),
		cmocka_unit_test(the_length_limit_is_exact),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(what_is_out_of_range_is_never_written),
		cmocka_unit_test(every_error_has_its_own_words),
		cmocka_unit_test(mode_names_and_numbers_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

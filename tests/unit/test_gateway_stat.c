/* Other parts' counters, as the gateway keeps them for its metrics page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/limits.h"
#include "gateway/stat.h"

static const char *
text_now(void)
{
	static char text[4096];

	text[stat_text(text, sizeof(text) - 1)] = '\0';
	return text;
}

static void
take(const char *part, const char *json)
{
	stat_take(part, json, strlen(json));
}

static int
fill(void **state)
{
	(void)state;
	take("keysvc", "{\"v\":1,\"issued\":7,\"live\":2}");
	take("auth", "{\"v\":1,\"guests\":0}");
	return 0;
}

#define FILLED "tether_keysvc_issued 7\ntether_keysvc_live 2\ntether_auth_guests 0\n"

static void
the_newest_numbers_of_each_part_are_kept(void **state)
{
	(void)state;
	assert_string_equal(text_now(), FILLED);
	take("keysvc", "{\"v\":1,\"issued\":8}");
	assert_string_equal(text_now(), "tether_keysvc_issued 8\ntether_auth_guests 0\n");
}

static void
what_is_not_of_the_form_changes_nothing(void **state)
{
	static const char *const wrong[] = {
		"",
		"7",
		"[]",
		"{}",
		"{\"issued\":9}",
		"{\"v\":2,\"issued\":9}",
		"{\"v\":1,\"issued\":-9}",
		"{\"v\":1,\"issued\":\"9\"}",
		"{\"v\":1,\"issued\":9,\"issued\":10}",
		"{\"v\":1,\"a b\":9}",
		"{\"v\":1,\"\":9}",
		"{\"v\":1,\"UP\":9}",
		"{\"v\":1,\"a_name_that_is_far_too_long_for_a_metric\":9}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		take("keysvc", wrong[i]);
		assert_string_equal(text_now(), FILLED);
	}
	take("gateway", "{\"v\":1,\"issued\":9}");
	assert_string_equal(text_now(), FILLED);
}

static void
too_many_numbers_change_nothing(void **state)
{
	char json[1024];
	int at = snprintf(json, sizeof(json), "{\"v\":1");

	(void)state;
	for (int i = 0; i <= MAX_STATS; i++) {
		at += snprintf(json + at, sizeof(json) - (size_t)at, ",\"x%c\":1", 'a' + i);
	}
	snprintf(json + at, sizeof(json) - (size_t)at, "}");
	take("keysvc", json);
	assert_string_equal(text_now(), FILLED);
}

static void
a_small_page_holds_whole_lines_only(void **state)
{
	char out[40];

	(void)state;
	assert_int_equal(stat_text(out, sizeof(out)), strlen("tether_keysvc_issued 7\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_newest_numbers_of_each_part_are_kept, fill),
		cmocka_unit_test_setup(what_is_not_of_the_form_changes_nothing, fill),
		cmocka_unit_test_setup(too_many_numbers_change_nothing, fill),
		cmocka_unit_test_setup(a_small_page_holds_whole_lines_only, fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

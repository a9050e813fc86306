/* Other parts' counters, as the gateway keeps them for its metrics page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/limits.h"
#include "gateway/stat.h"

#define T0 100000 /* ms */

static const char *
text_at(uint64_t now)
{
	static char text[4096];
	struct exposition e = {text, sizeof(text), 0};

	stat_expose(&e, now);
	text[e.at] = '\0';
	return text;
}

static void
take(const char *part, const char *json)
{
	stat_take(part, json, strlen(json), T0);
}

static int
fill(void **state)
{
	(void)state;
	take("keysvc", "{\"v\":1,\"issued\":7,\"forged\":3,\"expired\":1,\"live\":2}");
	take("auth", "{\"v\":1,\"guests\":0}");
	return 0;
}

static void
the_newest_numbers_of_each_part_are_told(void **state)
{
	(void)state;
	assert_string_equal(
		text_at(T0 + 1500),
		"# HELP tether_part_up 1 while the part reports its numbers.\n"
		"# TYPE tether_part_up gauge\n"
		"tether_part_up{part=\"keysvc\"} 1\n"
		"tether_part_up{part=\"auth\"} 1\n"
		"# HELP tether_part_silent_seconds Since the part's last report; absent when there "
		"was none.\n"
		"# TYPE tether_part_silent_seconds gauge\n"
		"tether_part_silent_seconds{part=\"keysvc\"} 1.5\n"
		"tether_part_silent_seconds{part=\"auth\"} 1.5\n"
		"# HELP tether_keysvc_issued_total Keys issued.\n"
		"# TYPE tether_keysvc_issued_total counter\n"
		"tether_keysvc_issued_total 7\n"
		"# HELP tether_keysvc_refused_total Requests refused, by reason.\n"
		"# TYPE tether_keysvc_refused_total counter\n"
		"tether_keysvc_refused_total{reason=\"forged\"} 3\n"
		"tether_keysvc_refused_total{reason=\"expired\"} 1\n"
		"# HELP tether_keysvc_sessions Sessions that are neither over nor expired.\n"
		"# TYPE tether_keysvc_sessions gauge\n"
		"tether_keysvc_sessions 2\n"
		"# HELP tether_auth_guests Guests connected.\n"
		"# TYPE tether_auth_guests gauge\n"
		"tether_auth_guests 0\n");
	take("keysvc", "{\"v\":1,\"issued\":8}");
	assert_non_null(strstr(text_at(T0), "\ntether_keysvc_issued_total 8\n"));
	assert_null(strstr(text_at(T0), "tether_keysvc_sessions"));
}

static void
a_part_that_is_silent_too_long_is_down_and_its_numbers_are_not_told(void **state)
{
	const char *text;

	(void)state;
	stat_take("auth", "{\"v\":1,\"guests\":5}", 18, T0 + 1);
	assert_non_null(strstr(text_at(T0 + STAT_SILENT_MS), "part_up{part=\"keysvc\"} 1\n"));
	text = text_at(T0 + STAT_SILENT_MS + 1);
	assert_non_null(strstr(text, "tether_part_up{part=\"keysvc\"} 0\n"));
	assert_non_null(strstr(text, "tether_part_silent_seconds{part=\"keysvc\"} 30.001\n"));
	assert_null(strstr(text, "tether_keysvc_"));
	assert_non_null(strstr(text, "tether_auth_guests 5\n"));
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
		"{\"v\":1,\"issued\":9,\"other\":{}}",
		"{\"v\":1,\"issued\":9,\"issued\":10}",
	};
	char before[4096];

	(void)state;
	snprintf(before, sizeof(before), "%s", text_at(T0));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		stat_take("keysvc", wrong[i], strlen(wrong[i]), T0 + 5);
		assert_string_equal(text_at(T0), before);
	}
	take("gateway", "{\"v\":1,\"issued\":9}");
	assert_string_equal(text_at(T0), before);
}

static void
a_name_that_is_not_known_is_passed_over(void **state)
{
	(void)state;
	take("keysvc", "{\"v\":1,\"issued\":9,\"0123abcd\":4,\"x y\":1}");
	assert_non_null(strstr(text_at(T0), "tether_keysvc_issued_total 9\n"));
	assert_null(strstr(text_at(T0), "0123abcd"));
	assert_null(strstr(text_at(T0), "x y"));
}

static void
a_small_page_holds_whole_lines_only(void **state)
{
	char out[60];
	struct exposition e = {out, sizeof(out), 0};

	(void)state;
	expose_sample(&e, "one", "", "", 1);
	expose_sample(&e, "a_name_that_does_not_fit_after_the_first_line_of_this_page", "", "", 2);
	expose_sample(&e, "three", "_sum", "a=\"b\"", 0.25);
	assert_int_equal(e.at, strlen("one 1\nthree_sum{a=\"b\"} 0.25\n"));
	assert_memory_equal(out, "one 1\nthree_sum{a=\"b\"} 0.25\n", e.at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_newest_numbers_of_each_part_are_told, fill),
		cmocka_unit_test_setup(a_part_that_is_silent_too_long_is_down_and_its_numbers_are_not_told,
				       fill),
		cmocka_unit_test_setup(what_is_not_of_the_form_changes_nothing, fill),
		cmocka_unit_test_setup(a_name_that_is_not_known_is_passed_over, fill),
		cmocka_unit_test_setup(a_small_page_holds_whole_lines_only, fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

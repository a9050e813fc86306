/* Log lines, read back from a pipe that stands for standard error. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

static int ends[2], saved;

static int
redirect(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	if (saved < 0 || pipe2(ends, O_NONBLOCK) != 0) {
		return -1;
	}
	return dup2(ends[1], STDERR_FILENO) < 0 ? -1 : 0;
}

static int
restore(void **state)
{
	(void)state;
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

static const char *
logged(void)
{
	static char text[1024];
	ssize_t len = read(ends[0], text, sizeof(text) - 1);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void
a_line_has_its_priority_and_part(void **state)
{
	(void)state;
	log_open("guard", 0);
	log_note("%d of %s", 3, "four");
	assert_string_equal(logged(), "<5>guard: 3 of four\n");
	log_error("no");
	assert_string_equal(logged(), "<3>guard: no\n");
	log_warn("well");
	assert_string_equal(logged(), "<4>guard: well\n");
}

static void
debug_lines_appear_only_when_asked_for(void **state)
{
	(void)state;
	log_open("box", 0);
	log_debug("x");
	assert_string_equal(logged(), "");
	log_open("box", 1);
	log_debug("x");
	assert_string_equal(logged(), "<7>box: x\n");
}

static void
no_text_forges_a_second_line_or_drives_a_terminal(void **state)
{
	(void)state;
	log_open("link", 0);
	log_note("a\n<3>guard: b\r\033[2J\177%s", "\t");
	assert_string_equal(logged(), "<5>link: a?<3>guard: b??[2J??\n");
}

static void
a_long_line_is_cut_and_still_ends(void **state)
{
	char text[2000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_open("a part with a very long name indeed", 0);
	log_note("%s", text);
	line = logged();
	assert_in_range(strlen(line), 400, 512);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

/* The test would hang here, and be ended by ctest, if a full pipe could block. */
static void
a_full_pipe_drops_lines_and_never_blocks(void **state)
{
	(void)state;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	log_open("ui", 0);
	for (int i = 0; i < 20000; i++) {
		log_note("line %d of far more than a pipe holds", i);
	}
	assert_non_null(strstr(logged(), "<5>ui: line 0 of"));
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, redirect, restore)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PIPE(a_line_has_its_priority_and_part),
		WITH_PIPE(debug_lines_appear_only_when_asked_for),
		WITH_PIPE(no_text_forges_a_second_line_or_drives_a_terminal),
		WITH_PIPE(a_long_line_is_cut_and_still_ends),
		WITH_PIPE(a_full_pipe_drops_lines_and_never_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

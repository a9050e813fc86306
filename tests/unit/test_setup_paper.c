/*
 * The plain text of the first start: lines that fit, and the keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/setup/dialog.h"
#include "agent/setup/paper.h"

static void
lines_break_between_words_and_commands_stay_whole(void **state)
{
	char out[256];

	(void)state;
	paper_wrap("one two three\n  a command that is long\n\nlast", 8, out, sizeof(out));
	assert_string_equal(out, "one two\nthree\n  a command that is long\n\nlast\n");
	paper_wrap("averylongword x", 5, out, sizeof(out));
	assert_string_equal(out, "averylongword\nx\n");
	paper_wrap("", 5, out, sizeof(out));
	assert_string_equal(out, "");
}

static void
a_small_buffer_cuts_and_never_overruns(void **state)
{
	char out[32];

	(void)state;
	for (size_t size = 3; size < sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		paper_wrap("one two three four five six seven", 7, out, size);
		assert_true(strlen(out) < size);
		assert_int_equal(out[size], 'x');
	}
}

/* Every question, at every step, in 39 columns. */
static void
every_question_fits_forty_columns(void **state)
{
	char text[DIALOG_TEXT], out[2 * DIALOG_TEXT];
	struct wish wish = {.setup = true};
	struct options o;
	struct dialog d;

	(void)state;
	values_default(&o);
	assert_int_equal(values_set(&o, values_find("server"), "tether.example:8884"), 0);
	dialog_begin(&d, &o, &wish);
	memset(d.o.settings.limits.cap, 100, 4);
	for (d.step = STEP_SERVER; d.step < STEP_DONE; d.step++) {
		for (int i = 0; i < 4; i++) {
			d.power = i & 1;
			d.without_box = (i & 2) != 0;
			dialog_prompt(&d, text);
			paper_wrap(text, 39, out, sizeof(out));
			for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n")) {
				assert_true(strlen(line) < 40);
			}
		}
	}
}

static void
keys_make_a_line_and_stop_and_end_are_told_from_it(void **state)
{
	struct paper p = {.len = 0};

	(void)state;
	for (const char *c = "ab\x7f"
			     "cq\x01\x1b\xc3";
	     *c != '\0'; c++) {
		assert_int_equal(paper_key(&p, *c, false), PAPER_NOTHING);
	}
	assert_string_equal(p.line, "acq");
	assert_int_equal(paper_key(&p, ' ', false), PAPER_SPACE);
	assert_int_equal(paper_key(&p, '\r', false), PAPER_LINE);
	assert_int_equal(paper_key(&p, 0x15, false), PAPER_NOTHING);
	assert_string_equal(p.line, "");
	assert_int_equal(paper_key(&p, 'q', false), PAPER_QUIT);
	assert_int_equal(paper_key(&p, 'q', true), PAPER_NOTHING);
	assert_int_equal(paper_key(&p, 3, true), PAPER_QUIT);
	for (int i = 0; i < 2 * LINE_TEXT; i++) {
		(void)paper_key(&p, 'x', true);
	}
	assert_int_equal(strlen(p.line), LINE_TEXT - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_break_between_words_and_commands_stay_whole),
		cmocka_unit_test(a_small_buffer_cuts_and_never_overruns),
		cmocka_unit_test(every_question_fits_forty_columns),
		cmocka_unit_test(keys_make_a_line_and_stop_and_end_are_told_from_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What the wearer's keys ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/ui/keys.h"

struct desk {
	struct ui_keys keys;
	struct ui_view view;
	struct ui_wish wish;
};

static void
type(struct desk *d, const char *keys)
{
	ui_keys_read(&d->keys, &d->view, keys, strlen(keys), &d->wish);
}

static void
expect_one(const struct ui_wish *w, unsigned action, unsigned power, uint32_t value)
{
	assert_int_equal(w->count, 1);
	assert_int_equal(w->input[0].action, action);
	assert_int_equal(w->input[0].power, power);
	assert_int_equal(w->input[0].value, value);
}

static void
a_stop_anywhere_in_a_batch_is_all_that_is_obeyed(void **state)
{
	static const char *const batches[] = {" ",	"AAA ", "dry ",	  "\033[ ",
					      " rAAAA", "\003", "A\032r", "y\034"};

	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		struct desk d = {.view.phase = GUARD_ASKING};

		type(&d, batches[i]);
		expect_one(&d.wish, UI_STOP, 0, 0);
		assert_int_equal(d.view.cap[0][0], 0);
	}
}

/* Every state in which a key could mean something else. */
static const char *const dialogs[] = {"",      "?",	   "?s",    "l",	"s",  "sl",
				      "q",     "r",	   "A",	    "sA",	"s5", "spp",
				      "\033[", "\033[<0;", "\033O", "\033[200~"};

static void
a_stop_is_obeyed_in_every_dialog_and_closes_it(void **state)
{
	static const char *const stops[] = {" ", "\032", "\034", "\003"};

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(dialogs) / sizeof(dialogs[0]); i++) {
		struct desk d = {.view = {.latched = true, .lock_power = true}};

		type(&d, dialogs[i / 4]);
		type(&d, stops[i % 4]);
		expect_one(&d.wish, UI_STOP, 0, 0);
		assert_int_equal(ui_keys_is_asking(&d.keys), i % 4 == 3);
		assert_false(d.keys.qr || d.keys.help != 0);
		type(&d, "d"); /* and the keys are alive again */
		expect_one(&d.wish, UI_DISCONNECT, 0, 0);
	}
}

/* Every way in which a space bar has been seen to send something else than 0x20. */
static void
a_space_of_any_kind_is_a_stop_in_every_dialog_and_in_pieces(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} spaces[] = {
		{"\xe3\x80\x80", 3},   /* U+3000: an input method for Japanese or Chinese */
		{"\xc2\xa0", 2},       /* U+00A0: AltGr or Option and space */
		{"\xe2\x80\xaf", 3},   /* U+202F: the same with other layouts */
		{"\xe2\x80\x83", 3},   /* U+2003 */
		{"\xe2\x81\x9f", 3},   /* U+205F */
		{"\xe1\x9a\x80", 3},   /* U+1680 */
		{"\0", 1},	       /* Ctrl-Space */
		{"\033[32;2u", 7},     /* Shift-Space, as kitty and others send it */
		{"\033[27;2;32~", 10}, /* and xterm */
	};

	(void)state;
	for (size_t i = 0; i < 9 * sizeof(dialogs) / sizeof(dialogs[0]); i++) {
		const char *bytes = spaces[i % 9].bytes;
		struct desk d = {.view = {.latched = true, .lock_power = true}};
		bool stopped = false;

		type(&d, dialogs[i / 9]);
		ui_keys_read(&d.keys, &d.view, bytes, spaces[i % 9].n, &d.wish);
		expect_one(&d.wish, UI_STOP, 0, 0);
		assert_false(ui_keys_is_asking(&d.keys) || d.keys.qr || d.keys.help != 0);
		for (size_t k = 0; k < spaces[i % 9].n; k++) { /* as a slow line delivers it */
			ui_keys_read(&d.keys, &d.view, bytes + k, 1, &d.wish);
			stopped = d.wish.count == 1 && d.wish.input[0].action == UI_STOP;
		}
		assert_true(stopped);
	}
}

/* The bytes of a space, but of other characters. */
static void
other_characters_of_several_bytes_are_no_stop(void **state)
{
	static const char *const texts[] = {"\xc3\xa0", "\xe3\x81\x80", "\xe2\x80\x93",
					    "\xa0",	"\x80\x80",	"\xe3\x80x\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct desk d = {0};

		type(&d, texts[i]);
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
	}
}

static void
ctrl_c_stops_and_asks_whether_to_quit(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "\003");
	expect_one(&d.wish, UI_STOP, 0, 0);
	assert_true(d.keys.asking_quit);
	type(&d, "y");
	expect_one(&d.wish, UI_QUIT, 0, 0);
}

static void
quitting_and_resuming_take_y_or_enter_and_nothing_else(void **state)
{
	static const char *const yes[] = {"y", "\r", "\n"};
	static const char *const no[] = {"n", "\033", "x", "Y", "\033[A", "\t"};

	(void)state;
	for (size_t i = 0; i < 2 * 3; i++) {
		struct desk d = {.view.latched = true};

		type(&d, i % 2 == 0 ? "q" : "r");
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
		assert_non_null(d.keys.notice);
		type(&d, yes[i / 2]);
		expect_one(&d.wish, i % 2 == 0 ? UI_QUIT : UI_RESUME, 0, 0);
	}
	for (size_t i = 0; i < 2 * sizeof(no) / sizeof(no[0]); i++) {
		struct desk d = {.view.latched = true};

		type(&d, i % 2 == 0 ? "q" : "r");
		type(&d, no[i / 2]);
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
		assert_false(ui_keys_is_asking(&d.keys));
		type(&d, "y");
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
	}
}

/* Above the question stand the words of whoever asks, and "y = the same words: allow". */
static void
while_somebody_asks_y_does_not_quit(void **state)
{
	struct desk d = {.view.phase = GUARD_ASKING};

	(void)state;
	type(&d, "q");
	assert_null(strstr(d.keys.notice, "y or Enter"));
	d.view.phase = GUARD_WAITING; /* whoever asked has gone: the question still says so */
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	assert_false(ui_keys_is_asking(&d.keys));
	d.view.phase = GUARD_ASKING;
	type(&d, "q");
	type(&d, "\r");
	expect_one(&d.wish, UI_QUIT, 0, 0);
}

static void
a_yes_that_comes_with_its_question_does_not_count(void **state)
{
	static const char *const batches[] = {"qy", "q\r", "ry", "r\n", "A\r", "p\r", "xA\n\n\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
		struct desk d = {.view = {.latched = true, .lock_power = true}};

		type(&d, batches[i]);
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
		assert_true(ui_keys_is_asking(&d.keys));
		type(&d, "\r");
		assert_int_equal(d.wish.count, 1);
		assert_int_not_equal(d.wish.input[0].action, UI_CHECKIN);
	}
}

static void
a_burst_longer_than_one_read_is_one_batch(void **state)
{
	struct desk d = {0};
	char keys[UI_BATCH + 1];

	(void)state;
	memset(keys, 'x', UI_BATCH);
	keys[UI_BATCH - 1] = 'q';
	keys[UI_BATCH] = '\0';
	type(&d, keys);
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	type(&d, "y");
	expect_one(&d.wish, UI_QUIT, 0, 0);
}

static void
what_is_safer_takes_one_key(void **state)
{
	static const struct {
		const char *keys;
		struct ui_input in;
	} rows[] = {
		{"d", {UI_DISCONNECT, 0, 0}}, {"n", {UI_REFUSE, 0, 0}},
		{"a", {UI_CAP_A, 1, 35}},     {"b", {UI_CAP_B, 1, 0}},
		{"p", {UI_LOCK_POWER, 0, 1}}, {"m", {UI_LOCK_MODE, 0, 1}},
		{"w", {UI_SAVE, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < 2; k++) { /* also while a question is open */
			struct desk d = {.view = {.phase = GUARD_ASKING,
						  .power = 1,
						  .cap = {{9, 9}, {40, 3}}}};

			if (k == 1 && rows[i].in.action == UI_REFUSE) {
				continue; /* n is the no to the question */
			}
			type(&d, k == 0 ? "x" : "A");
			type(&d, rows[i].keys);
			expect_one(&d.wish, rows[i].in.action, rows[i].in.power, rows[i].in.value);
			assert_false(ui_keys_is_asking(&d.keys));
		}
	}
}

static void
what_is_riskier_is_shown_first_and_takes_enter(void **state)
{
	static const struct {
		const char *keys, *question;
		struct ui_input in;
	} rows[] = {
		{"AAA",
		 "Cap of A at low power: 40 -> 43 %. Enter = yes, Esc = no",
		 {UI_CAP_A, 0, 43}},
		{"BBBB",
		 "Cap of B at low power: 98 -> 100 %. Enter = yes, Esc = no",
		 {UI_CAP_B, 0, 100}},
		{"p", "Power lock: on -> off. Enter = yes, Esc = no", {UI_LOCK_POWER, 0, 0}},
		{"m", "Mode lock: on -> off. Enter = yes, Esc = no", {UI_LOCK_MODE, 0, 0}},
	};
	static const char *const no[] = {"y", "n", "\033", "x", "l", "?", "s"};

	(void)state;
	for (size_t i = 0; i < 8 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct desk d = {
			.view = {.lock_power = true, .lock_mode = true, .cap = {{40, 98}}}};

		type(&d, rows[i / 8].keys);
		expect_one(&d.wish, UI_CHECKIN, 0, 0);
		assert_string_equal(d.keys.notice, rows[i / 8].question);
		assert_int_equal(d.view.cap[0][0], 40);
		if (i % 8 < 7) {
			type(&d, no[i % 8]);
			expect_one(&d.wish, UI_CHECKIN, 0, 0);
			type(&d, "\r");
			expect_one(&d.wish, UI_CHECKIN, 0, 0);
		} else {
			type(&d, "\r");
			expect_one(&d.wish, rows[i / 8].in.action, 0, rows[i / 8].in.value);
		}
	}
}

static void
a_change_that_waits_grows_with_more_presses_and_ends_with_a_lower_one(void **state)
{
	struct desk d = {.view.cap = {{40, 40}}};

	(void)state;
	type(&d, "A");
	type(&d, "A");
	assert_int_equal(d.keys.change.to, 42);
	type(&d, "B"); /* another one begins anew */
	assert_int_equal(d.keys.change.to, 41);
	type(&d, "A");
	assert_int_equal(d.keys.change.to, 41);
	type(&d, "a"); /* from what it is, not from what it might have become */
	expect_one(&d.wish, UI_CAP_A, 0, 35);
	type(&d, "\r");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	type(&d, "p"); /* locked at once; unlocking waits, and the same key drops it */
	type(&d, "p");
	type(&d, "p");
	type(&d, "\r");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	assert_true(d.view.lock_power);
}

static void
only_y_lets_a_partner_in(void **state)
{
	struct desk d = {.view = {.latched = true, .lock_power = true}};

	(void)state;
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	d.view.phase = GUARD_ASKING;
	for (int c = 1; c < 256; c++) {
		char key[] = {(char)c, '\0'};
		struct desk other = d;

		type(&other, key);
		for (size_t i = 0; i < other.wish.count; i++) {
			assert_int_equal(other.wish.input[i].action == UI_ALLOW, c == 'y');
		}
	}
	type(&d, "pay"); /* as pasted text would */
	for (size_t i = 0; i < d.wish.count; i++) {
		assert_int_not_equal(d.wish.input[i].action, UI_ALLOW);
	}
	type(&d, "\033");
	type(&d, "y\n"); /* as where lines are read */
	expect_one(&d.wish, UI_ALLOW, 0, 0);
	type(&d, "n");
	expect_one(&d.wish, UI_REFUSE, 0, 0);
}

static void
a_question_that_a_partner_overtakes_is_dropped(void **state)
{
	struct desk d = {.view.phase = GUARD_LIVE};

	(void)state;
	type(&d, "q");
	d.view.phase = GUARD_ASKING;
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	assert_false(ui_keys_is_asking(&d.keys));
	assert_non_null(d.keys.notice);
	type(&d, "q");
	type(&d, "\r");
	expect_one(&d.wish, UI_QUIT, 0, 0);
	for (size_t i = 0; i < 3; i++) { /* what is safer is not held up by it */
		static const char *const keys[] = {"n", "d", "a"};
		static const uint8_t actions[] = {UI_REFUSE, UI_DISCONNECT, UI_CAP_A};

		d = (struct desk){.view = {.phase = GUARD_LIVE, .cap = {{40, 40}}}};
		type(&d, "q");
		d.view.phase = GUARD_ASKING;
		type(&d, keys[i]);
		assert_int_equal(d.wish.input[0].action, actions[i]);
	}
}

static void
resuming_needs_something_to_resume(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "r");
	assert_false(ui_keys_is_asking(&d.keys));
	assert_non_null(d.keys.notice);
}

/* A question and what a row of the settings is stay; so does that the end has begun, which the end
 * itself must not hide. */
static void
a_notice_goes_when_what_it_speaks_of_changes(void **state)
{
	static const struct {
		const char *keys, *then;
		bool stays;
	} rows[] = {
		{"r", NULL, false}, {"c", NULL, false}, {"a", NULL, false}, {"A", "\033", false},
		{"q", "n", false},  {"q", NULL, true},	{"A", NULL, true},  {"s", NULL, true},
		{"sa", NULL, true}, {"q", "y", true},
	};

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct desk d = {.view = {.phase = GUARD_LIVE, .cap = {{40, 40}}}};
		struct ui_view now;

		type(&d, rows[i / 4].keys);
		if (rows[i / 4].then != NULL) {
			type(&d, rows[i / 4].then);
		}
		now = d.view;
		now.level[0] = 7;
		now.link = LINK_LOST;
		ui_keys_follow(&d.keys, &d.view, &now); /* nothing that it speaks of */
		assert_non_null(d.keys.notice);
		now.phase = i % 4 == 0 ? GUARD_STOPPED : now.phase;
		now.latched = i % 4 == 1;
		strcpy(now.link_text, i % 4 == 2 ? "https://localhost/#x" : "");
		ui_keys_follow(&d.keys, &d.view, &now);
		assert_int_equal(d.keys.notice != NULL, rows[i / 4].stays || i % 4 == 3);
	}
}

static void
what_is_shown_has_keys_too(void **state)
{
	struct ui_areas areas = {.help_pages = 2};
	struct desk d = {0};

	(void)state;
	type(&d, "l");
	assert_true(d.keys.qr);
	type(&d, "?");
	assert_int_equal(d.keys.help, 1);
	assert_false(d.keys.qr);
	type(&d, "?");
	assert_int_equal(d.keys.help, 0);
	d.keys.areas = &areas;
	type(&d, "??");
	assert_int_equal(d.keys.help, 2);
	type(&d, "?");
	assert_int_equal(d.keys.help, 0);
	type(&d, "s?l"); /* the code is on top, then the panel */
	assert_true(d.keys.qr && d.keys.panel && d.keys.help == 0);
	type(&d, "\033");
	assert_true(!d.keys.qr && d.keys.panel);
	type(&d, "\033");
	assert_false(d.keys.panel);
	type(&d, "\014");
	assert_true(d.wish.redraw);
}

static void
arrow_and_function_keys_are_no_presses_of_ours(void **state)
{
	struct desk d = {.view.cap = {{10, 10}, {10, 10}}};

	(void)state;
	type(&d, "\033[A\033[B\033OA\033[1;5B\033[15~");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	type(&d, "\033"); /* in pieces, as slow lines deliver it */
	type(&d, "[");
	type(&d, "A");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	assert_false(ui_keys_is_asking(&d.keys));
	type(&d, "a");
	expect_one(&d.wish, UI_CAP_A, 0, 5);
	type(&d, "\033"); /* the key Esc takes nothing from the key after it */
	type(&d, "d");
	expect_one(&d.wish, UI_DISCONNECT, 0, 0);
}

static void
copying_needs_a_link(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "c");
	assert_false(d.wish.copy);
	strcpy(d.view.link_text, "https://localhost/#x");
	type(&d, "c");
	assert_true(d.wish.copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_anywhere_in_a_batch_is_all_that_is_obeyed),
		cmocka_unit_test(a_stop_is_obeyed_in_every_dialog_and_closes_it),
		cmocka_unit_test(a_space_of_any_kind_is_a_stop_in_every_dialog_and_in_pieces),
		cmocka_unit_test(other_characters_of_several_bytes_are_no_stop),
		cmocka_unit_test(ctrl_c_stops_and_asks_whether_to_quit),
		cmocka_unit_test(quitting_and_resuming_take_y_or_enter_and_nothing_else),
		cmocka_unit_test(while_somebody_asks_y_does_not_quit),
		cmocka_unit_test(a_yes_that_comes_with_its_question_does_not_count),
		cmocka_unit_test(a_burst_longer_than_one_read_is_one_batch),
		cmocka_unit_test(what_is_safer_takes_one_key),
		cmocka_unit_test(what_is_riskier_is_shown_first_and_takes_enter),
		cmocka_unit_test(
			a_change_that_waits_grows_with_more_presses_and_ends_with_a_lower_one),
		cmocka_unit_test(only_y_lets_a_partner_in),
		cmocka_unit_test(a_question_that_a_partner_overtakes_is_dropped),
		cmocka_unit_test(resuming_needs_something_to_resume),
		cmocka_unit_test(a_notice_goes_when_what_it_speaks_of_changes),
		cmocka_unit_test(what_is_shown_has_keys_too),
		cmocka_unit_test(arrow_and_function_keys_are_no_presses_of_ours),
		cmocka_unit_test(copying_needs_a_link),
	};

	return cmocka_run_group_tests_name("ui_input", tests, NULL, NULL);
}

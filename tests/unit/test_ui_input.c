/*
 * What the wearer's keys, and the lines of a headless ui, ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/ui/keys.h"
#include "agent/ui/order.h"

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

static void
a_stop_is_obeyed_in_help_and_while_quitting_is_asked(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "?");
	assert_true(d.keys.help);
	type(&d, "q");
	assert_true(d.keys.asking_quit);
	type(&d, " ");
	expect_one(&d.wish, UI_STOP, 0, 0);
	assert_false(d.keys.asking_quit);
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
quitting_needs_a_yes_and_any_other_key_does_nothing_else(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "q");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	type(&d, "d");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
}

static void
each_key_has_its_action(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "r");
	expect_one(&d.wish, UI_RESUME, 0, 0);
	type(&d, "d");
	expect_one(&d.wish, UI_DISCONNECT, 0, 0);
	type(&d, "p");
	expect_one(&d.wish, UI_LOCK_POWER, 0, 1);
	type(&d, "p");
	expect_one(&d.wish, UI_LOCK_POWER, 0, 0);
	type(&d, "m");
	expect_one(&d.wish, UI_LOCK_MODE, 0, 1);
	type(&d, "l");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	assert_true(d.keys.qr);
	type(&d, "x");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
}

static void
yes_and_no_answer_only_while_somebody_asks(void **state)
{
	struct desk d = {0};

	(void)state;
	type(&d, "y");
	expect_one(&d.wish, UI_CHECKIN, 0, 0);
	d.view.phase = GUARD_ASKING;
	type(&d, "y");
	expect_one(&d.wish, UI_ALLOW, 0, 0);
	type(&d, "n");
	expect_one(&d.wish, UI_REFUSE, 0, 0);
}

static void
caps_add_up_within_a_batch_and_stay_in_range(void **state)
{
	struct desk d = {.view = {.power = 1, .cap = {{9, 9}, {40, 98}}}};

	(void)state;
	type(&d, "AAAa");
	assert_int_equal(d.wish.count, 4);
	assert_int_equal(d.wish.input[2].value, 43);
	assert_int_equal(d.wish.input[3].value, 38);
	assert_int_equal(d.wish.input[3].power, 1);
	type(&d, "BBBB");
	assert_int_equal(d.wish.input[3].action, UI_CAP_B);
	assert_int_equal(d.wish.input[3].value, 100);
	d.view.power = 0;
	type(&d, "aaa");
	assert_int_equal(d.wish.input[2].value, 0);
	assert_int_equal(d.view.cap[0][1], 9);
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
	assert_int_equal(d.view.cap[0][0], 10);
	type(&d, "A");
	expect_one(&d.wish, UI_CAP_A, 0, 11);
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

static void
every_order_is_understood(void **state)
{
	static const struct {
		const char *line;
		struct ui_input in;
	} rows[] = {
		{"{\"cmd\":\"stop\"}", {UI_STOP, 0, 0}},
		{"{\"cmd\":\"resume\"}\r", {UI_RESUME, 0, 0}},
		{" { \"cmd\" : \"disconnect\" } ", {UI_DISCONNECT, 0, 0}},
		{"{\"cmd\":\"allow\"}", {UI_ALLOW, 0, 0}},
		{"{\"cmd\":\"refuse\"}", {UI_REFUSE, 0, 0}},
		{"{\"cmd\":\"checkin\"}", {UI_CHECKIN, 0, 0}},
		{"{\"cmd\":\"quit\"}", {UI_QUIT, 0, 0}},
		{"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":40}", {UI_CAP_A, 0, 40}},
		{"{\"value\":0,\"power\":\"high\",\"ch\":\"B\",\"cmd\":\"cap\"}", {UI_CAP_B, 1, 0}},
		{"{\"cmd\":\"cap\",\"ch\":\"B\",\"value\":9,\"power\":\"low\"}", {UI_CAP_B, 0, 9}},
		{"{\"cmd\":\"lock\",\"what\":\"power\",\"on\":false}", {UI_LOCK_POWER, 0, 0}},
		{"{\"cmd\":\"lock\",\"what\":\"mode\",\"on\":true}", {UI_LOCK_MODE, 0, 1}},
		{"{\"cmd\":\"set\",\"what\":\"hold\",\"value\":5}", {UI_HOLD, 0, 5}},
		{"{\"cmd\":\"set\",\"what\":\"idle\",\"value\":10}", {UI_IDLE, 0, 10}},
		{"{\"cmd\":\"set\",\"what\":\"checkin\",\"value\":30}", {UI_CHECKIN_MIN, 0, 30}},
		{"{\"cmd\":\"set\",\"what\":\"rise\",\"value\":100}", {UI_RISE, 0, 100}},
		{"{\"cmd\":\"ask\",\"on\":true}", {UI_ASK, 0, 1}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ui_input in = {UI_ACTION_COUNT, 9, 9};
		char why[UI_WHY];

		assert_int_equal(ui_order_parse(&in, rows[i].line, strlen(rows[i].line), why), 0);
		assert_int_equal(in.action, rows[i].in.action);
		assert_int_equal(in.power, rows[i].in.power);
		assert_int_equal(in.value, rows[i].in.value);
	}
}

static void
a_bad_order_changes_nothing_and_says_what_was_expected(void **state)
{
	static const char *const bad[] = {
		"",
		"stop",
		"[]",
		"{}",
		"{\"cmd\":5}",
		"{\"cmd\":\"dance\"}",
		"{\"cmd\":\"stop\",\"now\":true}",
		"{\"cmd\":\"stop\"} x",
		"{\"cmd\":\"stop\",\"cmd\":\"stop\"}",
		"{\"cmd\":\"cap\"}",
		"{\"cmd\":\"cap\",\"ch\":\"C\",\"value\":1}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":\"1\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":-1}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":1,\"power\":\"warm\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":1,\"Power\":\"high\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":4294967296}",
		"{\"cmd\":\"lock\",\"what\":\"power\",\"on\":1}",
		"{\"cmd\":\"lock\",\"what\":\"door\",\"on\":true}",
		"{\"cmd\":\"set\",\"what\":\"hold\"}",
		"{\"cmd\":\"set\",\"what\":\"mood\",\"value\":1}",
		"{\"cmd\":\"ask\",\"on\":\"yes\"}",
	};
	const struct ui_input before = {UI_ACTION_COUNT, 9, 9};
	char line[UI_LINE + 2], why[UI_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ui_input in = before;

		why[0] = '\0';
		assert_int_equal(ui_order_parse(&in, bad[i], strlen(bad[i]), why), -1);
		assert_memory_equal(&in, &before, sizeof(in));
		assert_ptr_equal(strstr(why, "Expected"), why);
		assert_true(strlen(why) < UI_WHY - 1); /* not cut short */
	}
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"cmd\":\"stop\"}", 14);
	assert_int_equal(ui_order_parse(&(struct ui_input){0}, line, UI_LINE, why), 0);
	assert_int_equal(ui_order_parse(&(struct ui_input){0}, line, UI_LINE + 1, why), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stop_anywhere_in_a_batch_is_all_that_is_obeyed),
		cmocka_unit_test(a_stop_is_obeyed_in_help_and_while_quitting_is_asked),
		cmocka_unit_test(ctrl_c_stops_and_asks_whether_to_quit),
		cmocka_unit_test(quitting_needs_a_yes_and_any_other_key_does_nothing_else),
		cmocka_unit_test(each_key_has_its_action),
		cmocka_unit_test(yes_and_no_answer_only_while_somebody_asks),
		cmocka_unit_test(caps_add_up_within_a_batch_and_stay_in_range),
		cmocka_unit_test(arrow_and_function_keys_are_no_presses_of_ours),
		cmocka_unit_test(copying_needs_a_link),
		cmocka_unit_test(every_order_is_understood),
		cmocka_unit_test(a_bad_order_changes_nothing_and_says_what_was_expected),
	};

	return cmocka_run_group_tests_name("ui_input", tests, NULL, NULL);
}

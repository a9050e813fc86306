/*
 * Settings edited in place: what each step is, what needs a yes, and that only values go out that
 * the guard takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/guard/settings.h"
#include "agent/ui/keys.h"
#include "agent/ui/panel.h"

struct desk {
	struct ui_keys keys;
	struct ui_view view;
	struct ui_wish wish;
};

/* The settings that a guard starts with. */
static struct desk
open_panel(void)
{
	struct desk d = {.view = {.phase = GUARD_LIVE,
				  .cap = {{40, 30}, {0, 0}},
				  .rise_ms = 100,
				  .hold_s = 5,
				  .idle_min = 10,
				  .checkin_min = 30,
				  .ask = true,
				  .lock_power = true,
				  .modes_present = 0x3fff & ~(1u << MODE_FLO),
				  .modes_allowed = 0x7fff},
			 .keys = {.panel = true}};

	return d;
}

static void
type(struct desk *d, const char *keys)
{
	ui_keys_read(&d->keys, &d->view, keys, strlen(keys), &d->wish);
}

static void
expect(const struct desk *d, unsigned action, unsigned power, uint32_t value)
{
	assert_int_equal(d->wish.count, 1);
	assert_int_equal(d->wish.input[0].action, action);
	assert_int_equal(d->wish.input[0].power, power);
	assert_int_equal(d->wish.input[0].value, value);
}

static void
left_and_right_act_at_once_or_ask_by_what_is_safer(void **state)
{
	static const struct {
		unsigned row;
		const char *key;
		bool asked;
		struct ui_input in;
	} rows[] = {
		{ROW_CAP, "-", false, {UI_CAP_A, 0, 39}},
		{ROW_CAP, "+", true, {UI_CAP_A, 0, 41}},
		{ROW_CAP + 1, "\033[C", true, {UI_CAP_B, 0, 31}},
		{ROW_CAP + 2, "=", true, {UI_CAP_A, 1, 1}},
		{ROW_CAP + 3, "+", true, {UI_CAP_B, 1, 1}},
		{ROW_RISE, "+", false, {UI_RISE, 0, 120}}, /* slower */
		{ROW_RISE, "-", true, {UI_RISE, 0, 80}},
		{ROW_HOLD, "\033[D", false, {UI_HOLD, 0, 4}},
		{ROW_HOLD, "+", true, {UI_HOLD, 0, 6}},
		{ROW_IDLE, "-", false, {UI_IDLE, 0, 5}},
		{ROW_IDLE, "+", true, {UI_IDLE, 0, 15}},
		{ROW_CHECKIN, "-", false, {UI_CHECKIN_MIN, 0, 25}},
		{ROW_CHECKIN, "+", true, {UI_CHECKIN_MIN, 0, 35}},
		{ROW_ASK, "-", true, {UI_ASK, 0, 0}},
		{ROW_LOCK_POWER, "-", true, {UI_LOCK_POWER, 0, 0}},
		{ROW_LOCK_MODE, "+", false, {UI_LOCK_MODE, 0, 1}},
		{ROW_MODE + (unsigned)MODE_WAVE, "-", false, {UI_MODES, 0, 0x7fff & ~(1u << MODE_WAVE)}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct desk d = open_panel();

		d.keys.row = rows[i].row;
		type(&d, rows[i].key);
		if (rows[i].asked) {
			expect(&d, UI_CHECKIN, 0, 0);
			assert_true(ui_keys_is_asking(&d.keys));
			type(&d, "\r");
		}
		expect(&d, rows[i].in.action, rows[i].in.power, rows[i].in.value);
		assert_false(ui_keys_is_asking(&d.keys));
	}
}

static void
a_mode_is_allowed_with_a_yes_and_modes_that_the_box_has_not_keep_what_they_are(void **state)
{
	struct desk d = open_panel();

	(void)state;
	d.keys.row = ROW_MODE + (unsigned)MODE_WAVE;
	type(&d, "-");
	type(&d, "+");
	expect(&d, UI_CHECKIN, 0, 0);
	assert_string_equal(d.keys.notice,
			    "Mode Wave: forbidden -> allowed. Enter = yes, Esc = no");
	type(&d, "\r");
	expect(&d, UI_MODES, 0, 0x7fff); /* with Flo, which this box has not */
}

/* From the safest value to the riskiest and back, every step is one the guard takes. */
static void
no_number_of_steps_leaves_the_range(void **state)
{
	(void)state;
	for (unsigned row = 0; row < ROW_MODE; row++) {
		for (int step = -1; step <= 1; step += 2) {
			uint32_t value = step < 0 ? 5 : 1;

			for (int i = 0; i < 3000; i++) {
				uint32_t to = ui_row_step(row, value, step);

				if (ui_row_takes(row, value)) {
					assert_true(ui_row_takes(row, to));
				}
				value = to;
			}
			assert_true(ui_row_takes(row, value));
			assert_int_equal(ui_row_step(row, value, step), value); /* the end */
		}
	}
}

static void
off_follows_the_longest_time_and_is_the_riskiest(void **state)
{
	uint32_t min, max;

	(void)state;
	assert_int_equal(settings_range(UI_CHECKIN_MIN, &min, &max), 0);
	assert_int_equal(ui_row_step(ROW_CHECKIN, max, 1), 0);
	assert_int_equal(ui_row_step(ROW_CHECKIN, 0, -1), max);
	assert_int_equal(ui_row_step(ROW_CHECKIN, max - 1, 1), max);
	assert_int_equal(ui_row_step(ROW_CHECKIN, 1, -1), 1); /* never off by shortening */
	assert_int_equal(ui_row_step(ROW_CHECKIN, 3, -1), 1);
	assert_true(ui_row_is_riskier(ROW_CHECKIN, max, 0));
	assert_true(ui_row_is_riskier(ROW_IDLE, 1, 0));
	assert_false(ui_row_is_riskier(ROW_IDLE, 0, max));
}

static void
digits_are_a_value_once_enter_says_so(void **state)
{
	struct desk d = open_panel();

	(void)state;
	type(&d, "2");
	assert_string_equal(d.keys.notice,
			    "Cap of A at low power: 40 -> 2 %. Enter = yes, Esc = no");
	type(&d, "5");
	type(&d, "\177");
	type(&d, "6");
	expect(&d, UI_CHECKIN, 0, 0);
	type(&d, "\r");
	expect(&d, UI_CAP_A, 0, 26);
	d.keys.row = ROW_HOLD;
	type(&d, "31");
	assert_non_null(strstr(d.keys.notice, "outside its range"));
	type(&d, "\r");
	expect(&d, UI_CHECKIN, 0, 0);
	assert_string_equal(d.keys.notice, "Nothing was changed.");
	type(&d, "999999999999");
	type(&d, "\r");
	expect(&d, UI_CHECKIN, 0, 0);
	d.keys.row = ROW_LOCK_POWER; /* not a number */
	type(&d, "0");
	type(&d, "\r");
	expect(&d, UI_CHECKIN, 0, 0);
	d.keys.row = ROW_CAP;
	type(&d, "9\r"); /* pasted */
	expect(&d, UI_CHECKIN, 0, 0);
}

static void
rows_are_chosen_with_arrows_j_and_k_and_absent_modes_are_passed_over(void **state)
{
	struct desk d = open_panel();

	(void)state;
	type(&d, "j\033[B\033OB");
	assert_int_equal(d.keys.row, 3);
	type(&d, "k\033[A");
	assert_int_equal(d.keys.row, 1);
	assert_string_equal(d.keys.notice,
			    "Cap of B at low power: 30 %. No partner can go above it.");
	type(&d, "kkkk");
	assert_int_equal(d.keys.row, 0);
	for (int i = 0; i < ROW_COUNT; i++) {
		type(&d, "j");
		assert_int_not_equal(d.keys.row, ROW_MODE + (unsigned)MODE_FLO);
		expect(&d, UI_CHECKIN, 0, 0);
	}
	assert_int_equal(d.keys.row, ROW_MODE + 13);
}

static void
the_wheel_and_clicks_choose_and_change_nothing(void **state)
{
	struct ui_areas areas = {.area = {{5, 0, 1, 40, UI_KEY_ROW + (unsigned)ROW_HOLD},
					  {6, 0, 1, 40, UI_KEY_ROW + (unsigned)ROW_MODE + MODE_FLO}},
				 .count = 2};
	struct desk d = open_panel();

	(void)state;
	d.keys.areas = &areas;
	type(&d, "\033[<65;1;1M\033[<65;1;1M\033[<64;1;1M");
	expect(&d, UI_CHECKIN, 0, 0);
	assert_int_equal(d.keys.row, 1);
	type(&d, "\033[<0;3;6M");
	expect(&d, UI_CHECKIN, 0, 0);
	assert_int_equal(d.keys.row, ROW_HOLD);
	type(&d, "\033[<0;3;7M"); /* a mode that this box has not */
	assert_int_equal(d.keys.row, ROW_HOLD);
	d.keys.panel = false;
	type(&d, "\033[<64;1;1M\033[<0;3;6M");
	expect(&d, UI_CHECKIN, 0, 0);
	assert_false(ui_keys_is_asking(&d.keys));
}

/* The view is changed as the guard changes its settings, so that several presses add up. */
static void
what_is_sent_is_what_the_view_then_says(void **state)
{
	(void)state;
	for (unsigned row = 0; row < ROW_COUNT; row++) {
		struct desk d = open_panel();
		uint32_t value = ui_row_step(row, ui_row_value(&d.view, row), -1);
		struct ui_input in = ui_row_set(&d.view, row, value);
		struct settings s;
		char text[120], label[UI_LABEL], words[UI_LABEL];

		settings_default(&s);
		assert_int_equal(settings_apply(&s, &in, text, sizeof(text)), 0);
		assert_int_equal(ui_row_value(&d.view, row), value);
		ui_row_label(row, label);
		assert_true(strlen(label) > 0 && strlen(label) < UI_LABEL - 1);
		assert_true(strlen(ui_row_words(row, value, words)) > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_and_right_act_at_once_or_ask_by_what_is_safer),
		cmocka_unit_test(
			a_mode_is_allowed_with_a_yes_and_modes_that_the_box_has_not_keep_what_they_are),
		cmocka_unit_test(no_number_of_steps_leaves_the_range),
		cmocka_unit_test(off_follows_the_longest_time_and_is_the_riskiest),
		cmocka_unit_test(digits_are_a_value_once_enter_says_so),
		cmocka_unit_test(
			rows_are_chosen_with_arrows_j_and_k_and_absent_modes_are_passed_over),
		cmocka_unit_test(the_wheel_and_clicks_choose_and_change_nothing),
		cmocka_unit_test(what_is_sent_is_what_the_view_then_says),
	};

	return cmocka_run_group_tests_name("ui_panel", tests, NULL, NULL);
}

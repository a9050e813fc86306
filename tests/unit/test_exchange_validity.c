/*
 * The conversation with the box: what it does without the guard's word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/modes.h"
#include "talk.h"

/* ---- validity -------------------------------------------------------------------------------- */

static void
when_heartbeats_stop_k_is_written_within_their_validity(void **state)
{
	struct talk t;
	uint64_t stopped;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	stopped = talk_ms(&t);
	talk_pass(&t, 1300);
	assert_int_equal(t.box.a, 0);
	while (strcmp(talk_next_write(&t), "K\r") != 0) {
	}
	assert_in_range(t.wrote[t.seen - 1].at, stopped + 700, stopped + 1000);
	assert_false(talk_wrote_other_than_kill(&t));
	assert_int_equal(talk_report(&t).kills, 1);
}

static void
a_kill_that_was_ordered_is_none_of_its_own(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 1000);
	assert_true(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).kills, 0);
}

static void
an_order_that_expired_while_it_waited_becomes_k(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_PARAM_C, 60); /* in flight for 42 ms, then 30 ms of quiet */
	talk_order_for(&t, ACT_LEVEL_A, 41, 71 * NS_MS);
	talk_pass(&t, 150);
	assert_false(talk_wrote(&t, "A41\r"));
	assert_true(talk_wrote(&t, "K\r"));
	assert_int_equal(t.box.a, 0);
}

static void
an_order_that_is_valid_for_long_enough_is_written(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_PARAM_C, 60);
	talk_order_for(&t, ACT_LEVEL_A, 41, 150 * NS_MS); /* a poll comes between */
	talk_pass(&t, 160);
	assert_true(talk_wrote(&t, "A41\r"));
	assert_false(talk_wrote(&t, "K\r"));
}

static void
heartbeats_out_of_a_backlog_do_not_count(void **state)
{
	struct talk t;
	struct box_order old;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	old = (struct box_order){.seq = ++t.seq, .valid_until = t.now + MAX_VALIDITY};
	talk_pass(&t, 1000);
	talk_look_from_here(&t);
	for (int i = 0; i < 100; i++) {
		exchange_order(&t.x, &old, t.now);
		talk_pass(&t, 10);
	}
	assert_false(talk_wrote_other_than_kill(&t));
}

/* A guard that was stopped between decision and order knows nothing of the zero meanwhile. */
static void
an_order_from_before_a_zero_of_its_own_is_not_written_after_it(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	talk_pass(&t, 2000);
	assert_true(talk_report(&t).zero);
	talk_order(&t, ACT_LEVEL_A, 41);
	talk_pass(&t, 500);
	assert_false(talk_wrote(&t, "A41\r"));
	assert_int_equal(t.box.a, 0);
}

static void
no_validity_reaches_further_than_a_second(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	talk_order_for(&t, ACT_HEARTBEAT, 0, UINT64_MAX / 2);
	talk_pass(&t, 999);
	assert_int_equal(t.box.a, 80);
	talk_pass(&t, 50);
	assert_int_equal(t.box.a, 0);
}

static void
after_a_sleep_of_the_computer_the_first_write_is_k(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_PARAM_C, 60);
	talk_order_for(&t, ACT_LEVEL_A, 60, MAX_VALIDITY);
	talk_look_from_here(&t);
	t.now += 3600 * 1000 * NS_MS;
	talk_write_due(&t);
	assert_string_equal(talk_next_write(&t), "K\r");
	talk_pass(&t, 1000);
	assert_false(talk_wrote(&t, "A60\r"));
}

static void
when_heartbeats_come_back_orders_are_obeyed_again_from_zero(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	talk_pass(&t, 2000);
	t.beats = true;
	talk_pass(&t, 100);
	assert_true(talk_report(&t).zero);
	talk_look_from_here(&t);
	talk_order(&t, ACT_LEVEL_A, 5);
	talk_pass(&t, 100);
	assert_true(talk_wrote(&t, "A5\r"));
}

/* ---- the guard's end ------------------------------------------------------------------------- */

static void
the_guards_end_is_zero_confirmed_anew_then_over(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	assert_true(talk_report(&t).zero);
	t.beats = false;
	exchange_close(&t.x, t.now);
	assert_false(exchange_over(&t.x));
	talk_write_due(&t);
	assert_string_equal(talk_next_write(&t), "K\r");
	talk_pass(&t, 100);
	assert_false(exchange_over(&t.x));
	while (!exchange_over(&t.x)) {
		talk_pass(&t, 1);
	}
	assert_int_equal(t.x.kills, 5); /* three at once, two that confirm */
}

static void
without_an_answer_the_guards_end_is_never_over(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	t.box.answers = false;
	exchange_close(&t.x, t.now);
	talk_pass(&t, 60000);
	assert_false(exchange_over(&t.x));
	assert_false(talk_wrote_other_than_kill(&t));
	assert_true(t.writes - t.seen > 230);
	t.box.answers = true;
	t.pending_first = t.pending_last - 1;
	talk_pass(&t, 1000);
	assert_true(exchange_over(&t.x));
}

static void
after_the_guards_end_no_order_counts(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	exchange_close(&t.x, t.now);
	talk_order(&t, ACT_LEVEL_A, 50);
	talk_pass(&t, 3000); /* heartbeats go on */
	assert_false(talk_wrote_other_than_kill(&t));
}

static void
an_impossible_order_is_the_guards_end(void **state)
{
	static const uint8_t bad[][2] = {
		{ACT_LEVEL_A, 101}, {ACT_PARAM_C, 1}, {ACT_MODE, MODE_COUNT},
		{ACT_POWER, 2},	    {8, 0},	      {255, 255}};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		talk_begin_at(&t, 40);
		talk_order(&t, bad[i][0], bad[i][1]);
		assert_string_equal(talk_next_write(&t), "K\r");
		talk_pass(&t, 1000);
		assert_true(exchange_over(&t.x));
	}
}

/* ---- where levels act late ------------------------------------------------------------------- */

#define STEP 12 /* on 2.106 */

static void
begin_in_step(struct talk *t)
{
	talk_begin_at(t, 40);
	t->box.mode = STEP;
	talk_pass(t, 500);
	assert_int_equal(talk_report(t).mode, MODE_STEP);
	talk_look_from_here(t);
	t->beats = false;
}

/* At least five K's, M0, then K only. */
static void
assert_calmed(struct talk *t)
{
	unsigned kills = 0;
	const char *text = talk_next_write(t);

	for (; strcmp(text, "K\r") == 0; text = talk_next_write(t)) {
		kills++;
	}
	assert_true(kills >= 5);
	assert_string_equal(text, "M0\r");
	assert_int_equal(t->box.mode, 0);
	assert_false(talk_wrote_other_than_kill(t));
}

static void
the_guards_end_in_step_sets_pulse_once_zero_is_confirmed_and_confirms_anew(void **state)
{
	struct talk t;

	(void)state;
	begin_in_step(&t);
	exchange_close(&t.x, t.now);
	while (!exchange_over(&t.x)) {
		talk_pass(&t, 1);
		assert_true(talk_ms(&t) < 5000);
	}
	assert_calmed(&t);
	assert_true(talk_report(&t).zero);
}

static void
a_guard_that_only_fell_silent_finds_pulse_and_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_in_step(&t);
	while (!talk_wrote(&t, "K\r")) { /* polls until the validity is over */
		talk_pass(&t, 1);
		if (!talk_wrote(&t, "K\r")) {
			talk_look_from_here(&t);
		}
	}
	talk_pass(&t, 2000);
	assert_calmed(&t);
	talk_look_from_here(&t);
	t.beats = true;
	talk_pass(&t, 200);
	assert_true(talk_report(&t).zero);
	talk_order(&t, ACT_LEVEL_A, 5);
	talk_pass(&t, 100);
	assert_true(talk_wrote(&t, "A5\r"));
}

static void
pulse_that_the_box_did_not_take_is_set_again(void **state)
{
	struct talk t;

	(void)state;
	begin_in_step(&t);
	exchange_close(&t.x, t.now);
	while (!talk_wrote(&t, "M0\r")) {
		talk_pass(&t, 1);
	}
	t.box.err = 1;
	talk_pass(&t, REPLY_MS + 1);
	assert_int_equal(t.box.mode, STEP);
	assert_false(exchange_over(&t.x));
	talk_pass(&t, 1000);
	assert_int_equal(t.box.mode, 0);
	assert_true(exchange_over(&t.x));
}

static void
with_the_guards_word_the_mode_is_left_to_the_guard(void **state)
{
	struct talk t;

	(void)state;
	begin_in_step(&t);
	t.beats = true;
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 2000);
	assert_true(talk_report(&t).zero);
	assert_false(talk_wrote(&t, "M0\r"));
	assert_int_equal(t.box.mode, STEP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(when_heartbeats_stop_k_is_written_within_their_validity),
		cmocka_unit_test(a_kill_that_was_ordered_is_none_of_its_own),
		cmocka_unit_test(an_order_that_expired_while_it_waited_becomes_k),
		cmocka_unit_test(an_order_that_is_valid_for_long_enough_is_written),
		cmocka_unit_test(heartbeats_out_of_a_backlog_do_not_count),
		cmocka_unit_test(an_order_from_before_a_zero_of_its_own_is_not_written_after_it),
		cmocka_unit_test(no_validity_reaches_further_than_a_second),
		cmocka_unit_test(after_a_sleep_of_the_computer_the_first_write_is_k),
		cmocka_unit_test(when_heartbeats_come_back_orders_are_obeyed_again_from_zero),
		cmocka_unit_test(the_guards_end_is_zero_confirmed_anew_then_over),
		cmocka_unit_test(without_an_answer_the_guards_end_is_never_over),
		cmocka_unit_test(after_the_guards_end_no_order_counts),
		cmocka_unit_test(an_impossible_order_is_the_guards_end),
		cmocka_unit_test(
			the_guards_end_in_step_sets_pulse_once_zero_is_confirmed_and_confirms_anew),
		cmocka_unit_test(a_guard_that_only_fell_silent_finds_pulse_and_zero),
		cmocka_unit_test(pulse_that_the_box_did_not_take_is_set_again),
		cmocka_unit_test(with_the_guards_word_the_mode_is_left_to_the_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

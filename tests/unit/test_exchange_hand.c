/*
 * The conversation with the box: the wearer's hand at the box wins over what is on its way to it,
 * and a command that the cable lost is not taken for that hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/modes.h"
#include "talk.h"

/* One order, given when the last poll is too old to serve. */
static void
order_late(struct talk *t, uint8_t act, uint8_t value)
{
	talk_begin_at(t, 40);
	talk_pass(t, 100);
	talk_look_from_here(t);
	talk_order(t, act, value);
}

static void
what_would_override_a_hand_is_written_on_the_heels_of_a_poll(void **state)
{
	static const struct {
		uint8_t act, value;
		const char *text;
	} orders[] = {{ACT_LEVEL_A, 41, "A41\r"}, {ACT_LEVEL_A, 39, "A39\r"}, {ACT_LEVEL_B, 1, "B1\r"},
		      {ACT_PARAM_C, 51, "C51\r"}, {ACT_PARAM_D, 49, "D49\r"}};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		order_late(&t, orders[i].act, orders[i].value);
		assert_string_equal(talk_next_write(&t), "\r");
		talk_pass(&t, REPLY_MS + 30);
		assert_string_equal(talk_next_write(&t), orders[i].text);
		talk_pass(&t, REPLY_MS);
		assert_int_equal(talk_report(&t).done, t.ordered);
	}
}

static void
the_answer_to_a_write_of_one_channel_is_a_look_at_the_other(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_LEVEL_A, 41);
	talk_pass(&t, REPLY_MS);
	talk_order(&t, ACT_LEVEL_B, 1);
	talk_pass(&t, 30);
	assert_string_equal(talk_next_write(&t), "A41\r");
	assert_string_equal(talk_next_write(&t), "B1\r");
	talk_pass(&t, REPLY_MS);
	talk_order(&t, ACT_LEVEL_B, 2);
	talk_pass(&t, 30);
	assert_string_equal(talk_next_write(&t), "\r");
}

static void
zero_and_k_do_not_wait_for_a_poll(void **state)
{
	struct talk t;

	(void)state;
	order_late(&t, ACT_LEVEL_A, 0);
	assert_string_equal(talk_next_write(&t), "A0\r");
	order_late(&t, ACT_KILL, 0);
	assert_string_equal(talk_next_write(&t), "K\r");
}

static void
an_order_given_before_the_hand_was_seen_is_dropped_and_counts_as_done(void **state)
{
	struct talk t;

	(void)state;
	for (unsigned what = 0; what < 4; what++) {
		order_late(&t, ACT_LEVEL_A, 41);
		t.box.a = what == 0 ? 0 : 80;
		t.box.b = what == 1 ? 30 : 0;
		t.box.mode = what == 2 ? 1 : 0;
		t.box.power = what == 3 ? 'H' : 'L';
		talk_pass(&t, 500);
		assert_false(talk_wrote(&t, "A41\r"));
		assert_int_equal(talk_report(&t).done, t.ordered);
		assert_int_equal(talk_report(&t).a, t.box.a);
	}
	order_late(&t, ACT_PARAM_C, 51);
	t.box.c = 20;
	talk_pass(&t, 500);
	assert_false(talk_wrote(&t, "C51\r"));
	assert_int_equal(talk_report(&t).done, t.ordered);
}

/* A guard that ramps up blindly, and a knob that is turned to zero once, at any moment: at most one
 * write may follow, of an order that had its poll already. */
static void
a_knob_turned_to_zero_in_a_ramp_is_overridden_in_one_short_window_only(void **state)
{
	struct talk t;
	unsigned overridden = 0;

	(void)state;
	for (unsigned wait = 0; wait < 300; wait++) {
		unsigned before;

		talk_begin_at(&t, 20);
		for (unsigned ms = 0; ms < wait; ms++) {
			if (talk_report(&t).done >= t.ordered) {
				talk_order(&t, ACT_LEVEL_A, (uint8_t)(talk_report(&t).a / 2 + 1));
			}
			talk_pass(&t, 1);
		}
		t.box.a = 0;
		before = t.ordered;
		talk_pass(&t, 400);
		overridden += t.box.a != 0;
		assert_true(talk_report(&t).done >= before);
	}
	/* Between a poll's answer and the box's hearing the write: 72 of 144 ms. */
	assert_in_range(overridden, 1, 160);
}

/* ---- lost on the cable ----------------------------------------------------------------------- */

/* One byte of what is on its way to the box changes: to it that is another question for its status. */
static void
garble(struct talk *t)
{
	assert_true(t->pending_first < t->pending_last);
	t->pending[t->pending_last - 1][0] = 'x';
}

static void
a_command_that_the_cable_garbled_is_written_once_more(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_LEVEL_A, 41);
	garble(&t);
	talk_pass(&t, 400);
	assert_string_equal(talk_next_write(&t), "A41\r");
	assert_string_equal(talk_next_write(&t), "\r");
	assert_string_equal(talk_next_write(&t), "A41\r");
	assert_int_equal(t.box.a, 82);
	assert_int_equal(talk_report(&t).done, t.ordered);
}

static void
one_that_the_box_does_not_obey_twice_is_told_as_it_is(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_LEVEL_A, 41);
	garble(&t);
	talk_pass(&t, 200);
	while (strcmp(t.wrote[t.writes - 1].text, "A41\r") != 0) {
		talk_pass(&t, 1);
	}
	garble(&t);
	talk_pass(&t, 400);
	assert_int_equal(talk_report(&t).a, 80);
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_false(talk_wrote(&t, "K\r"));
}

/* Not to be taken for a hand that holds the level up: it would be exempt from a lowered cap. */
static void
one_that_lowers_a_level_is_repeated_until_it_is_done_or_becomes_k(void **state)
{
	struct talk t;
	unsigned lost = 0;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_LEVEL_A, 10);
	for (unsigned ms = 0; ms < 1500; ms++) {
		if (t.pending_first < t.pending_last && strcmp(t.pending[t.pending_last - 1], "A10\r") == 0) {
			garble(&t);
			lost++;
		}
		talk_pass(&t, 1);
	}
	assert_in_range(lost, 3, 10);
	assert_true(talk_wrote(&t, "K\r"));
	assert_int_equal(t.box.a, 0);
}

/* ---- a stop ---------------------------------------------------------------------------------- */

/* The box process may have begun a kill that the guard knows nothing of. */
static void
a_stop_empties_the_mailbox_of_a_kill_that_was_under_way(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	while (!t.x.killing || t.x.zeros < 2) {
		talk_pass(&t, 1);
	}
	talk_order(&t, ACT_LEVEL_A, 1);
	talk_pass(&t, 10);
	talk_order(&t, ACT_KILL, 0);
	t.beats = true;
	talk_pass(&t, 3000);
	assert_int_equal(t.box.a, 0);
	assert_true(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).done, t.ordered);
}

/* ---- a box that can't be calmed -------------------------------------------------------------- */

static void
pulse_is_not_asked_for_for_ever(void **state)
{
	struct talk t;
	unsigned asked = 0;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.mode = 12; /* Step on 2.106 */
	talk_pass(&t, 500);
	t.beats = false;
	exchange_close(&t.x, t.now);
	for (unsigned ms = 0; ms < 10000 && !exchange_over(&t.x); ms++) {
		if (t.pending_first < t.pending_last && strcmp(t.pending[t.pending_last - 1], "M0\r") == 0) {
			garble(&t);
			asked++;
		}
		talk_pass(&t, 1);
	}
	assert_true(exchange_over(&t.x));
	assert_int_equal(asked, MAX_CALMS);
}

static void
a_box_that_is_off_is_not_asked_for_pulse(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.mode = 12;
	t.box.battery = 230; /* switched off: docs/BOX.md, section 5 */
	talk_pass(&t, 500);
	t.beats = false;
	exchange_close(&t.x, t.now);
	talk_look_from_here(&t);
	talk_pass(&t, 2000);
	assert_true(exchange_over(&t.x));
	assert_false(talk_wrote_other_than_kill(&t));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_override_a_hand_is_written_on_the_heels_of_a_poll),
		cmocka_unit_test(the_answer_to_a_write_of_one_channel_is_a_look_at_the_other),
		cmocka_unit_test(zero_and_k_do_not_wait_for_a_poll),
		cmocka_unit_test(an_order_given_before_the_hand_was_seen_is_dropped_and_counts_as_done),
		cmocka_unit_test(a_knob_turned_to_zero_in_a_ramp_is_overridden_in_one_short_window_only),
		cmocka_unit_test(a_command_that_the_cable_garbled_is_written_once_more),
		cmocka_unit_test(one_that_the_box_does_not_obey_twice_is_told_as_it_is),
		cmocka_unit_test(one_that_lowers_a_level_is_repeated_until_it_is_done_or_becomes_k),
		cmocka_unit_test(a_stop_empties_the_mailbox_of_a_kill_that_was_under_way),
		cmocka_unit_test(pulse_is_not_asked_for_for_ever),
		cmocka_unit_test(a_box_that_is_off_is_not_asked_for_pulse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

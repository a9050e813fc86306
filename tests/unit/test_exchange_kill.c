/*
 * The conversation with the box: how it begins, and how it gets to a confirmed zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/modes.h"
#include "talk.h"

/* ---- from the start -------------------------------------------------------------------------- */

static void
it_begins_with_k_and_obeys_nothing_until_zero_is_confirmed(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.box.a = 60;
	t.box.answers = false;
	for (int i = 0; i < 20; i++) {
		talk_order(&t, ACT_LEVEL_A, 10);
		talk_pass(&t, 100);
	}
	assert_string_equal(t.wrote[0].text, "K\r");
	assert_int_equal(t.wrote[0].at, 0);
	assert_false(talk_wrote_other_than_kill(&t));
	assert_false(talk_report(&t).zero);
	t.box.answers = true;
	talk_pass(&t, 3000);
	assert_true(talk_report(&t).zero);
	assert_false(talk_wrote(&t, "A10\r")); /* dropped, not kept for later */
	talk_order(&t, ACT_LEVEL_A, 11);
	talk_pass(&t, 200);
	assert_true(talk_wrote(&t, "A11\r"));
}

static void
it_is_starting_then_silent_while_no_reply_ever_came(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.box.answers = false;
	talk_pass(&t, 490);
	assert_int_equal(talk_report(&t).port, PORT_STARTING);
	talk_pass(&t, 20);
	assert_int_equal(talk_report(&t).port, PORT_SILENT);
	assert_int_equal(talk_report(&t).fields, 0);
	assert_int_equal(talk_report(&t).percent, 255);
	assert_int_equal(talk_report(&t).modes, 0);
}

static void
without_heartbeats_it_writes_nothing_but_k(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	t.beats = false;
	talk_pass(&t, 5000);
	assert_false(talk_wrote_other_than_kill(&t));
	assert_true(talk_report(&t).zero);
	assert_in_range(t.writes, 20, 26); /* four a second once confirmed */
}

/* ---- kill ------------------------------------------------------------------------------------ */

static void
a_kill_is_written_at_once_and_again_after_60_and_120_ms(void **state)
{
	struct talk t;
	uint64_t began;

	(void)state;
	talk_begin_at(&t, 40);
	began = talk_ms(&t);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 130);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(t.wrote[t.seen].at, began + 60 * i);
		assert_string_equal(talk_next_write(&t), "K\r");
	}
}

static void
a_kill_does_not_wait_for_a_reply_in_flight(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_LEVEL_A, 40);
	assert_string_equal(talk_next_write(&t), "A40\r");
	talk_order(&t, ACT_KILL, 0);
	assert_string_equal(talk_next_write(&t), "K\r");
}

static void
a_kill_empties_the_mailbox(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_LEVEL_A, 40); /* in flight */
	talk_order(&t, ACT_LEVEL_B, 50); /* waits */
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 3000);
	assert_false(talk_wrote(&t, "B50\r"));
	assert_true(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).done, t.ordered);
}

static void
a_kill_is_repeated_every_250_ms_while_nobody_answers(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_pass(&t, 20);
	t.box.answers = false;
	talk_look_from_here(&t);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 10000);
	assert_false(talk_wrote_other_than_kill(&t));
	assert_int_equal(t.wrote[t.seen + 1].at - t.wrote[t.seen].at, 60);
	assert_int_equal(t.wrote[t.seen + 2].at - t.wrote[t.seen].at, 120);
	for (size_t i = t.seen + 3; i < t.writes; i++) {
		assert_int_equal(t.wrote[i].at - t.wrote[i - 1].at, 250);
	}
	assert_true(t.writes - t.seen >= 40);
	assert_false(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).port, PORT_SILENT);
}

static void
zero_is_confirmed_by_two_replies_to_ks_that_were_written_into_silence(void **state)
{
	struct talk t;
	uint64_t began;

	(void)state;
	talk_begin_at(&t, 40);
	talk_pass(&t, 20);
	talk_look_from_here(&t);
	began = talk_ms(&t);
	talk_order(&t, ACT_KILL, 0);
	while (!talk_report(&t).zero) {
		talk_pass(&t, 1);
	}
	/* 0, 60 and 120 have replies up to 162; then two K's, each 60 ms after the last byte. */
	assert_int_equal(t.writes - t.seen, 5);
	assert_in_range(talk_ms(&t) - began, 120 + 3 * REPLY_MS + 2 * 60,
			120 + 3 * REPLY_MS + 2 * 60 + 2);
	assert_true(talk_report(&t).done < t.ordered);
	talk_pass(&t, 61);
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_false(t.x.killing);
}

static void
a_reply_that_is_not_zero_starts_the_confirmation_anew(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_pass(&t, 20);
	t.box.answers = false;
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 1000);
	t.pending_first = t.pending_last;
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 61);
	talk_say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 61);
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 1);
	assert_false(talk_report(&t).zero);
	talk_pass(&t, 60);
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	assert_true(talk_report(&t).zero);
}

/* The menu was open while polls and an order were written; when it closes, old answers come in a
 * burst, the first of which say zero though the box is at 40 percent in between. */
static void
a_burst_of_old_replies_confirms_nothing(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_pass(&t, 2000);
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 10);
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 10);
	talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	talk_pass(&t, 10);
	talk_say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	assert_false(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).a, 80); /* the newest line is what is shown */
	t.pending_first = t.pending_last;
	t.reply_at = 0;
	t.box.answers = true;
	talk_pass(&t, 59);
	assert_false(talk_report(&t).zero);
	talk_pass(&t, 1000);
	assert_true(talk_report(&t).zero);
}

static void
a_real_menu_that_closes_ends_in_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_pass(&t, 100);
	talk_order(&t, ACT_LEVEL_A, 60);
	talk_pass(&t, 3000);
	assert_int_equal(talk_report(&t).port, PORT_SILENT);
	assert_false(talk_report(&t).zero);
	t.box.answers = true;
	talk_pass(&t, 3000);
	assert_int_equal(talk_report(&t).port, PORT_OK);
	assert_true(talk_report(&t).zero);
	assert_int_equal(t.box.a, 0);
	assert_false(t.x.killing);
}

static void
err_and_broken_lines_confirm_nothing(void **state)
{
	static const char *const lines[] = {"ERR\n", "540:0:0:100\n", "garbage\n"};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		talk_begin_at(&t, 40);
		talk_pass(&t, 20);
		t.box.answers = false;
		talk_order(&t, ACT_KILL, 0);
		for (int n = 0; n < 20; n++) {
			talk_pass(&t, 70);
			talk_say(&t, lines[i]);
		}
		assert_false(talk_report(&t).zero);
		assert_false(talk_wrote_other_than_kill(&t));
	}
}

static void
a_kill_at_zero_is_confirmed_anew(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	assert_true(talk_report(&t).zero);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 100);
	assert_false(talk_report(&t).zero);
	talk_pass(&t, 400);
	assert_true(talk_report(&t).zero);
}

static void
an_order_between_the_two_replies_that_confirm_is_dropped(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_KILL, 0);
	while (t.x.zeros < 1) {
		talk_pass(&t, 1);
	}
	talk_order(&t, ACT_LEVEL_A, 7);
	talk_pass(&t, 1000);
	assert_true(talk_report(&t).zero);
	assert_false(talk_wrote(&t, "A7\r"));
}

static void
an_order_right_after_the_confirmation_waits_for_the_quiet_behind_it(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_KILL, 0);
	while (!talk_report(&t).zero) {
		talk_pass(&t, 1);
	}
	talk_look_from_here(&t);
	talk_order(&t, ACT_LEVEL_A, 7);
	assert_string_equal(talk_next_write(&t), "");
	talk_pass(&t, 60);
	assert_string_equal(talk_next_write(&t), "\r");
	talk_pass(&t, 75);
	assert_string_equal(talk_next_write(&t), "A7\r");
}

static void
an_order_right_after_a_confirmation_that_proves_wrong_is_dropped(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_KILL, 0);
	while (!talk_report(&t).zero) {
		talk_pass(&t, 1);
	}
	talk_order(&t, ACT_LEVEL_A, 7);
	talk_say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	assert_false(talk_report(&t).zero);
	talk_pass(&t, 1000);
	assert_true(talk_report(&t).zero);
	assert_false(talk_wrote(&t, "A7\r"));
}

static void
a_second_kill_during_the_first_is_done_with_it(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 50);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 600);
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_true(talk_report(&t).zero);
}

/* From the first K on, at each moment: the knob is turned up, and then comes the stop. */
static void
a_stop_during_another_is_confirmed_by_ks_of_its_own(void **state)
{
	struct talk t;

	(void)state;
	for (unsigned ms = 0; ms < 600; ms += 5) {
		talk_begin_at(&t, 40);
		talk_order(&t, ACT_KILL, 0);
		talk_pass(&t, ms);
		t.box.b = 40;
		talk_look_from_here(&t);
		talk_order(&t, ACT_KILL, 0);
		talk_pass(&t, 130);
		assert_true(talk_wrote(&t, "K\r"));
		assert_int_equal(t.box.b, 0);
		talk_pass(&t, 600);
		assert_true(talk_report(&t).zero);
		assert_int_equal(talk_report(&t).done, t.ordered);
	}
}

/* A terminal repeats a key that is held every 30 ms or so. */
static void
a_stop_that_is_held_is_confirmed_all_the_same(void **state)
{
	struct talk t;
	unsigned ms = 0;

	(void)state;
	talk_begin_at(&t, 40);
	do {
		talk_order(&t, ACT_KILL, 0);
		talk_pass(&t, 30);
		ms += 30;
	} while (ms < 900 && !(talk_report(&t).zero && talk_report(&t).done == t.ordered));
	assert_in_range(ms, 300, 800);
}

static void
the_wearers_hand_on_the_knob_ends_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	assert_true(talk_report(&t).zero);
	t.box.b = 3;
	talk_pass(&t, 300);
	assert_false(talk_report(&t).zero);
	assert_int_equal(talk_report(&t).b, 3);
	t.box.b = 0;
	talk_pass(&t, 300);
	assert_false(talk_report(&t).zero); /* nobody wrote K since */
}

static void
that_a_zero_has_ended_is_told_when_the_level_is_written(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	t.x.looked_at = 0; /* long ago: a poll comes first */
	talk_order(&t, ACT_LEVEL_A, 1);
	assert_false(talk_wrote(&t, "A1\r"));
	while (!talk_wrote(&t, "A1\r")) {
		assert_true(talk_report(&t).zero);
		t.x.news = false;
		talk_pass(&t, 1);
	}
	assert_true(t.x.news);
	assert_false(talk_report(&t).zero);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_k_and_obeys_nothing_until_zero_is_confirmed),
		cmocka_unit_test(it_is_starting_then_silent_while_no_reply_ever_came),
		cmocka_unit_test(without_heartbeats_it_writes_nothing_but_k),
		cmocka_unit_test(a_kill_is_written_at_once_and_again_after_60_and_120_ms),
		cmocka_unit_test(a_kill_does_not_wait_for_a_reply_in_flight),
		cmocka_unit_test(a_kill_empties_the_mailbox),
		cmocka_unit_test(a_kill_is_repeated_every_250_ms_while_nobody_answers),
		cmocka_unit_test(
			zero_is_confirmed_by_two_replies_to_ks_that_were_written_into_silence),
		cmocka_unit_test(a_reply_that_is_not_zero_starts_the_confirmation_anew),
		cmocka_unit_test(a_burst_of_old_replies_confirms_nothing),
		cmocka_unit_test(a_real_menu_that_closes_ends_in_a_confirmed_zero),
		cmocka_unit_test(err_and_broken_lines_confirm_nothing),
		cmocka_unit_test(
			an_order_right_after_the_confirmation_waits_for_the_quiet_behind_it),
		cmocka_unit_test(an_order_right_after_a_confirmation_that_proves_wrong_is_dropped),
		cmocka_unit_test(a_kill_at_zero_is_confirmed_anew),
		cmocka_unit_test(an_order_between_the_two_replies_that_confirm_is_dropped),
		cmocka_unit_test(a_second_kill_during_the_first_is_done_with_it),
		cmocka_unit_test(a_stop_during_another_is_confirmed_by_ks_of_its_own),
		cmocka_unit_test(a_stop_that_is_held_is_confirmed_all_the_same),
		cmocka_unit_test(the_wearers_hand_on_the_knob_ends_a_confirmed_zero),
		cmocka_unit_test(that_a_zero_has_ended_is_told_when_the_level_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

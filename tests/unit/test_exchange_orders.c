/*
 * The conversation with the box: orders, replies, and everything that is no reply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/modes.h"
#include "talk.h"

/* ---- orders and replies ---------------------------------------------------------------------- */

static void
one_command_is_in_flight_and_the_newest_order_waits(void **state)
{
	struct talk t;
	uint32_t first;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_LEVEL_A, 10);
	first = t.ordered;
	talk_order(&t, ACT_LEVEL_A, 11);
	talk_order(&t, ACT_LEVEL_A, 12);
	assert_string_equal(talk_next_write(&t), "A10\r");
	assert_string_equal(talk_next_write(&t), "");
	assert_true(talk_report(&t).done < first);
	talk_pass(&t, 50);
	assert_int_equal(talk_report(&t).done, first);
	talk_pass(&t, 100);
	assert_string_equal(talk_next_write(&t), "\r");
	assert_string_equal(talk_next_write(&t), "A12\r");
}

static void
nothing_is_written_before_the_input_is_quiet(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	talk_look_from_here(&t);
	for (int i = 0; i < 40; i++) {
		talk_say(&t, "540:0:0:100:100:0:L:0:2.106\n");
		talk_order(&t, ACT_LEVEL_A, 10);
		talk_pass(&t, 5);
	}
	assert_string_equal(talk_next_write(&t), "");
	talk_pass(&t, 30);
	assert_string_equal(talk_next_write(&t), "\r");
	talk_pass(&t, 75);
	assert_string_equal(talk_next_write(&t), "A10\r");
}

static void
a_late_reply_is_not_taken_for_the_answer(void **state)
{
	struct talk t;
	uint32_t done;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_order(&t, ACT_LEVEL_A, 50);
	done = talk_report(&t).done;
	talk_say(&t, "540:76:0:100:100:0:L:0:2.106\n"); /* older than the order */
	talk_pass(&t, 20);
	assert_int_equal(talk_report(&t).done, done);
	assert_int_equal(talk_report(&t).a, 80);
	talk_say(&t, "540:100:0:100:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_int_equal(talk_report(&t).a, 100);
}

static void
a_reply_that_does_not_fit_is_checked_by_a_poll_which_is_believed(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	t.box.answers = false;
	talk_order(&t, ACT_LEVEL_A, 50);
	assert_string_equal(talk_next_write(&t), "A50\r");
	talk_say(&t, "540:60:0:100:100:0:L:0:2.106\n"); /* the wearer's hand was faster */
	talk_pass(&t, 99);
	assert_string_equal(talk_next_write(&t), "");
	talk_pass(&t, 1);
	assert_string_equal(talk_next_write(&t), "\r");
	assert_true(talk_report(&t).done < t.ordered);
	talk_say(&t, "540:60:0:100:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_int_equal(talk_report(&t).a, 60);
}

static void
an_extra_line_while_nothing_is_in_flight_changes_no_level(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_pass(&t, 200); /* a poll was the last to be answered: any line would fit it */
	talk_settle(&t);
	talk_say(&t, "540:20:0:100:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).a, 80);
}

static void
after_err_the_same_command_is_written_once_more(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	t.box.err = 1;
	talk_order(&t, ACT_LEVEL_A, 50);
	talk_pass(&t, 150);
	assert_string_equal(talk_next_write(&t), "A50\r");
	assert_string_equal(talk_next_write(&t), "A50\r");
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_int_equal(talk_report(&t).faults, 1);
	assert_int_equal(talk_report(&t).a, 100);
}

static void
after_a_second_err_the_order_is_given_up(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.beats = false;
	t.box.err = 2;
	talk_order(&t, ACT_LEVEL_A, 50);
	talk_pass(&t, 400);
	assert_string_equal(talk_next_write(&t), "A50\r");
	assert_string_equal(talk_next_write(&t), "A50\r");
	assert_string_equal(talk_next_write(&t), "\r");
	assert_false(talk_wrote(&t, "A50\r"));
	assert_true(talk_report(&t).done < t.ordered);
	assert_int_equal(talk_report(&t).a, 80);
}

static void
an_order_that_expires_before_its_repetition_becomes_k(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.err = 1;
	talk_order_for(&t, ACT_LEVEL_A, 50, 60 * NS_MS);
	talk_pass(&t, 90);
	assert_string_equal(talk_next_write(&t), "A50\r");
	assert_string_equal(talk_next_write(&t), "K\r");
}

static void
err_for_ever_is_silence(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.err = 1000;
	talk_pass(&t, 1200);
	assert_int_equal(talk_report(&t).port, PORT_SILENT);
	assert_true(talk_wrote(&t, "K\r"));
}

static void
a_cut_line_is_asked_for_once_more(void **state)
{
	static const char *const cut[] = {"540:100:0:1", "540:100:0:1\n",
					  "540:100:0:100:100:0:L:0:2.1\n"};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		talk_begin_at(&t, 40);
		t.box.answers = false;
		talk_order(&t, ACT_LEVEL_A, 50);
		talk_say(&t, cut[i]);
		talk_pass(&t, 101);
		assert_string_equal(talk_next_write(&t), "A50\r");
		assert_string_equal(talk_next_write(&t), "\r");
		assert_int_equal(talk_report(&t).faults, 1);
		talk_say(&t, "540:100:0:100:100:0:L:0:2.106\n");
		assert_int_equal(talk_report(&t).done, t.ordered);
		assert_int_equal(talk_report(&t).port, PORT_OK);
	}
}

static void
silence_for_half_a_second_is_k_and_forgets_what_was_ordered(void **state)
{
	struct talk t;
	uint64_t at;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_order(&t, ACT_PARAM_C, 60);
	at = talk_ms(&t);
	talk_pass(&t, 490);
	assert_false(talk_wrote(&t, "K\r"));
	talk_order(&t, ACT_LEVEL_A, 60);
	talk_pass(&t, 20);
	assert_true(talk_wrote(&t, "K\r"));
	assert_int_equal(t.wrote[t.writes - 1].at - at, 500);
	assert_int_equal(talk_report(&t).port, PORT_SILENT);
	t.pending_first = t.pending_last - 1;
	t.box.answers = true;
	talk_pass(&t, 2000);
	assert_int_equal(talk_report(&t).port, PORT_OK);
	assert_false(talk_wrote(&t, "A60\r"));
}

static void
mode_and_power_are_only_written_at_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	talk_order(&t, ACT_MODE, MODE_WAVE);
	talk_pass(&t, 100);
	talk_order(&t, ACT_POWER, 1);
	talk_pass(&t, 100);
	assert_false(talk_wrote(&t, "M5\r"));
	assert_false(talk_wrote(&t, "H\r"));
	assert_true(talk_report(&t).done < t.ordered);
	talk_order(&t, ACT_KILL, 0);
	talk_pass(&t, 500);
	talk_order(&t, ACT_MODE, MODE_WAVE);
	talk_pass(&t, 150);
	assert_int_equal(talk_report(&t).mode, MODE_WAVE);
	talk_order(&t, ACT_POWER, 1);
	talk_pass(&t, 150);
	assert_int_equal(talk_report(&t).power, 1);
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_true(talk_report(&t).zero);
}

static void
a_mode_that_the_firmware_lacks_is_not_written(void **state)
{
	struct talk t;
	uint32_t ordered;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_MODE, MODE_FLO);
	ordered = t.ordered;
	talk_pass(&t, 300);
	assert_false(talk_wrote(&t, "M3\r"));
	assert_true(talk_report(&t).done < ordered);
	assert_true(talk_wrote(&t, "\r"));
}

static void
raising_ends_the_confirmed_zero_when_it_is_written_not_when_it_is_answered(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_LEVEL_A, 0);
	talk_settle(&t);
	assert_true(talk_report(&t).zero);
	talk_order(&t, ACT_LEVEL_A, 1);
	assert_string_equal(t.wrote[t.writes - 1].text, "A1\r");
	assert_false(talk_report(&t).zero);
}

/* ---- who is speaking ------------------------------------------------------------------------- */

static void
a_version_that_was_cut_once_is_not_believed(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_order(&t, ACT_LEVEL_A, 50);
	talk_say(&t, "540:100:0:100:100:0:L:0:2.10\n");
	assert_string_equal(talk_report(&t).version, "2.106");
	assert_true(talk_report(&t).done < t.ordered);
	talk_pass(&t, 40);
	talk_say(&t, "540:100:0:100:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).done, t.ordered);
	assert_false(talk_wrote(&t, "K\r"));
}

static void
two_versions_that_lost_different_digits_make_no_other_box(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.answers = false;
	talk_say(&t, "540:80:0:100:100:0:L:0:2.10\n");
	talk_say(&t, "540:80:0:100:100:0:L:0:2.16\n");
	assert_string_equal(talk_report(&t).version, "2.106");
	talk_write_due(&t);
	assert_false(talk_wrote(&t, "K\r"));
}

static void
another_box_on_the_same_cable_starts_from_zero(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_at(&t, 40);
	t.box.version = "2.105";
	t.box.a = 60;
	talk_pass(&t, 2000);
	assert_true(talk_wrote(&t, "K\r"));
	assert_string_equal(talk_report(&t).version, "2.105");
	assert_int_equal(t.box.a, 0);
	assert_true(talk_report(&t).zero);
}

static void
a_box_that_is_switched_off_is_said_to_be_off(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	assert_int_equal(talk_report(&t).port, PORT_OK);
	t.box.battery = 230;
	talk_pass(&t, 300);
	assert_int_equal(talk_report(&t).port, PORT_OFF);
	t.box.battery = 540;
	talk_look_from_here(&t);
	talk_pass(&t, 300);
	assert_int_equal(talk_report(&t).port, PORT_OK);
	assert_true(talk_wrote(&t, "K\r")); /* what it does now was never confirmed */
	talk_pass(&t, 1000);
	assert_true(talk_report(&t).zero);
}

/* ---- rhythm, noise --------------------------------------------------------------------------- */

static void
it_polls_as_often_as_it_is_told(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	t.x.poll_every = POLL_FAST;
	talk_pass(&t, 1000);
	assert_in_range(t.writes - t.seen, 9, 11);
	t.x.poll_every = POLL_IDLE;
	talk_look_from_here(&t);
	talk_pass(&t, 1000);
	assert_in_range(t.writes - t.seen, 3, 5);
	while (t.seen < t.writes) {
		assert_string_equal(talk_next_write(&t), "\r");
	}
}

static void
lines_may_end_in_cr_lf_or_both_and_may_come_in_pieces(void **state)
{
	struct talk t;
	uint32_t replies;

	(void)state;
	talk_begin_ready(&t);
	replies = talk_report(&t).replies;
	talk_say(&t, "\n\r\n540:0:0:100:100:0:L:0:2.106\r\n540:0:0:100:100:0:L:0:2.106\r");
	talk_say(&t, "\n\n540:0:0:1");
	talk_say(&t, "00:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).replies, replies + 3);
	assert_int_equal(talk_report(&t).faults, 0);
}

static void
the_longest_line_is_read(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t);
	talk_say(&t, "4294967295:200:200:200:200:255:D:3:1:2:5:3:22.1311111B\n");
	assert_int_equal(talk_report(&t).battery, 4294967295);
	assert_int_equal(talk_report(&t).fields, 13);
}

static void
a_line_without_end_costs_one_fault_and_no_memory(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	for (int i = 0; i < 10000; i++) {
		talk_say(&t, "5");
	}
	talk_say(&t, "\n540:0:0:100:100:0:L:0:2.106\n");
	assert_int_equal(talk_report(&t).faults, 1);
}

static void
every_heartbeat_makes_a_report(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	t.x.news = false;
	talk_order_for(&t, ACT_HEARTBEAT, 0, MAX_VALIDITY);
	assert_true(t.x.news);
	assert_int_equal(talk_report(&t).seq, t.seq);
}

/* Whatever the cable says, and as long as nobody orders anything: polls and K. */
static void
noise_never_makes_it_write_anything_but_polls_and_k(void **state)
{
	static const char letters[] = "0123456789:LHDERKAB.\r\n\n\n";
	struct talk t;
	uint32_t r = 1;

	(void)state;
	talk_begin_ready(&t);
	t.box.answers = false;
	for (int i = 0; i < 20000; i++) {
		char c[2] = {0};

		r = r * 1103515245 + 12345;
		c[0] = letters[(r >> 16) % (sizeof(letters) - 1)];
		talk_say(&t, c);
		talk_pass(&t, 1);
		if (t.writes > WRITES_MAX / 2) {
			t.writes = t.seen = t.pending_first = t.pending_last = 0;
		}
		for (; t.seen < t.writes; t.seen++) {
			assert_true(strcmp(t.wrote[t.seen].text, "\r") == 0 ||
				    strcmp(t.wrote[t.seen].text, "K\r") == 0);
		}
	}
}

/* A jack half out: bytes without end, a line end now and then. */
static void
noisy(struct talk *t, unsigned for_ms, unsigned gap_ms)
{
	for (unsigned ms = 0; ms < for_ms; ms += gap_ms) {
		talk_say(t, ms % (8 * gap_ms) == 0 ? "\n" : "4");
		talk_pass(t, gap_ms);
	}
}

static void
noise_without_end_does_not_hold_k_up(void **state)
{
	for (unsigned gap = 1; gap < 60; gap += 7) {
		struct talk t;
		unsigned kills = 0;

		(void)state;
		talk_begin_at(&t, 40);
		t.box.answers = false;
		talk_order(&t, ACT_KILL, 0);
		noisy(&t, 150, gap);
		talk_look_from_here(&t);
		noisy(&t, 2000, gap);
		for (; t.seen < t.writes; t.seen++) {
			kills += strcmp(t.wrote[t.seen].text, "K\r") == 0;
		}
		assert_in_range(kills, 7, 40);
		assert_false(talk_report(&t).zero);
	}
}

static void
noise_without_end_is_silence_and_silence_is_k(void **state)
{
	for (unsigned gap = 1; gap < 30; gap += 4) {
		struct talk t;

		(void)state;
		talk_begin_at(&t, 40);
		t.box.answers = false;
		talk_look_from_here(&t);
		noisy(&t, 1000, gap);
		assert_int_equal(talk_report(&t).port, PORT_SILENT);
		assert_true(talk_wrote(&t, "K\r"));
	}
}

static void
noise_in_step_does_not_hold_pulse_up(void **state)
{
	struct talk t;

	(void)state;
	talk_begin_ready(&t);
	talk_order(&t, ACT_MODE, MODE_STEP);
	talk_pass(&t, 300);
	t.beats = false;
	while (t.x.zeros < 2 || !t.x.killing) {
		talk_pass(&t, 1);
	}
	for (int i = 0; i < 60; i++) { /* no line ends: what is confirmed stays so */
		talk_say(&t, "4");
		talk_pass(&t, 10);
	}
	assert_true(talk_wrote(&t, "M0\r"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_command_is_in_flight_and_the_newest_order_waits),
		cmocka_unit_test(nothing_is_written_before_the_input_is_quiet),
		cmocka_unit_test(a_late_reply_is_not_taken_for_the_answer),
		cmocka_unit_test(a_reply_that_does_not_fit_is_checked_by_a_poll_which_is_believed),
		cmocka_unit_test(an_extra_line_while_nothing_is_in_flight_changes_no_level),
		cmocka_unit_test(after_err_the_same_command_is_written_once_more),
		cmocka_unit_test(after_a_second_err_the_order_is_given_up),
		cmocka_unit_test(an_order_that_expires_before_its_repetition_becomes_k),
		cmocka_unit_test(err_for_ever_is_silence),
		cmocka_unit_test(a_cut_line_is_asked_for_once_more),
		cmocka_unit_test(silence_for_half_a_second_is_k_and_forgets_what_was_ordered),
		cmocka_unit_test(mode_and_power_are_only_written_at_a_confirmed_zero),
		cmocka_unit_test(a_mode_that_the_firmware_lacks_is_not_written),
		cmocka_unit_test(
			raising_ends_the_confirmed_zero_when_it_is_written_not_when_it_is_answered),
		cmocka_unit_test(a_version_that_was_cut_once_is_not_believed),
		cmocka_unit_test(two_versions_that_lost_different_digits_make_no_other_box),
		cmocka_unit_test(another_box_on_the_same_cable_starts_from_zero),
		cmocka_unit_test(a_box_that_is_switched_off_is_said_to_be_off),
		cmocka_unit_test(it_polls_as_often_as_it_is_told),
		cmocka_unit_test(lines_may_end_in_cr_lf_or_both_and_may_come_in_pieces),
		cmocka_unit_test(the_longest_line_is_read),
		cmocka_unit_test(a_line_without_end_costs_one_fault_and_no_memory),
		cmocka_unit_test(every_heartbeat_makes_a_report),
		cmocka_unit_test(noise_never_makes_it_write_anything_but_polls_and_k),
		cmocka_unit_test(noise_without_end_does_not_hold_k_up),
		cmocka_unit_test(noise_without_end_is_silence_and_silence_is_k),
		cmocka_unit_test(noise_in_step_does_not_hold_pulse_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

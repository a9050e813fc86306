/*
 * The limits, each promise of limits.h as a sentence, on a small model of the box (limits_world.h).
 * What meets at the edges of two promises is in test_limits_edges.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/limits_world.h"

static void
it_begins_with_a_kill_and_obeys_nobody(void **state)
{
	struct world w = {.s = {.cap = {{60, 60}, {60, 60}}}, .b = {.ok = true, .settled = true}};

	(void)state;
	limits_init(&w.l, 0);
	assert_false(limits_level(&w.l, &w.s, &w.b, 0, 10, 1));
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, 1).act, ACT_KILL);
	assert_false(limits_arm(&w.l, &w.b, 1));
}

static void
levels_rise_one_percent_a_step_and_fall_at_once(void **state)
{
	struct world w = start();
	uint8_t before = 0;

	(void)state;
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 40, w.now));
	for (int i = 0; i < 400 && w.b.raw[0] < 80; i++) {
		turn(&w);
		assert_in_range(w.b.raw[0], before, before + 2);
		before = w.b.raw[0];
	}
	assert_int_equal(w.b.raw[0], 80);
	assert_in_range(w.now, 1000 + 40 * 50 - 100, 1000 + 40 * 60 + 200);
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 3, w.now));
	assert_int_equal(turn(&w).value, 3);
}

static void
no_level_goes_above_its_cap_and_a_cap_of_zero_means_zero(void **state)
{
	struct world w = start();

	(void)state;
	assert_true(limits_level(&w.l, &w.s, &w.b, 1, 100, w.now));
	turns(&w, 6000);
	assert_int_equal(w.b.raw[1], 100);
	w.s.cap[0][0] = 0;
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 100, w.now));
	turns(&w, 2000);
	assert_int_equal(w.b.raw[0], 0);
}

static void
lowering_a_cap_acts_with_the_next_write(void **state)
{
	struct world w = start();
	struct limits_write write;

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 60, w.now);
	turns(&w, 6000);
	w.s.cap[0][0] = 25;
	limits_recap(&w.l);
	write = turn(&w);
	assert_int_equal(write.act, ACT_LEVEL_A);
	assert_int_equal(write.value, 25);
}

static void
joined_channels_obey_the_lower_cap_and_one_speed(void **state)
{
	struct world w = start();
	uint64_t began = w.now;

	(void)state;
	w.b.join = true;
	limits_level(&w.l, &w.s, &w.b, 0, 60, w.now);
	while (w.b.raw[0] < 100 && w.now < began + 20000) {
		uint8_t before = w.b.raw[0];

		turn(&w);
		assert_in_range(w.b.raw[0], before, before + 2);
	}
	assert_int_equal(w.b.raw[0], 100);
	assert_true(w.now - began >= 49 * 50);
	turns(&w, 2000);
	assert_int_equal(w.b.raw[0], 100);
}

static void
a_page_that_wants_less_is_obeyed_although_its_command_was_dropped(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 30, w.now);
	limits_want(&w.l, (uint8_t[2]){30, 0});
	turns(&w, 4000);
	assert_int_equal(w.b.raw[0], 60);
	limits_want(&w.l, (uint8_t[2]){0, 0});
	assert_int_equal(turn(&w).act, ACT_LEVEL_A);
	assert_int_equal(w.b.raw[0], 0);
	limits_want(&w.l, (uint8_t[2]){90, 90});
	turns(&w, 4000);
	assert_int_equal(w.b.raw[0], 0);
}

static void
the_wearers_knob_becomes_the_target_and_is_not_fought(void **state)
{
	struct world w = start();

	(void)state;
	limits_want(&w.l, (uint8_t[2]){40, 0});
	limits_level(&w.l, &w.s, &w.b, 0, 40, w.now);
	turns(&w, 500);
	w.b.raw[0] = 141;
	w.writes = 0;
	limits_want(&w.l, (uint8_t[2]){40, 0});
	turns(&w, 3000);
	assert_int_equal(w.b.raw[0], 141);
	assert_int_equal(w.writes, 0);
	assert_int_equal(w.l.target[0], 71);
	limits_level(&w.l, &w.s, &w.b, 0, 20, w.now);
	turn(&w);
	assert_int_equal(w.b.raw[0], 40);
}

static void
a_rise_counts_from_what_the_box_reports_and_only_after_our_own_write(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 50, w.now);
	turns(&w, 1000);
	w.b.settled = false;
	w.writes = 0;
	turns(&w, 1000);
	assert_int_equal(w.writes, 0);
}

static void
when_authority_ends_all_is_zero_and_control_must_be_taken_anew(void **state)
{
	struct world w = start();

	(void)state;
	w.l.authority = w.now + 1000;
	limits_level(&w.l, &w.s, &w.b, 0, 30, w.now);
	turns(&w, 500);
	assert_true(w.b.raw[0] > 0);
	turns(&w, 600);
	assert_int_equal(w.b.raw[0], 0);
	assert_int_equal(w.l.why, WHY_SILENT);
	limits_authority(&w.l, w.now + 5000);
	assert_false(limits_level(&w.l, &w.s, &w.b, 0, 30, w.now));
	assert_true(limits_arm(&w.l, &w.b, w.now));
	turns(&w, 500);
	assert_int_equal(w.b.raw[0], 0);
}

static void
after_the_wearers_stop_nothing_moves_until_the_wearer_resumes(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 30, w.now);
	turns(&w, 1000);
	limits_zero(&w.l, WHY_WEARER, true);
	assert_int_equal(turn(&w).act, ACT_KILL);
	turns(&w, 100);
	assert_false(limits_arm(&w.l, &w.b, w.now));
	assert_false(limits_level(&w.l, &w.s, &w.b, 0, 30, w.now));
	limits_resume(&w.l, w.now);
	assert_false(limits_level(&w.l, &w.s, &w.b, 0, 30, w.now));
	assert_true(limits_arm(&w.l, &w.b, w.now));
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 30, w.now));
}

static void
after_the_partners_own_stop_the_partner_may_start_from_zero(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 30, w.now);
	turns(&w, 1000);
	w.b.zero = false;
	limits_zero(&w.l, WHY_PARTNER, false);
	assert_true(limits_level(&w.l, &w.s, &w.b, 1, 30, w.now));
	for (int i = 0; i < 20; i++) {
		assert_int_equal(turn(&w).act, ACT_KILL);
		w.b.zero = false; /* not confirmed yet: nothing else is written */
	}
	w.b.zero = true;
	turns(&w, 4000);
	assert_int_equal(w.b.raw[0], 0);
	assert_int_equal(w.b.raw[1], 60);
}

static void
locks_hold_power_and_mode(void **state)
{
	struct world w = start();

	(void)state;
	w.s.lock_mode = w.s.lock_power = true;
	assert_false(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
	assert_false(limits_power(&w.l, &w.s, &w.b, 1, w.now));
	w.s.lock_mode = false;
	w.s.modes = 1u << MODE_PULSE;
	assert_false(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
	w.s.modes = ALL;
	w.b.modes = 1u << MODE_PULSE;
	assert_false(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
	assert_false(limits_mode(&w.l, &w.s, &w.b, MODE_OTHER, w.now));
}

static void
low_power_counts_as_a_mode_change_where_it_resets_the_mode(void **state)
{
	struct world w = start();

	(void)state;
	w.b.power = 1;
	w.b.low_resets = true;
	w.s.lock_mode = true;
	assert_false(limits_power(&w.l, &w.s, &w.b, 0, w.now));
	w.b.low_resets = false;
	assert_true(limits_power(&w.l, &w.s, &w.b, 0, w.now));
}

static void
mode_and_power_change_only_after_a_confirmed_zero(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 30, w.now);
	turns(&w, 1000);
	assert_true(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
	assert_int_equal(turn(&w).act, ACT_KILL);
	w.b.zero = false;
	assert_int_equal(turn(&w).act, ACT_KILL);
	assert_int_equal(w.b.mode, MODE_PULSE);
	turns(&w, 30);
	assert_int_equal(w.b.mode, MODE_WAVE);
	assert_int_equal(w.b.raw[0], 0);
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 5, w.now));
}

static void
a_stop_in_step_or_training_also_sets_pulse_even_when_locked(void **state)
{
	struct world w = start();

	(void)state;
	box_mode(&w.b, MODE_STEP);
	w.s.lock_mode = true;
	w.b.zero = false; /* the kill is not confirmed yet */
	limits_zero(&w.l, WHY_WEARER, true);
	assert_int_equal(turn(&w).act, ACT_KILL);
	turn(&w);
	assert_int_equal(w.b.mode, MODE_PULSE);
}

/* The guard has seen nothing of the box but the answer to its first K, or of one that was away. */
static void
the_first_zero_in_a_mode_nobody_knew_of_sets_pulse_too(void **state)
{
	struct world w = start();

	(void)state;
	limits_init(&w.l, w.now);
	box_mode(&w.b, MODE_TRAINING);
	w.b.zero = false;
	assert_int_equal(turn(&w).act, ACT_KILL);
	turn(&w);
	assert_int_equal(w.b.mode, MODE_PULSE);
	box_mode(&w.b, MODE_TRAINING); /* by hand: it may stay */
	turns(&w, 500);
	assert_int_equal(w.b.mode, MODE_TRAINING);
}

static void
parameters_move_slowly_and_within_2_to_100(void **state)
{
	struct world w = start();

	(void)state;
	assert_true(limits_param(&w.l, 0, 0, w.now));
	for (int i = 0; i < 600; i++) {
		uint8_t before = w.b.param[0];

		turn(&w);
		assert_in_range(w.b.param[0], before - 1, before);
	}
	assert_int_equal(w.b.param[0], PARAM_MIN);
}

static void
a_box_that_reports_c_as_d_does_not_make_us_write_for_ever(void **state)
{
	struct world w = start();

	(void)state;
	box_mode(&w.b, MODE_CONTINUOUS);
	turn(&w);
	limits_param(&w.l, 1, 60, w.now);
	w.writes = 0;
	for (int i = 0; i < 2000; i++) {
		turn(&w);
		w.b.param[1] = w.b.param[0];
	}
	assert_int_equal(w.writes, 10);
}

static void
a_mode_or_power_that_the_hand_changed_in_a_ramp_ends_it_at_zero(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 2; what++) {
		struct world w = start();

		assert_true(limits_level(&w.l, &w.s, &w.b, 0, 40, w.now));
		turns(&w, 1000);
		assert_in_range(w.b.raw[0], 2, 78);
		w.b.mode = what == 0 ? MODE_RANDOM : w.b.mode;
		w.b.power = what == 1 ? 1 : w.b.power;
		w.s.cap[1][0] = w.s.cap[1][1] = 90;
		/* The box went to zero at that, but a write of ours came after it. */
		turns(&w, 2000);
		assert_int_equal(w.b.raw[0], 0);
		assert_true(limits_level(&w.l, &w.s, &w.b, 0, 3, w.now));
		turns(&w, 1000);
		assert_int_equal(w.b.raw[0], 6);
	}
}

/* Each write takes the box longer than the rise. */
static void
all_that_rise_take_turns_where_the_box_is_slower_than_the_rise(void **state)
{
	struct world w = start();
	unsigned wrote[8] = {0};

	(void)state;
	w.s.rise_ms = 20;
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 40, w.now));
	assert_true(limits_level(&w.l, &w.s, &w.b, 1, 40, w.now));
	assert_true(limits_param(&w.l, 0, 90, w.now));
	for (int i = 0; i < 30; i++) {
		wrote[turn(&w).act]++;
		w.now += 200;
		limits_authority(&w.l, w.now + 10000);
	}
	assert_in_range(wrote[ACT_LEVEL_A], 9, 11);
	assert_in_range(wrote[ACT_LEVEL_B], 9, 11);
	assert_in_range(wrote[ACT_PARAM_C], 9, 11);
}

static void
idle_and_checkin_latch(void **state)
{
	struct world w = start();

	(void)state;
	w.s.idle_ms = 2000;
	limits_level(&w.l, &w.s, &w.b, 0, 10, w.now);
	turns(&w, 1900);
	assert_int_equal(w.b.raw[0], 20);
	turns(&w, 300);
	assert_int_equal(w.b.raw[0], 0);
	assert_int_equal(w.l.why, WHY_IDLE);
	assert_true(w.l.latched);

	w = start();
	w.s.checkin_ms = 2000;
	turns(&w, 1500);
	limits_seen(&w.l, w.now);
	turns(&w, 1500);
	assert_true(w.l.armed);
	turns(&w, 700);
	assert_int_equal(w.l.why, WHY_CHECKIN);
	assert_true(w.l.latched);
}

static void
the_sessions_end_and_a_silent_box_end_control(void **state)
{
	struct world w = start();

	(void)state;
	w.l.end = w.now + 500;
	turns(&w, 600);
	assert_int_equal(w.l.why, WHY_EXPIRED);
	assert_false(w.l.armed);
	assert_false(limits_arm(&w.l, &w.b, w.now));

	w = start();
	w.b.ok = false;
	turns(&w, 20);
	assert_int_equal(w.l.why, WHY_BOX);
	assert_false(w.l.armed);
}

/* Ten thousand random worlds and calls: whatever happens, no write of ours breaks a promise. */
static void
no_sequence_of_calls_writes_above_a_cap_or_faster_than_allowed(void **state)
{
	uint64_t seed = 88172645463325252ULL;
	struct world w = start();

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct limits_write write;
		uint8_t raw[2] = {w.b.raw[0], w.b.raw[1]};
		unsigned r;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		r = (unsigned)(seed >> 20);
		switch (r % 16) {
		case 0: limits_level(&w.l, &w.s, &w.b, r >> 8 & 1, (uint8_t)(r >> 9 & 127), w.now); break;
		case 1: limits_want(&w.l, (uint8_t[2]){(uint8_t)(r >> 8 & 127), (uint8_t)(r >> 15 & 127)}); break;
		case 2: limits_mode(&w.l, &w.s, &w.b, (uint8_t)(r >> 8 & 31), w.now); break;
		case 3: limits_power(&w.l, &w.s, &w.b, r >> 8 & 1, w.now); break;
		case 4: w.s.cap[r >> 8 & 1][r >> 9 & 1] = (uint8_t)(r >> 10 & 127); limits_recap(&w.l); break;
		case 5: w.b.raw[r >> 8 & 1] = (uint8_t)(r >> 9); break;
		case 6: w.b.join = r >> 8 & 1; break;
		case 7: limits_zero(&w.l, WHY_PARTNER, false); break;
		case 8: limits_arm(&w.l, &w.b, w.now); break;
		case 9: w.b.power = r >> 8 & 1; break;
		default: break;
		}
		raw[0] = w.b.raw[0];
		raw[1] = w.b.raw[1];
		write = turn(&w);
		if (write.act == ACT_LEVEL_A || write.act == ACT_LEVEL_B) {
			unsigned channel = write.act == ACT_LEVEL_A ? 0 : 1;

			assert_true(write.value <= limits_cap(&w.s, &w.b, channel));
			assert_true(write.value * 2 <= raw[channel] + 2);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_a_kill_and_obeys_nobody),
		cmocka_unit_test(levels_rise_one_percent_a_step_and_fall_at_once),
		cmocka_unit_test(no_level_goes_above_its_cap_and_a_cap_of_zero_means_zero),
		cmocka_unit_test(lowering_a_cap_acts_with_the_next_write),
		cmocka_unit_test(joined_channels_obey_the_lower_cap_and_one_speed),
		cmocka_unit_test(a_page_that_wants_less_is_obeyed_although_its_command_was_dropped),
		cmocka_unit_test(the_wearers_knob_becomes_the_target_and_is_not_fought),
		cmocka_unit_test(a_rise_counts_from_what_the_box_reports_and_only_after_our_own_write),
		cmocka_unit_test(when_authority_ends_all_is_zero_and_control_must_be_taken_anew),
		cmocka_unit_test(after_the_wearers_stop_nothing_moves_until_the_wearer_resumes),
		cmocka_unit_test(after_the_partners_own_stop_the_partner_may_start_from_zero),
		cmocka_unit_test(locks_hold_power_and_mode),
		cmocka_unit_test(low_power_counts_as_a_mode_change_where_it_resets_the_mode),
		cmocka_unit_test(mode_and_power_change_only_after_a_confirmed_zero),
		cmocka_unit_test(a_stop_in_step_or_training_also_sets_pulse_even_when_locked),
		cmocka_unit_test(the_first_zero_in_a_mode_nobody_knew_of_sets_pulse_too),
		cmocka_unit_test(parameters_move_slowly_and_within_2_to_100),
		cmocka_unit_test(a_box_that_reports_c_as_d_does_not_make_us_write_for_ever),
		cmocka_unit_test(a_mode_or_power_that_the_hand_changed_in_a_ramp_ends_it_at_zero),
		cmocka_unit_test(all_that_rise_take_turns_where_the_box_is_slower_than_the_rise),
		cmocka_unit_test(idle_and_checkin_latch),
		cmocka_unit_test(the_sessions_end_and_a_silent_box_end_control),
		cmocka_unit_test(no_sequence_of_calls_writes_above_a_cap_or_faster_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

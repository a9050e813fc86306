/* The limits where two promises meet, on a small model of the box (limits_world.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/limits_world.h"

static void
lowering_b_does_not_wait_for_the_ramp_of_a(void **state)
{
	struct world w = start();
	struct limits_write write;

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 1, 40, w.now);
	turns(&w, 4000);
	w.s.rise_ms = 0; /* each turn finds a step of A due, as when the box answers slowly */
	limits_level(&w.l, &w.s, &w.b, 0, 60, w.now);
	turns(&w, 100);
	limits_want(&w.l, (uint8_t[2]){60, 10});
	write = turn(&w);
	assert_int_equal(write.act, ACT_LEVEL_B);
	assert_int_equal(write.value, 10);
}

static void
a_level_of_joined_channels_does_not_lift_the_lower_one(void **state)
{
	struct world w = start();
	uint8_t before;

	(void)state;
	w.b.join = true;
	w.b.raw[0] = 100;
	w.b.raw[1] = 20;
	turn(&w);
	limits_level(&w.l, &w.s, &w.b, 0, 40, w.now);
	turn(&w);
	assert_int_equal(w.b.raw[0], 20);
	assert_int_equal(w.b.raw[1], 20);

	w.b.raw[0] = 80;
	turn(&w);
	limits_level(&w.l, &w.s, &w.b, 1, 45, w.now);
	before = w.b.raw[1];
	for (int i = 0; i < 1000; i++) {
		turn(&w);
		assert_true(w.b.raw[1] <= before + 2);
		before = w.b.raw[1];
	}
	assert_int_equal(w.b.raw[0], 90);
	assert_int_equal(w.b.raw[1], 90);
}

static void
taking_control_again_does_not_put_the_check_in_off(void **state)
{
	struct world w = start();

	(void)state;
	w.s.checkin_ms = 2000;
	for (int i = 0; i < 3; i++) {
		turns(&w, 500);
		limits_zero(&w.l, WHY_BYE, false);
		turns(&w, 30);
		assert_true(limits_arm(&w.l, &w.b, w.now));
	}
	turns(&w, 500);
	assert_true(w.l.latched);
	assert_int_equal(w.l.why, WHY_CHECKIN);
}

static void
a_check_in_missed_as_authority_ends_still_latches(void **state)
{
	struct world w = start();

	(void)state;
	w.s.checkin_ms = 2000;
	w.now += 3000;
	w.l.authority = w.l.end = w.now;
	w.b.ok = false;
	turn(&w);
	assert_true(w.l.latched);
	assert_false(w.l.armed);
}

static void
with_nobody_in_control_a_cap_takes_a_level_of_the_hand_to_zero(void **state)
{
	struct world w = start();
	struct limits_write write;

	(void)state;
	limits_zero(&w.l, WHY_WEARER, true);
	turns(&w, 30);
	w.b.raw[0] = 80;
	w.writes = 0;
	turns(&w, 100);
	assert_int_equal(w.writes, 0);
	w.s.cap[0][0] = 25;
	limits_recap(&w.l);
	write = turn(&w);
	assert_int_equal(write.act, ACT_LEVEL_A);
	assert_int_equal(write.value, 0);
}

static void
a_change_of_settings_does_not_lift_a_half_step_of_the_knob(void **state)
{
	struct world w = start();

	(void)state;
	w.b.raw[0] = 61;
	turn(&w);
	w.writes = 0;
	limits_recap(&w.l);
	turns(&w, 1000);
	assert_int_equal(w.b.raw[0], 61);
	assert_int_equal(w.writes, 0);
}

static void
a_level_that_no_box_has_is_not_answered_with_a_level(void **state)
{
	struct world w = start();

	(void)state;
	w.b.raw[0] = 255;
	w.writes = 0;
	turns(&w, 100);
	assert_int_equal(w.writes, 0);
}

static void
after_a_stop_in_step_power_waits_for_pulse(void **state)
{
	struct world w = start();

	(void)state;
	box_mode(&w.b, MODE_STEP);
	w.b.zero = false;
	limits_zero(&w.l, WHY_PARTNER, false);
	assert_true(limits_power(&w.l, &w.s, &w.b, 1, w.now));
	assert_int_equal(turn(&w).act, ACT_KILL);
	assert_int_equal(turn(&w).act, ACT_MODE);
	assert_int_equal(w.b.mode, MODE_PULSE);
	assert_int_equal(turn(&w).act, ACT_POWER);
	assert_int_equal(w.b.power, 1);
}

static void
power_in_a_locked_step_mode_is_refused(void **state)
{
	struct world w = start();

	(void)state;
	box_mode(&w.b, MODE_STEP);
	w.s.lock_mode = true;
	assert_false(limits_power(&w.l, &w.s, &w.b, 1, w.now));
	box_mode(&w.b, MODE_WAVE);
	assert_true(limits_power(&w.l, &w.s, &w.b, 1, w.now));
}

static void
of_two_wishes_for_power_or_mode_the_last_counts(void **state)
{
	struct world w = start();

	(void)state;
	w.b.zero = false;
	assert_true(limits_power(&w.l, &w.s, &w.b, 1, w.now));
	assert_true(limits_power(&w.l, &w.s, &w.b, 0, w.now));
	turns(&w, 100);
	assert_int_equal(w.b.power, 0);
	w.b.zero = false;
	assert_true(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
	assert_true(limits_mode(&w.l, &w.s, &w.b, MODE_PULSE, w.now));
	turns(&w, 100);
	assert_int_equal(w.b.mode, MODE_PULSE);
}

static void
a_parameter_that_the_hand_turns_ends_its_ramp(void **state)
{
	struct world w = start();

	(void)state;
	limits_param(&w.l, 0, 80, w.now);
	turns(&w, 500);
	assert_in_range(w.b.param[0], 55, 65);
	w.b.param[0] = 20;
	turns(&w, 500);
	assert_int_equal(w.b.param[0], 20);
	limits_param(&w.l, 0, 80, w.now);
	turn(&w);
	assert_int_equal(w.b.param[0], 21);
}

static void
a_parameter_turned_after_its_ramp_moves_from_where_it_is(void **state)
{
	struct world w = start();

	(void)state;
	limits_param(&w.l, 0, 52, w.now);
	turns(&w, 500);
	assert_int_equal(w.b.param[0], 52);
	w.b.param[0] = 90;
	turns(&w, 100);
	limits_param(&w.l, 0, 50, w.now);
	turn(&w);
	assert_int_equal(w.b.param[0], 89);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowering_b_does_not_wait_for_the_ramp_of_a),
		cmocka_unit_test(a_level_of_joined_channels_does_not_lift_the_lower_one),
		cmocka_unit_test(taking_control_again_does_not_put_the_check_in_off),
		cmocka_unit_test(a_check_in_missed_as_authority_ends_still_latches),
		cmocka_unit_test(with_nobody_in_control_a_cap_takes_a_level_of_the_hand_to_zero),
		cmocka_unit_test(a_change_of_settings_does_not_lift_a_half_step_of_the_knob),
		cmocka_unit_test(a_level_that_no_box_has_is_not_answered_with_a_level),
		cmocka_unit_test(after_a_stop_in_step_power_waits_for_pulse),
		cmocka_unit_test(power_in_a_locked_step_mode_is_refused),
		cmocka_unit_test(of_two_wishes_for_power_or_mode_the_last_counts),
		cmocka_unit_test(a_parameter_that_the_hand_turns_ends_its_ramp),
		cmocka_unit_test(a_parameter_turned_after_its_ramp_moves_from_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

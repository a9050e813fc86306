/* Everything that the limits refuse, one reason at a time, on a small model of the box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/limits_world.h"

/* A world with a partner in control in which just one thing is wrong. */
typedef void spoil_fn(struct world *w);

static void
is_disarmed(struct world *w)
{
	w->l.armed = false;
}

static void
is_latched(struct world *w)
{
	w->l.latched = true;
}

static void
has_no_authority(struct world *w)
{
	w->l.authority = w->now;
}

static void
is_past_the_end(struct world *w)
{
	w->l.end = w->now;
}

static spoil_fn *const out_of_control[] = {is_disarmed, is_latched, has_no_authority,
					   is_past_the_end};

static void
nothing_is_taken_from_who_is_not_in_control(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(out_of_control) / sizeof(out_of_control[0]); i++) {
		struct world w = start();

		out_of_control[i](&w);
		assert_false(limits_level(&w.l, &w.s, &w.b, 0, 1, w.now));
		assert_false(limits_param(&w.l, 0, 60, w.now));
		assert_false(limits_mode(&w.l, &w.s, &w.b, MODE_WAVE, w.now));
		assert_false(limits_power(&w.l, &w.s, &w.b, 1, w.now));
	}
}

static void
a_target_set_in_time_is_not_moved_to_when_control_has_gone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(out_of_control) / sizeof(out_of_control[0]); i++) {
		struct world w = start();

		assert_true(limits_level(&w.l, &w.s, &w.b, 0, 20, w.now));
		assert_true(limits_param(&w.l, 0, 60, w.now));
		out_of_control[i](&w);
		assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	}
}

static void
is_killing(struct world *w)
{
	w->l.kill = true;
}

static void
has_no_box(struct world *w)
{
	w->b.ok = false;
}

static void
control_is_taken_only_when_everything_is_in_order(void **state)
{
	static spoil_fn *const spoil[] = {is_latched, is_killing, has_no_box, has_no_authority,
					  is_past_the_end};

	(void)state;
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		struct world w = start();

		w.l.armed = false;
		spoil[i](&w);
		assert_false(limits_arm(&w.l, &w.b, w.now));
	}
}

static void
taking_control_twice_changes_nothing(void **state)
{
	struct world w = start();

	(void)state;
	assert_true(limits_level(&w.l, &w.s, &w.b, 0, 20, w.now));
	assert_true(limits_arm(&w.l, &w.b, w.now));
	assert_int_equal(w.l.target[0], 20);
}

static void
authority_is_not_shortened(void **state)
{
	struct world w = start();

	(void)state;
	limits_authority(&w.l, 5);
	assert_int_equal(w.l.authority, FAR);
}

static void
values_that_do_not_exist_are_refused(void **state)
{
	struct world w = start();

	(void)state;
	assert_false(limits_level(&w.l, &w.s, &w.b, 2, 1, w.now));
	assert_false(limits_level(&w.l, &w.s, &w.b, 0, 101, w.now));
	assert_false(limits_param(&w.l, 2, 50, w.now));
	assert_false(limits_param(&w.l, 0, 101, w.now));
	assert_false(limits_power(&w.l, &w.s, &w.b, 2, w.now));
}

static void
asking_for_what_is_there_is_no_sign_of_life(void **state)
{
	struct world w = start();
	uint64_t before;

	(void)state;
	assert_true(limits_param(&w.l, 0, 60, w.now));
	before = w.l.changed;
	w.now += 1000;
	assert_true(limits_param(&w.l, 0, 60, w.now));
	assert_true(limits_mode(&w.l, &w.s, &w.b, w.b.mode, w.now));
	assert_true(limits_power(&w.l, &w.s, &w.b, w.b.power, w.now));
	assert_int_equal(w.l.changed, before);
	assert_false(w.l.kill);
}

static void
a_timer_that_is_off_or_in_the_future_does_not_run_out(void **state)
{
	struct world w = start();

	(void)state;
	w.s.idle_ms = w.s.checkin_ms = 0;
	limits_tick(&w.l, &w.s, &w.b, w.now + 9000000);
	assert_true(w.l.armed);
	w.s.idle_ms = 1;
	w.l.changed = w.now + 100;
	limits_tick(&w.l, &w.s, &w.b, w.now);
	assert_true(w.l.armed);
}

static void
a_change_whose_leave_was_taken_meanwhile_is_forgotten(void **state)
{
	static const struct {
		uint8_t mode, power;
		bool lock_mode, lock_power, low_resets;
	} rows[] = {
		{MODE_WAVE, 255, true, false, false},
		{MODE_OTHER, 1, false, true, false},
		{MODE_OTHER, 0, true, false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = start();

		w.l.mode = rows[i].mode;
		w.l.power = rows[i].power;
		w.s.lock_mode = rows[i].lock_mode;
		w.s.lock_power = rows[i].lock_power;
		w.b.low_resets = rows[i].low_resets;
		assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
		assert_int_equal(w.l.mode, MODE_OTHER);
		assert_int_equal(w.l.power, 255);
	}
}

static void
a_mode_that_the_wearer_or_the_box_lost_meanwhile_is_not_set(void **state)
{
	struct world w = start();

	(void)state;
	w.l.mode = MODE_WAVE;
	w.s.modes = 1u << MODE_PULSE;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	w = start();
	w.l.mode = MODE_WAVE;
	w.b.modes = 1u << MODE_PULSE;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
}

static void
low_power_is_written_where_it_resets_nothing_or_the_mode_is_free(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct world w = start();

		(void)state;
		w.b.power = 1;
		w.l.power = 0;
		w.b.low_resets = i == 0;
		w.s.lock_mode = i == 1;
		assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_POWER);
	}
}

static void
pulse_after_a_stop_only_in_late_modes_and_where_the_box_has_it(void **state)
{
	struct world w = start();

	(void)state;
	w.l.calm = true; /* but the wearer has turned the mode meanwhile */
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	w.l.calm = true;
	box_mode(&w.b, MODE_TRAINING);
	w.b.modes = 0;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	w.l.calm = true;
	w.b.modes = ALL;
	w.b.zero = false;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
}

static void
a_rise_waits_for_its_time_its_cap_its_own_write_and_the_lower_of_joined(void **state)
{
	static const struct {
		uint8_t cap, raw, written;
		bool join, due;
	} rows[] = {
		{0, 0, 0, false, true},  /* cap reached */
		{60, 20, 18, false, true}, /* not our own write */
		{60, 20, 20, true, true},  /* B is lower: it goes first */
		{60, 0, 0, false, false},  /* not yet due */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = start();
		struct limits_write write;

		w.l.target[0] = 40;
		w.s.cap[0][0] = rows[i].cap;
		w.b.raw[0] = rows[i].raw;
		w.l.written[0] = rows[i].written;
		w.b.join = rows[i].join;
		w.l.rise_at[0] = rows[i].due ? 0 : w.now + 1;
		write = limits_next(&w.l, &w.s, &w.b, w.now);
		assert_int_not_equal(write.act, ACT_LEVEL_A);
	}
}

static void
a_parameter_that_makes_no_sense_ends_its_ramp(void **state)
{
	struct world w = start();

	(void)state;
	w.b.param[0] = 120;
	assert_true(limits_param(&w.l, 0, 60, w.now));
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	assert_int_equal(w.l.param[0], 0);

	w.b.param[0] = 1; /* firmware whose D begins at 1 */
	assert_true(limits_param(&w.l, 0, 60, w.now));
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).value, PARAM_MIN);
}

static void
a_parameter_that_the_hand_turned_during_its_ramp_stays(void **state)
{
	static const uint8_t modes[] = {MODE_PULSE, MODE_CONTINUOUS, MODE_THROB, MODE_THRUST};

	(void)state;
	for (unsigned channel = 0; channel < 2; channel++) {
		for (size_t i = 0; i < sizeof(modes); i++) {
			struct world w = start();
			bool hidden = channel == 1 && modes[i] != MODE_PULSE;

			box_mode(&w.b, modes[i]);
			turn(&w);
			limits_param(&w.l, channel, 60, w.now);
			turns(&w, 200);
			w.b.param[channel] = 30;
			turns(&w, 2000);
			assert_int_equal(w.b.param[channel], hidden ? 60 : 30);
		}
	}
}

static void
nothing_but_a_kill_is_written_to_a_box_that_is_silent_or_busy(void **state)
{
	struct world w = start();

	(void)state;
	limits_level(&w.l, &w.s, &w.b, 0, 20, w.now);
	w.b.ok = false;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	w.b.ok = true;
	w.b.settled = false;
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_HEARTBEAT);
	is_killing(&w);
	assert_int_equal(limits_next(&w.l, &w.s, &w.b, w.now).act, ACT_KILL);
	w.b.zero = true;
	limits_report(&w.l, &w.b);
	assert_true(w.l.kill);
	w.b.settled = true;
	has_no_box(&w);
	limits_report(&w.l, &w.b);
	assert_true(w.l.kill);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_from_who_is_not_in_control),
		cmocka_unit_test(a_target_set_in_time_is_not_moved_to_when_control_has_gone),
		cmocka_unit_test(control_is_taken_only_when_everything_is_in_order),
		cmocka_unit_test(taking_control_twice_changes_nothing),
		cmocka_unit_test(authority_is_not_shortened),
		cmocka_unit_test(values_that_do_not_exist_are_refused),
		cmocka_unit_test(asking_for_what_is_there_is_no_sign_of_life),
		cmocka_unit_test(a_timer_that_is_off_or_in_the_future_does_not_run_out),
		cmocka_unit_test(a_change_whose_leave_was_taken_meanwhile_is_forgotten),
		cmocka_unit_test(a_mode_that_the_wearer_or_the_box_lost_meanwhile_is_not_set),
		cmocka_unit_test(low_power_is_written_where_it_resets_nothing_or_the_mode_is_free),
		cmocka_unit_test(pulse_after_a_stop_only_in_late_modes_and_where_the_box_has_it),
		cmocka_unit_test(a_rise_waits_for_its_time_its_cap_its_own_write_and_the_lower_of_joined),
		cmocka_unit_test(a_parameter_that_makes_no_sense_ends_its_ramp),
		cmocka_unit_test(a_parameter_that_the_hand_turned_during_its_ramp_stays),
		cmocka_unit_test(nothing_but_a_kill_is_written_to_a_box_that_is_silent_or_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

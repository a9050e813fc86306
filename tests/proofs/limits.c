/*
 * The promises of agent/guard/limits.h as named properties, each an inductive step: from any state
 * that satisfies the invariant, with any settings, any box and any time, one call (or the few that
 * the promise is about), then the promise holds. p00 shows that the invariant is reached first and
 * never left, so that together they hold for every sequence of calls. Read by CBMC only; each
 * function is run by itself by tests/proofs/run, and must fail with mutations/<its number>.sed.
 */
#include "tests/proofs/limits.h"

void
p00_what_every_state_satisfies_holds_from_the_start_and_after_every_call(void)
{
	struct world w = any_world();
	struct limits fresh;

	limits_init(&fresh, w.now);
	HOLDS(limits_invariant(&fresh), "after limits_init");
	HOLDS(at_zero(&fresh) && !fresh.armed, "it begins with a kill and nobody in control");
	make_any(&w);
	HOLDS(limits_invariant(&w.is), "after every call");
	POSSIBLE(w.call == CALL_ARM && w.accepted);
	POSSIBLE(w.is.mode != MODE_OTHER && w.call == CALL_MODE);
	POSSIBLE(w.call == CALL_NEXT && w.w.act == ACT_LEVEL_B);
	POSSIBLE(w.call == CALL_TICK && w.is.latched && !w.was.latched);
}

void
p01_no_level_is_written_above_its_cap(void)
{
	struct world w = any_world();

	make(&w, CALL_NEXT);
	if (is_level(&w.w)) {
		uint8_t cap = cap_of(&w, channel_of(&w.w));

		HOLDS(w.w.value <= cap, "at most the cap at this power");
		HOLDS(w.w.value <= LEVEL_MAX, "at most 100");
		HOLDS(IF(w.b.join, w.w.value <= cap_of(&w, 0) && w.w.value <= cap_of(&w, 1)),
		      "joined, both obey the lower cap");
		POSSIBLE(cap == 0);
		POSSIBLE(w.w.value == cap && doubled(cap) > w.b.raw[channel_of(&w.w)]);
		POSSIBLE(w.b.join && w.b.power == 1 && w.w.value > 0);
	}
}

void
p02_power_and_mode_stay_as_they_are_where_locked(void)
{
	struct world w = any_world();

	make_any(&w);
	HOLDS(IF(w.w.act == ACT_MODE && w.s.lock_mode, is_calm_pulse(&w)),
	      "mode locked: only Pulse after a zero where levels act late");
	HOLDS(IF(w.w.act == ACT_POWER, !w.s.lock_power), "power locked");
	HOLDS(IF(w.w.act == ACT_POWER && w.w.value == 0 && w.b.low_resets, !w.s.lock_mode),
	      "L changes the mode where it resets it");
	HOLDS(IF(w.is.calm && !w.was.calm, w.was.kill && !w.is.kill && w.b.late),
	      "Pulse is only ever wanted by a zero where levels act late");
	HOLDS(IF(w.s.lock_mode && w.b.late && !w.was.kill, w.call != CALL_POWER || !w.is.kill),
	      "power in a locked late mode is refused: it would need Pulse first");
	POSSIBLE(w.w.act == ACT_MODE && w.s.lock_mode);
	POSSIBLE(w.w.act == ACT_MODE && !w.s.lock_mode && w.w.value == MODE_TRAINING);
	POSSIBLE(w.w.act == ACT_POWER && w.w.value == 0 && w.b.low_resets);
	POSSIBLE(w.w.act == ACT_POWER && w.s.lock_mode);
}

void
p03_only_known_acts_with_values_in_range_are_ever_written(void)
{
	struct world w = any_world();

	make(&w, CALL_NEXT);
	HOLDS(w.w.act <= ACT_POWER, "an act of enum box_act");
	HOLDS(IF(is_level(&w.w), w.w.value <= LEVEL_MAX), "a level of 0 to 100");
	HOLDS(IF(is_param(&w.w), w.w.value >= PARAM_MIN && w.w.value <= LEVEL_MAX), "2 to 100");
	HOLDS(IF(w.w.act == ACT_POWER, w.w.value <= 1), "low or high");
	HOLDS(IF(w.w.act == ACT_MODE, in_set(w.b.modes, w.w.value)), "a mode this firmware has");
	HOLDS(IF(w.w.act == ACT_MODE, in_set(w.s.modes, w.w.value) || is_calm_pulse(&w)),
	      "a mode the wearer allows");
	HOLDS(IF(w.w.act == ACT_HEARTBEAT || w.w.act == ACT_KILL, w.w.value == 0), "no value");
	POSSIBLE(w.w.act == ACT_MODE && !in_set(w.s.modes, MODE_PULSE) && w.w.value == MODE_PULSE);
	POSSIBLE(w.w.act == ACT_PARAM_D);
	POSSIBLE(w.w.act == ACT_POWER);
}

void
p04_mode_and_power_are_written_only_after_a_confirmed_zero(void)
{
	struct world w = any_world();

	make(&w, CALL_NEXT);
	HOLDS(IF(w.w.act == ACT_MODE || w.w.act == ACT_POWER,
		 w.b.zero && !w.was.kill && w.b.ok && w.b.settled), "from a confirmed zero");
	POSSIBLE(w.w.act == ACT_MODE);
	POSSIBLE(w.w.act == ACT_POWER);
}

void
p05_a_level_rises_by_one_percent_a_step_and_only_under_control(void)
{
	struct world w = any_world();
	unsigned channel;

	make(&w, CALL_NEXT);
	channel = channel_of(&w.w);
	if (is_level(&w.w) && doubled(w.w.value) > w.b.raw[channel]) {
		HOLDS(w.w.value == (w.b.raw[channel] >> 1) + 1, "one percent above what is reported");
		HOLDS(w.b.raw[channel] == w.was.written[channel], "what is reported is our last write");
		HOLDS(!w.was.hand[channel], "not what the hand has set");
		HOLDS(w.now >= w.was.rise_at[channel], "not before its time");
		HOLDS(in_control(&w, &w.was), "somebody is in control");
		HOLDS(w.w.value <= w.was.target[channel], "not above what was asked");
		HOLDS(w.b.ok && w.b.settled, "no order of ours is on its way");
		POSSIBLE(channel == 1 && w.b.join);
		POSSIBLE(w.w.value == LEVEL_MAX);
	}
}

void
p06_a_level_above_its_target_is_written_down_at_once(void)
{
	struct world w = any_world();
	unsigned channel;

	__CPROVER_assume(w.b.ok && w.b.settled && !w.is.kill && !pending_change(&w.is));
	make(&w, CALL_NEXT);
	channel = channel_of(&w.w);
	if (is_too_high(&w, 0) || is_too_high(&w, 1)) {
		HOLDS(is_level(&w.w), "a level is written");
		HOLDS(is_too_high(&w, channel), "of a channel that is too high");
		HOLDS(w.w.value <= w.was.target[channel], "at most what is wanted");
		POSSIBLE(channel == 1 && w.was.target[0] > (w.b.raw[0] >> 1));
		POSSIBLE(channel == 0 && is_too_high(&w, 1));
		POSSIBLE(!w.was.armed);
	}
}

void
p07_what_the_hand_has_set_is_not_written_over(void)
{
	struct world w = any_world();
	unsigned c = w.channel & 1;
	bool changed = is_changed_by_hand(&w, &w.is); /* p25 */
	bool turned = w.b.ok && w.b.settled && !w.is.kill && w.b.raw[c] != w.is.written[c];
	bool quiet = w.is.hand[c] && doubled(w.is.target[c]) >= w.is.written[c];

	make_any(&w);
	if (w.call == CALL_REPORT && turned && !changed) {
		HOLDS(w.is.hand[c] && w.is.written[c] == w.b.raw[c], "it becomes ours");
		HOLDS(doubled(w.is.target[c]) >= w.b.raw[c], "and the target");
		POSSIBLE(w.b.raw[c] == 141);
	}
	if (quiet && w.call != CALL_LEVEL && w.call != CALL_WANT && w.call != CALL_RECAP &&
	    w.call != CALL_ARM && !w.is.kill && !(w.call == CALL_REPORT && (w.was.kill || changed))) {
		HOLDS((w.is.hand[c] && doubled(w.is.target[c]) >= w.is.written[c]) ||
			      (w.call == CALL_NEXT && w.b.raw[c] != w.was.written[c]),
		      "until somebody asks for a level, takes control, stops or sets a cap");
		POSSIBLE(w.call == CALL_PARAM && w.accepted);
	}
	if (w.call == CALL_NEXT && w.was.hand[c] && doubled(w.was.target[c]) >= w.b.raw[c]) {
		HOLDS(!is_level(&w.w) || channel_of(&w.w) != c, "it is not written");
		POSSIBLE(w.w.act == ACT_PARAM_C);
	}
}

void
p08_with_nobody_in_control_nothing_above_zero_is_written(void)
{
	struct world w = any_world();

	make_any(&w);
	HOLDS(IF(w.was.latched && !w.is.latched, w.call == CALL_RESUME),
	      "only the wearer takes the latch off");
	HOLDS(IF(w.is.latched, !w.is.armed), "latched, nobody is in control");
	HOLDS(IF(!w.was.armed && w.is.armed, w.call == CALL_ARM && !w.was.latched),
	      "control must be taken");
	if (!w.was.armed) {
		HOLDS(w.w.act == ACT_HEARTBEAT || w.w.act == ACT_KILL || is_calm_pulse(&w) ||
			      (is_level(&w.w) && w.w.value == 0),
		      "only kill, zero, and Pulse after a stop where levels act late");
		POSSIBLE(is_level(&w.w));
		POSSIBLE(w.w.act == ACT_MODE && w.was.latched);
		POSSIBLE(w.w.act == ACT_KILL && w.was.latched);
	}
}

void
p09_after_a_change_of_mode_or_power_everything_starts_from_zero(void)
{
	struct world w = any_world();

	make_any(&w);
	if (w.accepted && ((w.call == CALL_MODE && w.value != w.b.mode) ||
			   (w.call == CALL_POWER && w.value != w.b.power))) {
		HOLDS(w.is.kill && w.is.target[0] == 0 && w.is.target[1] == 0, "to zero first");
		HOLDS(w.is.param[0] == 0 && w.is.param[1] == 0, "parameters forgotten");
		HOLDS(!w.is.hand[0] && !w.is.hand[1], "whoever set the levels");
		HOLDS(w.is.stops == w.was.stops + 1, "counted, so that an older zero does not confirm it");
		POSSIBLE(w.call == CALL_POWER && w.was.target[0] == LEVEL_MAX);
	}
	HOLDS(IF(w.is.mode != w.was.mode && w.is.mode != MODE_OTHER, w.call == CALL_MODE && w.is.kill),
	      "a mode comes with a kill");
	HOLDS(IF(w.is.power != w.was.power && w.is.power != NO_POWER, w.call == CALL_POWER && w.is.kill),
	      "a power comes with a kill");
	HOLDS(IF(w.was.kill && !w.is.kill, w.is.written[0] == 0 && w.is.written[1] == 0),
	      "steps are counted from zero");
}

void
p10_when_authority_or_the_box_is_lost_the_next_tick_zeroes(void)
{
	struct world w = any_world();

	make(&w, CALL_TICK);
	if (w.was.armed && (w.was.authority <= w.now || !w.b.ok)) {
		HOLDS(at_zero(&w.is) && !w.is.armed, "zero, and control is over");
		make(&w, CALL_NEXT);
		HOLDS(w.w.act == ACT_KILL, "the next write is a kill");
		POSSIBLE(w.is.why == WHY_SILENT && w.b.settled);
		POSSIBLE(w.is.why == WHY_BOX);
	}
}

void
p11_idle_and_checkin_zero_and_latch(void)
{
	struct world w = any_world();
	bool idle = is_over(w.is.changed, w.s.idle_ms, w.now);
	bool absent = is_over(w.is.seen, w.s.checkin_ms, w.now);

	make(&w, CALL_TICK);
	if (w.was.armed && (idle || absent)) {
		HOLDS(at_zero(&w.is) && !w.is.armed, "zero, and control is over");
		HOLDS(w.is.latched, "the wearer must resume");
		POSSIBLE(w.is.why == WHY_IDLE);
		POSSIBLE(w.is.why == WHY_CHECKIN);
	} else if (w.was.armed && !w.was.latched) {
		HOLDS(!w.is.latched, "and nothing else of the timers latches");
		POSSIBLE(w.s.idle_ms > 0 && w.s.checkin_ms > 0);
	}
}

void
p12_the_sessions_end_zeroes(void)
{
	struct world w = any_world();

	make(&w, CALL_TICK);
	if (w.was.armed && w.was.end <= w.now) {
		HOLDS(at_zero(&w.is) && !w.is.armed, "zero, and control is over");
		make(&w, CALL_ARM);
		HOLDS(!w.accepted, "control is not given again");
		POSSIBLE(w.was.authority > w.now && w.b.ok);
	}
}

void
p13_c_and_d_move_one_percent_a_step(void)
{
	struct world w = any_world();
	unsigned c;

	make(&w, CALL_NEXT);
	c = channel_of(&w.w);
	if (is_param(&w.w)) {
		uint8_t ours = w.was.param_at[c];
		bool hidden = c == 1 && ours != 0 && shows_c_as_d(w.b.mode);
		int from = hidden ? ours : w.b.param[c], to = w.w.value;

		HOLDS(from == to + 1 || from == to - 1 || (from < PARAM_MIN && to == PARAM_MIN),
		      "one percent from what is reported, or from our own step where D is not");
		HOLDS(hidden || ours == 0 || ours == w.b.param[c], "the wearer's hand ends the ramp");
		HOLDS(to >= PARAM_MIN && to <= LEVEL_MAX, "2 to 100");
		HOLDS(w.was.param[c] != 0, "it was asked for");
		POSSIBLE(c == 1 && to < from);
		POSSIBLE(c == 0 && to > from);
		POSSIBLE(hidden && from != w.b.param[c]);
	}
}

void
p14_while_a_kill_is_pending_nothing_else_is_written(void)
{
	struct world w = any_world();

	make_any(&w);
	HOLDS(IF(w.was.kill && w.call == CALL_NEXT, w.w.act == ACT_KILL), "only the kill");
	HOLDS(IF(w.was.kill && !w.is.kill,
		 w.call == CALL_REPORT && w.b.ok && w.b.settled && w.b.zero),
	      "until the box confirms zero");
	HOLDS(IF(w.call == CALL_ZERO, at_zero(&w.is)), "a zero is never refused");
	HOLDS(IF(w.call == CALL_ZERO && w.why != WHY_PARTNER && w.why != WHY_CHANGE, !w.is.armed),
	      "and ends control");
	HOLDS(IF(w.call == CALL_ZERO && w.latch, w.is.latched && !w.is.armed), "and latches");
	HOLDS(IF(w.was.kill && !w.is.kill, w.is.calm == w.b.late), "and calms");
	POSSIBLE(w.was.kill && !w.is.kill);
	POSSIBLE(w.was.kill && w.call == CALL_NEXT && !w.b.ok);
}

void
p15_no_undefined_behaviour_and_no_overflow(void)
{
	struct world w = any_world();

	__CPROVER_assume(w.is.stops < UINT32_MAX); /* it may wrap; elsewhere nothing does */
	make_any(&w);
	HOLDS(limits_cap(&w.s, &w.b, w.channel) <= LEVEL_MAX, "a cap is a percentage");
	POSSIBLE(w.channel > 1 && w.call == CALL_LEVEL);
	POSSIBLE(w.b.raw[0] == UINT8_MAX && w.call == CALL_REPORT);
	POSSIBLE(w.call == CALL_NEXT && w.s.rise_ms == UINT32_MAX && w.w.act == ACT_LEVEL_A);
}

void
p16_joined_channels_never_jump_up_together(void)
{
	struct world w = any_world();

	__CPROVER_assume(w.b.join);
	make(&w, CALL_NEXT);
	if (is_level(&w.w)) {
		unsigned channel = channel_of(&w.w), other = 1 - channel;

		HOLDS(w.w.value <= (w.b.raw[other] >> 1) + 1, "one percent for the other one too");
		HOLDS(IF(doubled(w.w.value) <= w.b.raw[channel], doubled(w.w.value) <= w.b.raw[other]),
		      "a write down raises neither");
		POSSIBLE(doubled(w.w.value) > w.b.raw[channel] && w.b.raw[other] != w.b.raw[channel]);
		POSSIBLE(doubled(w.w.value) < w.b.raw[channel] && w.b.raw[other] < w.b.raw[channel]);
	}
}

void
p17_only_the_wearer_puts_the_checkin_off(void)
{
	struct world w = any_world();

	make_any(&w);
	HOLDS(IF(w.is.seen != w.was.seen, w.call == CALL_SEEN || w.call == CALL_RESUME),
	      "seen moves by the wearer's keys only");
	POSSIBLE(w.is.seen != w.was.seen);
	POSSIBLE(w.call == CALL_ARM && w.is.armed && !w.was.armed);
}

void
p18_a_stop_in_a_late_mode_sets_pulse_before_anything_else(void)
{
	struct world w = any_world();

	__CPROVER_assume(w.is.calm && w.b.ok && w.b.settled && w.b.zero && !w.is.kill);
	__CPROVER_assume(w.b.late && in_set(w.b.modes, MODE_PULSE));
	make(&w, CALL_NEXT);
	HOLDS(w.w.act == ACT_MODE, "a mode is written");
	HOLDS(w.w.value == MODE_PULSE || w.w.value == w.was.mode, "Pulse, or the one asked for since");
	HOLDS(IF(w.was.power != NO_POWER && w.was.mode == MODE_OTHER, w.is.power == w.was.power),
	      "a power asked for waits its turn");
	POSSIBLE(w.w.value == MODE_PULSE && w.s.lock_mode);
	POSSIBLE(w.was.power == 1 && !w.s.lock_power);
}

void
p19_control_is_taken_from_zero(void)
{
	struct world w = any_world();

	make(&w, CALL_ARM);
	if (w.is.armed && !w.was.armed) {
		HOLDS(!w.was.latched && !w.was.kill && w.b.ok, "from a box that is confirmed at zero");
		HOLDS(w.was.authority > w.now && w.was.end > w.now, "with authority, before the end");
		HOLDS(w.is.target[0] == 0 && w.is.target[1] == 0, "all targets at zero");
		HOLDS(w.is.param[0] == 0 && w.is.param[1] == 0, "no parameter wanted");
		POSSIBLE(w.was.hand[0] && w.was.target[0] > 0);
	}
	HOLDS(IF(!w.accepted, !w.is.armed || w.was.armed), "refused means refused");
	POSSIBLE(!w.accepted);
}

void
p20_a_change_of_settings_never_raises_a_level(void)
{
	struct world w = any_world();
	unsigned c = w.channel & 1;

	__CPROVER_assume(w.is.hand[c] && w.b.raw[c] == w.is.written[c]);
	__CPROVER_assume(w.b.ok && w.b.settled && !w.is.kill);
	__CPROVER_assume(w.is.target[c] == (w.b.raw[c] >> 1) + (w.b.raw[c] & 1)); /* as p07 leaves it */
	make(&w, CALL_RECAP);
	make(&w, CALL_NEXT);
	if (is_level(&w.w) && channel_of(&w.w) == c) {
		HOLDS(doubled(w.w.value) < w.b.raw[c], "only downward");
		HOLDS(w.b.raw[c] > doubled(cap_of(&w, c)), "and only from above the cap");
		POSSIBLE(w.was.armed && w.w.value == cap_of(&w, c));
	}
}

void
p21_the_last_wish_for_mode_and_power_counts(void)
{
	struct world w = any_world();

	make_any(&w);
	if (w.accepted && w.call == CALL_MODE) {
		HOLDS(w.is.mode == (w.value == w.b.mode ? MODE_OTHER : w.value), "of two modes");
		POSSIBLE(w.was.mode != MODE_OTHER && w.value == w.b.mode);
	}
	if (w.accepted && w.call == CALL_POWER) {
		HOLDS(w.is.power == (w.value == w.b.power ? NO_POWER : w.value), "of two powers");
		POSSIBLE(w.was.power == 1 && w.value == 0 && w.b.power == 0);
	}
}

void
p22_c_and_d_are_not_stepped_faster_than_levels_nor_without_control(void)
{
	struct world w = any_world();

	make(&w, CALL_NEXT);
	if (is_param(&w.w)) {
		HOLDS(w.now >= w.was.param_wait, "not before its time");
		HOLDS(in_control(&w, &w.was), "somebody is in control");
		POSSIBLE(w.s.rise_ms == UINT32_MAX);
	}
}

void
p23_after_a_step_up_the_next_one_waits_for_the_rise_time(void)
{
	struct world w = any_world();
	unsigned channel;

	make(&w, CALL_NEXT);
	channel = channel_of(&w.w);
	if (is_level(&w.w) && doubled(w.w.value) > w.b.raw[channel]) {
		HOLDS(w.is.rise_at[channel] == w.now + w.s.rise_ms, "the next one a step later");
		HOLDS(IF(w.b.join, w.is.rise_at[1 - channel] == w.is.rise_at[channel]), "joined: of both");
		POSSIBLE(w.b.join);
	} else {
		HOLDS(w.is.rise_at[0] == w.was.rise_at[0] && w.is.rise_at[1] == w.was.rise_at[1],
		      "nothing else moves that time");
	}
}

void
p24_after_a_step_of_c_or_d_the_next_one_waits_for_the_rise_time(void)
{
	struct world w = any_world();

	make(&w, CALL_NEXT);
	if (is_param(&w.w)) {
		HOLDS(w.is.param_wait == w.now + w.s.rise_ms, "the next one a step later");
		POSSIBLE(w.s.rise_ms == UINT32_MAX);
	} else {
		HOLDS(w.is.param_wait == w.was.param_wait, "nothing else moves that time");
	}
}

void
p25_what_the_hand_does_to_mode_or_power_takes_both_targets_to_zero(void)
{
	struct world w = any_world();
	unsigned c = w.channel & 1;
	bool changed = is_changed_by_hand(&w, &w.is) && !w.is.kill;

	make(&w, CALL_REPORT);
	if (changed) {
		HOLDS(w.is.target[c] == 0 && !w.is.hand[c], "nothing is wanted any more");
		HOLDS(w.is.armed == w.was.armed, "control is as it was");
		make(&w, CALL_NEXT);
		HOLDS(!is_level(&w.w) || w.w.value == 0, "and nothing but zero is written");
		POSSIBLE(is_level(&w.w) && w.b.raw[0] == 42);
	}
	w = any_world();
	make(&w, CALL_NEXT);
	HOLDS(IF(w.w.act == ACT_MODE || w.w.act == ACT_POWER, !w.is.known),
	      "a change of our own is not taken for the hand's");
	POSSIBLE(w.w.act == ACT_POWER);
}

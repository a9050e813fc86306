/*
 * The limits (limits.h). Pure. Runs in the guard. Trusts nothing but the settings' types: box
 * values may be anything a box process can put into a report.
 */
#include "agent/guard/limits.h"

#include "common/modes.h"

#define NO_POWER 255

static uint8_t
lower(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

/* The box shows C in the place of D now and then (docs/BOX.md, section 3). */
static bool
mode_hides_d(uint8_t mode)
{
	return mode == MODE_CONTINUOUS || mode == MODE_THROB || mode == MODE_THRUST;
}

static bool
mode_in(uint32_t set, uint8_t mode)
{
	return mode < MODE_COUNT && ((set >> mode) & 1) != 0;
}

static void
forget_targets(struct limits *l)
{
	l->target[0] = l->target[1] = 0;
	l->want[0] = l->want[1] = LEVEL_MAX;
	l->hand[0] = l->hand[1] = false;
	l->param[0] = l->param[1] = 0;
	l->param_at[0] = l->param_at[1] = 0;
	l->mode = MODE_OTHER;
	l->power = NO_POWER;
}

void
limits_init(struct limits *l, uint64_t now)
{
	*l = (struct limits){.kill = true, .why = WHY_START, .changed = now, .seen = now};
	forget_targets(l);
}

uint8_t
limits_cap(const struct limits_settings *s, const struct limits_box *b, unsigned channel)
{
	const uint8_t *cap = s->cap[b->power == 0 ? 0 : 1];
	uint8_t own = cap[channel == 0 ? 0 : 1];

	if (b->join) {
		own = lower(cap[0], cap[1]);
	}
	return lower(own, LEVEL_MAX);
}

/* Zeros that the partner asked for: by a stop, or as the way to another mode or power. */
static bool
keeps_control(enum why why)
{
	return why == WHY_PARTNER || why == WHY_CHANGE;
}

void
limits_zero(struct limits *l, enum why why, bool latch)
{
	forget_targets(l);
	l->kill = true;
	l->latched = l->latched || latch;
	if (!keeps_control(why) || l->latched) {
		l->armed = false;
	}
	l->why = (uint8_t)why;
	l->stops++;
}

void
limits_resume(struct limits *l, uint64_t now)
{
	l->latched = false;
	l->seen = now;
}

void
limits_recap(struct limits *l)
{
	l->hand[0] = l->hand[1] = false;
}

void
limits_seen(struct limits *l, uint64_t now)
{
	l->seen = now;
}

bool
limits_arm(struct limits *l, const struct limits_box *b, uint64_t now)
{
	if (l->latched || l->kill || !b->ok || l->authority <= now || l->end <= now) {
		return false;
	}
	if (!l->armed) {
		forget_targets(l);
		l->armed = true;
		l->why = WHY_NONE;
		l->changed = now;
	}
	return true;
}

void
limits_authority(struct limits *l, uint64_t until)
{
	if (until > l->authority) {
		l->authority = until;
	}
}

void
limits_want(struct limits *l, const uint8_t want[2])
{
	for (unsigned channel = 0; channel < 2; channel++) {
		if (want[channel] < l->want[channel]) {
			l->target[channel] = lower(l->target[channel], want[channel]);
		}
		l->want[channel] = want[channel];
	}
}

/* May the partner set a target, may it be acted on? A target is also taken while the partner's own
 * zero is being confirmed; limits_next writes nothing else until it is. */
static bool
in_control(const struct limits *l, uint64_t now)
{
	return l->armed && !l->latched && l->authority > now && l->end > now;
}

bool
limits_level(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	     unsigned channel, uint8_t value, uint64_t now)
{
	if (!in_control(l, now) || channel > 1 || value > LEVEL_MAX) {
		return false;
	}
	value = lower(value, limits_cap(s, b, channel));
	if (l->target[channel] != value) {
		l->target[channel] = value;
		l->changed = now;
	}
	l->hand[channel] = false;
	if (b->join) {
		l->target[1 - channel] = value;
	}
	l->why = WHY_NONE;
	return true;
}

bool
limits_param(struct limits *l, unsigned channel, uint8_t value, uint64_t now)
{
	if (!in_control(l, now) || channel > 1 || value > LEVEL_MAX) {
		return false;
	}
	value = value < PARAM_MIN ? PARAM_MIN : value;
	if (l->param[channel] != value) {
		l->param[channel] = value;
		l->changed = now;
	}
	return true;
}

/* Zero that the partner asked for as part of a change: control stays, levels start anew. */
static void
zero_for_change(struct limits *l, uint64_t now)
{
	limits_zero(l, WHY_CHANGE, false);
	l->changed = now;
}

bool
limits_mode(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	    uint8_t mode, uint64_t now)
{
	if (!in_control(l, now) || s->lock_mode || !mode_in(s->modes, mode) || !mode_in(b->modes, mode)) {
		return false;
	}
	l->mode = MODE_OTHER; /* the last wish counts, not one that still waits for zero */
	if (mode != b->mode) {
		zero_for_change(l, now);
		l->mode = mode;
	}
	return true;
}

bool
limits_power(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	     uint8_t power, uint64_t now)
{
	if (!in_control(l, now) || s->lock_power || power > 1) {
		return false;
	}
	if (s->lock_mode && ((power == 0 && b->low_resets) || b->late)) {
		return false; /* `L`, or Pulse before it, would change the mode, which is locked */
	}
	l->power = NO_POWER; /* the last wish counts */
	if (power != b->power) {
		zero_for_change(l, now);
		l->power = power;
	}
	return true;
}

/* The wearer turned a knob, or the box did something by itself: shown, never fought. A half step is
 * rounded up, so that it is not lowered either; nor is a raw value above 200, which no box has. */
static void
follow_hand(struct limits *l, const struct limits_box *b, unsigned channel)
{
	uint8_t raw = b->raw[channel];

	if (raw == l->written[channel]) {
		return;
	}
	l->written[channel] = raw;
	l->target[channel] = (uint8_t)((raw >> 1) + (raw & 1));
	l->hand[channel] = true;
}

/* Mode and power as last reported; was it the hand that changed one of them? */
static bool
follow_change(struct limits *l, const struct limits_box *b)
{
	bool changed = l->known && (b->mode != l->mode_was || b->power != l->power_was);

	l->known = true;
	l->mode_was = b->mode;
	l->power_was = b->power;
	return changed;
}

void
limits_report(struct limits *l, const struct limits_box *b)
{
	bool changed;

	if (!b->ok || !b->settled) {
		return;
	}
	changed = follow_change(l, b);
	if (l->kill) {
		if (b->zero) {
			l->kill = false;
			l->calm = b->late;
			l->written[0] = l->written[1] = 0;
		}
		return;
	}
	follow_hand(l, b, 0);
	follow_hand(l, b, 1);
	/* The box went to zero at that; a level of ours that was on its way must not outlive it. */
	if (changed && l->armed) {
		forget_targets(l);
	}
}

static bool
ran_out(uint64_t since, uint32_t limit, uint64_t now)
{
	return limit != 0 && now >= since && now - since >= limit;
}

void
limits_tick(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	    uint64_t now)
{
	if (!l->armed) {
		return;
	}
	/* Those that latch come first: another one at the same time must not keep them from it. */
	if (ran_out(l->changed, s->idle_ms, now)) {
		limits_zero(l, WHY_IDLE, true);
	} else if (ran_out(l->seen, s->checkin_ms, now)) {
		limits_zero(l, WHY_CHECKIN, true);
	} else if (l->end <= now) {
		limits_zero(l, WHY_EXPIRED, false);
	} else if (!b->ok) {
		limits_zero(l, WHY_BOX, false);
	} else if (l->authority <= now) {
		limits_zero(l, WHY_SILENT, false);
	}
}

static struct limits_write
write_level(struct limits *l, unsigned channel, uint8_t value)
{
	l->written[channel] = (uint8_t)(value + value);
	l->hand[channel] = false;
	return (struct limits_write){channel == 0 ? ACT_LEVEL_A : ACT_LEVEL_B, value};
}

/* Down at once, whoever is in control; with nobody, to zero. A lowered cap pulls our own level
 * down, not one that the hand has set. Joined, one write moves both channels: it must raise
 * neither. */
static struct limits_write
next_down(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	  unsigned channel)
{
	uint8_t cap = limits_cap(s, b, channel), value;

	if (!l->hand[channel]) {
		l->target[channel] = lower(l->target[channel], cap);
	}
	if (l->target[channel] + l->target[channel] >= b->raw[channel]) {
		return (struct limits_write){ACT_HEARTBEAT, 0};
	}
	if (!l->armed) {
		l->target[channel] = 0;
	}
	value = lower(l->target[channel], cap);
	if (b->join) {
		value = lower(value, b->raw[1 - channel] >> 1);
	}
	return write_level(l, channel, value);
}

/* Up by one percent a step, from the level that the box reports, and only while that is our own
 * last write. No target that is not the hand's is above its cap: next_down has seen to it. A half
 * step up to the target is none: the target may be the hand's, rounded up.
 * Joined, the lower channel goes first, since a write moves both. */
static struct limits_write
next_up(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	unsigned channel, uint64_t now)
{
	uint8_t raw = b->raw[channel], level = raw >> 1;

	if (l->target[channel] + l->target[channel] <= raw + 1 || l->hand[channel] ||
	    raw != l->written[channel] || (b->join && raw > b->raw[1 - channel]) ||
	    !in_control(l, now) || now < l->rise_at[channel]) {
		return (struct limits_write){ACT_HEARTBEAT, 0};
	}
	l->rise_at[channel] = now + s->rise_ms;
	if (b->join) {
		l->rise_at[1 - channel] = now + s->rise_ms;
	}
	return write_level(l, channel, (uint8_t)(level + 1));
}

/* Mode and power are written only after a confirmed zero, and never where locked - but a stop in a
 * mode where levels act late also sets Pulse, lock or not: the stop is worth more. A power waits
 * for that, since until then the outputs may still be up. */
static struct limits_write
next_change(struct limits *l, const struct limits_settings *s, const struct limits_box *b)
{
	struct limits_write w = {ACT_HEARTBEAT, 0};
	uint8_t power = b->zero ? l->power : NO_POWER;

	l->power = NO_POWER;
	if (b->zero && mode_in(s->modes, l->mode) && mode_in(b->modes, l->mode) && !s->lock_mode) {
		w = (struct limits_write){ACT_MODE, l->mode};
	} else if (b->zero && l->calm && b->late && mode_in(b->modes, MODE_PULSE)) {
		w = (struct limits_write){ACT_MODE, MODE_PULSE};
		l->power = power;
	} else if (power <= 1 && !s->lock_power && !(power == 0 && b->low_resets && s->lock_mode)) {
		w = (struct limits_write){ACT_POWER, power};
	}
	if (w.act != ACT_HEARTBEAT) {
		l->known = false;
	}
	l->calm = false;
	l->mode = MODE_OTHER;
	return w;
}

/* C and D move one percent a step, both ways: in some modes less is more. When the box shows
 * anything but our own last step, the wearer's hand has ended the ramp. */
static struct limits_write
next_param(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	   unsigned channel, uint64_t now)
{
	uint8_t goal = l->param[channel], ours = l->param_at[channel], here = b->param[channel];
	bool hand = ours != 0 && here != ours;

	if (hand && channel == 1 && mode_hides_d(b->mode)) {
		hand = false;
		here = ours;
	}
	if (goal == 0 || hand || here > LEVEL_MAX || here == goal) {
		l->param[channel] = l->param_at[channel] = 0;
		return (struct limits_write){ACT_HEARTBEAT, 0};
	}
	if (!in_control(l, now) || now < l->param_wait) {
		return (struct limits_write){ACT_HEARTBEAT, 0};
	}
	here = (uint8_t)(here < PARAM_MIN ? PARAM_MIN : here < goal ? here + 1 : here - 1);
	l->param_at[channel] = here;
	l->param_wait = now + s->rise_ms;
	return (struct limits_write){channel == 0 ? ACT_PARAM_C : ACT_PARAM_D, here};
}

static struct limits_write
next_rise(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	  uint64_t now)
{
	unsigned first = l->rise_at[1] < l->rise_at[0];
	struct limits_write w = next_up(l, s, b, first, now);

	return w.act == ACT_HEARTBEAT ? next_up(l, s, b, 1 - first, now) : w;
}

static struct limits_write
next_turn(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	  uint64_t now)
{
	struct limits_write w = next_param(l, s, b, 0, now);

	return w.act == ACT_HEARTBEAT ? next_param(l, s, b, 1, now) : w;
}

/* One step of a ramp. The box may take longer for each than the rise, so all that move take turns:
 * first what has waited longest. */
static struct limits_write
next_step(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	  uint64_t now)
{
	bool params = l->param_wait < l->rise_at[0] && l->param_wait < l->rise_at[1];
	struct limits_write w = params ? next_turn(l, s, b, now) : next_rise(l, s, b, now);

	if (w.act == ACT_HEARTBEAT) {
		w = params ? next_rise(l, s, b, now) : next_turn(l, s, b, now);
	}
	return w;
}

struct limits_write
limits_next(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
	    uint64_t now)
{
	struct limits_write w;

	if (l->kill) {
		return (struct limits_write){ACT_KILL, 0};
	}
	if (!b->ok || !b->settled) {
		return (struct limits_write){ACT_HEARTBEAT, 0};
	}
	/* Both channels down before anything else: a ramp must not hold a lower level back. */
	w = next_change(l, s, b);
	for (unsigned channel = 0; channel < 2 && w.act == ACT_HEARTBEAT; channel++) {
		w = next_down(l, s, b, channel);
	}
	if (w.act == ACT_HEARTBEAT) {
		w = next_step(l, s, b, now);
	}
	return w;
}

/* Any world, any call in it, and what is said of them (limits.h). Read by CBMC only. */
#include "tests/proofs/limits.h"

struct limits nondet_limits(void);
struct limits_settings nondet_settings(void);
struct limits_box nondet_box(void);
uint64_t nondet_u64(void);
unsigned nondet_unsigned(void);
uint8_t nondet_u8(void);

static bool
any_bool(void)
{
	return (nondet_u8() & 1) != 0;
}

/* A bool of a nondeterministic struct may be any byte; in C it is 0 or 1. */
static struct limits
any_limits(void)
{
	struct limits l = nondet_limits();

	l.hand[0] = any_bool();
	l.hand[1] = any_bool();
	l.known = any_bool();
	l.kill = any_bool();
	l.calm = any_bool();
	l.latched = any_bool();
	l.armed = any_bool();
	return l;
}

static struct limits_box
any_box(void)
{
	struct limits_box b = nondet_box();

	b.ok = any_bool();
	b.settled = any_bool();
	b.zero = any_bool();
	b.join = any_bool();
	b.low_resets = any_bool();
	b.late = any_bool();
	return b;
}

struct world
any_world(void)
{
	struct world w;

	w.is = any_limits();
	__CPROVER_assume(limits_invariant(&w.is));
	w.was = w.is;
	w.s = nondet_settings();
	w.s.lock_power = any_bool();
	w.s.lock_mode = any_bool();
	w.b = any_box();
	w.now = nondet_u64();
	__CPROVER_assume(w.now < UINT64_C(1) << 40);
	w.call = CALL_COUNT;
	w.why = (enum why)nondet_unsigned();
	__CPROVER_assume((unsigned)w.why < WHY_COUNT);
	w.latch = any_bool();
	w.channel = nondet_unsigned();
	w.value = nondet_u8();
	w.want[0] = nondet_u8();
	w.want[1] = nondet_u8();
	w.accepted = false;
	w.w = (struct limits_write){ACT_HEARTBEAT, 0};
	return w;
}

static bool
is_percent(uint8_t value)
{
	return value == 0 || (value >= PARAM_MIN && value <= LEVEL_MAX);
}

bool
limits_invariant(const struct limits *l)
{
	bool ranges = l->why < WHY_COUNT && is_percent(l->param[0]) && is_percent(l->param[1]) &&
		      is_percent(l->param_at[0]) && is_percent(l->param_at[1]) &&
		      (l->mode < MODE_COUNT || l->mode == MODE_OTHER) &&
		      (l->power <= 1 || l->power == NO_POWER);
	bool nothing_asked = l->mode == MODE_OTHER && l->power == NO_POWER && l->param[0] == 0 &&
			     l->param[1] == 0;

	return ranges && !(l->latched && l->armed) && (l->armed || nothing_asked);
}

static void
guard_sets(struct limits *l)
{
	l->end = nondet_u64();
	l->authority = nondet_u64();
	l->why = nondet_u8();
	__CPROVER_assume(l->why < WHY_COUNT);
}

void
make(struct world *w, enum call call)
{
	struct limits *l = &w->is;

	w->call = call;
	switch (call) {
	case CALL_ZERO: limits_zero(l, w->why, w->latch); break;
	case CALL_RESUME: limits_resume(l, w->now); break;
	case CALL_RECAP: limits_recap(l); break;
	case CALL_SEEN: limits_seen(l, w->now); break;
	case CALL_ARM: w->accepted = limits_arm(l, &w->b, w->now); break;
	case CALL_AUTHORITY: limits_authority(l, nondet_u64()); break;
	case CALL_WANT: limits_want(l, w->want); break;
	case CALL_LEVEL:
		w->accepted = limits_level(l, &w->s, &w->b, w->channel, w->value, w->now);
		break;
	case CALL_PARAM: w->accepted = limits_param(l, w->channel, w->value, w->now); break;
	case CALL_MODE: w->accepted = limits_mode(l, &w->s, &w->b, w->value, w->now); break;
	case CALL_POWER: w->accepted = limits_power(l, &w->s, &w->b, w->value, w->now); break;
	case CALL_REPORT: limits_report(l, &w->b); break;
	case CALL_TICK: limits_tick(l, &w->s, &w->b, w->now); break;
	case CALL_NEXT: w->w = limits_next(l, &w->s, &w->b, w->now); break;
	case CALL_GUARD: guard_sets(l); break;
	default: break;
	}
}

void
make_any(struct world *w)
{
	unsigned call = nondet_unsigned();

	__CPROVER_assume(call < CALL_COUNT);
	make(w, (enum call)call);
}

bool
shows_c_as_d(uint8_t mode)
{
	return mode == MODE_CONTINUOUS || mode == MODE_THROB || mode == MODE_THRUST;
}

bool
in_set(uint32_t set, uint8_t mode)
{
	return mode < MODE_COUNT && (set & (UINT32_C(1) << mode)) != 0;
}

bool
is_level(const struct limits_write *w)
{
	return w->act == ACT_LEVEL_A || w->act == ACT_LEVEL_B;
}

bool
is_param(const struct limits_write *w)
{
	return w->act == ACT_PARAM_C || w->act == ACT_PARAM_D;
}

unsigned
channel_of(const struct limits_write *w)
{
	return w->act == ACT_LEVEL_A || w->act == ACT_PARAM_C ? 0 : 1;
}

unsigned
doubled(uint8_t percent)
{
	return (unsigned)percent + percent;
}

uint8_t
cap_of(const struct world *w, unsigned channel)
{
	uint8_t power = w->b.power == 0 ? 0 : 1;
	uint8_t own = w->s.cap[power][channel], other = w->s.cap[power][1 - channel];
	uint8_t cap = w->b.join && other < own ? other : own;

	return cap > LEVEL_MAX ? LEVEL_MAX : cap;
}

bool
pending_change(const struct limits *l)
{
	return l->mode != MODE_OTHER || l->power != NO_POWER || l->calm;
}

bool
in_control(const struct world *w, const struct limits *l)
{
	return l->armed && !l->latched && !l->kill && l->authority > w->now && l->end > w->now;
}

bool
at_zero(const struct limits *l)
{
	return l->kill && l->target[0] == 0 && l->target[1] == 0 && l->param[0] == 0 &&
	       l->param[1] == 0 && l->mode == MODE_OTHER && l->power == NO_POWER;
}

bool
is_calm_pulse(const struct world *w)
{
	return w->w.act == ACT_MODE && w->w.value == MODE_PULSE && w->was.calm &&
	       w->b.late && w->b.zero;
}

bool
is_too_high(const struct world *w, unsigned channel)
{
	uint8_t goal = w->was.target[channel], cap = cap_of(w, channel);

	if (!w->was.hand[channel] && cap < goal) {
		goal = cap;
	}
	return doubled(goal) < w->b.raw[channel];
}

bool
is_changed_by_hand(const struct world *w, const struct limits *l)
{
	return w->b.ok && w->b.settled && l->armed && l->known &&
	       (w->b.mode != l->mode_was || w->b.power != l->power_was);
}

bool
is_over(uint64_t since, uint32_t limit, uint64_t now)
{
	return limit != 0 && now >= since && now - since >= limit;
}

/*
 * Settings as one table: action, name, unit, range, place (settings.h). Runs in the guard. Input:
 * the command line (trusted) and the ui process (checked).
 */
#include "agent/guard/settings.h"

#include <stdio.h>

#include "common/modes.h"

#define ALL_MODES ((1u << MODE_COUNT) - 1)

void
settings_default(struct settings *s)
{
	*s = (struct settings){
		.limits = {.lock_power = true,
			   .modes = ALL_MODES & ~(1u << MODE_STEP) & ~(1u << MODE_TRAINING),
			   .rise_ms = 100,
			   .hold_ms = 5000,
			   .idle_ms = 10 * 60 * 1000,
			   .checkin_ms = 30 * 60 * 1000},
		.ask = true,
	};
}

struct setting {
	uint8_t action;
	const char *name, *unit;
	uint32_t min, max;
	void (*set)(struct settings *s, const struct ui_input *in);
};

static void
set_cap(struct settings *s, const struct ui_input *in)
{
	s->limits.cap[in->power][in->action == UI_CAP_A ? 0 : 1] = (uint8_t)in->value;
}

static void
set_lock_power(struct settings *s, const struct ui_input *in)
{
	s->limits.lock_power = in->value != 0;
}

static void
set_lock_mode(struct settings *s, const struct ui_input *in)
{
	s->limits.lock_mode = in->value != 0;
}

static void
set_hold(struct settings *s, const struct ui_input *in)
{
	s->limits.hold_ms = in->value * 1000;
}

static void
set_idle(struct settings *s, const struct ui_input *in)
{
	s->limits.idle_ms = in->value * 60000;
}

static void
set_checkin(struct settings *s, const struct ui_input *in)
{
	s->limits.checkin_ms = in->value * 60000;
}

static void
set_rise(struct settings *s, const struct ui_input *in)
{
	s->limits.rise_ms = in->value;
}

static void
set_ask(struct settings *s, const struct ui_input *in)
{
	s->ask = in->value != 0;
}

static void
set_modes(struct settings *s, const struct ui_input *in)
{
	s->limits.modes = in->value;
}

static const struct setting table[] = {
	{UI_CAP_A, "cap of A", "percent", 0, LEVEL_MAX, set_cap},
	{UI_CAP_B, "cap of B", "percent", 0, LEVEL_MAX, set_cap},
	{UI_LOCK_POWER, "power lock", "(0 off, 1 on)", 0, 1, set_lock_power},
	{UI_LOCK_MODE, "mode lock", "(0 off, 1 on)", 0, 1, set_lock_mode},
	{UI_HOLD, "hold", "s", 2, 30, set_hold},
	{UI_IDLE, "idle shut-down", "min (0 off)", 0, 240, set_idle},
	{UI_CHECKIN_MIN, "check-in", "min (0 off)", 0, 240, set_checkin},
	{UI_RISE, "rise", "ms per percent", 20, 2000, set_rise},
	{UI_ASK, "asking", "(0 always let in, 1 ask)", 0, 1, set_ask},
	{UI_MODES, "allowed modes", "(a bit per mode)", 0, ALL_MODES, set_modes},
};

int
settings_apply(struct settings *s, const struct ui_input *in, char *text, size_t size)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct setting *t = &table[i];

		if (t->action != in->action) {
			continue;
		}
		if (in->value < t->min || in->value > t->max || in->power > 1) {
			snprintf(text, size, "The %s must be %u to %u %s; nothing was changed.", t->name,
				 t->min, t->max, t->unit);
			return -1;
		}
		t->set(s, in);
		snprintf(text, size, "You set the %s%s to %u %s.", t->name,
			 in->power == 1 ? " at high power" : "", in->value, t->unit);
		return 0;
	}
	snprintf(text, size, "That setting is not known; nothing was changed.");
	return -1;
}

/*
 * Settings as one table: action, name, range, place (settings.h). Runs in the guard. Input: the
 * command line and configuration (trusted) and the ui process (checked).
 */
#include "agent/guard/settings.h"

#include <stdio.h>
#include <string.h>

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

enum kind { KIND_CAP, KIND_BOOL, KIND_NUMBER };

struct setting {
	uint8_t action;
	enum kind kind;
	const char *name, *unit;
	uint32_t min, max;
	size_t place;	  /* in struct settings; of caps: the one at low power */
	uint32_t factor;  /* of numbers: what one is worth in the place's own unit */
	const char *none; /* what is said of 0, where that is better told in words */
	const char *some; /* and of all else */
};

#define PLACE(member) offsetof(struct settings, member)

static const struct setting table[] = {
	{UI_CAP_A, KIND_CAP, "cap of A", "percent", 0, LEVEL_MAX, PLACE(limits.cap[0][0]), 1, NULL,
	 NULL},
	{UI_CAP_B, KIND_CAP, "cap of B", "percent", 0, LEVEL_MAX, PLACE(limits.cap[0][1]), 1, NULL,
	 NULL},
	{UI_LOCK_POWER, KIND_BOOL, "power lock", "(0 off, 1 on)", 0, 1, PLACE(limits.lock_power), 1,
	 "You unlocked the power: your partner may change it.", "You locked the power."},
	{UI_LOCK_MODE, KIND_BOOL, "mode lock", "(0 off, 1 on)", 0, 1, PLACE(limits.lock_mode), 1,
	 "You unlocked the mode: your partner may change it.", "You locked the mode."},
	{UI_HOLD, KIND_NUMBER, "hold", "seconds", 2, 30, PLACE(limits.hold_ms), 1000, NULL, NULL},
	{UI_IDLE, KIND_NUMBER, "idle shut-down", "minutes, 0 is off", 0, 240, PLACE(limits.idle_ms),
	 60000, "You turned the idle shut-down off.", NULL},
	{UI_CHECKIN_MIN, KIND_NUMBER, "check-in", "minutes, 0 is off", 0, 240,
	 PLACE(limits.checkin_ms), 60000, "You turned the check-in off.", NULL},
	{UI_RISE, KIND_NUMBER, "rise", "ms per percent", 20, 2000, PLACE(limits.rise_ms), 1, NULL,
	 NULL},
	{UI_ASK, KIND_BOOL, "asking", "(0 always let in, 1 ask)", 0, 1, PLACE(ask), 1,
	 "Whoever has the link gets control without asking you.",
	 "You are asked before a partner gets control."},
	{UI_MODES, KIND_NUMBER, "allowed modes", "(a bit per mode)", 0, ALL_MODES,
	 PLACE(limits.modes), 1, "You allowed no mode: the box keeps the one it has.",
	 "You set which modes are allowed."},
};

static const struct setting *
find(uint8_t action)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].action == action) {
			return &table[i];
		}
	}
	return NULL;
}

static void
store(struct settings *s, const struct setting *t, const struct ui_input *in)
{
	unsigned char *place = (unsigned char *)s + t->place;
	uint32_t number = in->value * t->factor;

	switch (t->kind) {
	case KIND_CAP:
		place[in->power * sizeof(s->limits.cap[0])] = (unsigned char)in->value;
		break;
	case KIND_BOOL:
		*(bool *)place = in->value != 0;
		break;
	default:
		memcpy(place, &number, sizeof(number));
	}
}

static void
say(const struct setting *t, const struct ui_input *in, char *text, size_t size)
{
	const char *words = in->value == 0 ? t->none : t->some;
	const char *at = t->kind == KIND_CAP && in->power == 1 ? " at high power" : "";

	if (words != NULL) {
		snprintf(text, size, "%s", words);
	} else {
		snprintf(text, size, "You set the %s%s to %u %.*s.", t->name, at, in->value,
			 (int)strcspn(t->unit, ","), t->unit);
	}
}

int
settings_apply(struct settings *s, const struct ui_input *in, char *text, size_t size)
{
	const struct setting *t = find(in->action);

	if (t == NULL) {
		snprintf(text, size, "That setting is not known; nothing was changed.");
		return -1;
	}
	if (in->value < t->min || in->value > t->max || in->power > 1) {
		snprintf(text, size, "The %s must be %u to %u %s; nothing was changed.", t->name,
			 t->min, t->max, t->unit);
		return -1;
	}
	store(s, t, in);
	say(t, in, text, size);
	return 0;
}

static uint32_t
load(const struct settings *s, const struct setting *t, uint8_t power)
{
	const unsigned char *place = (const unsigned char *)s + t->place;
	uint32_t number;

	switch (t->kind) {
	case KIND_CAP:
		return place[power * sizeof(s->limits.cap[0])];
	case KIND_BOOL:
		return *(const bool *)place;
	default:
		memcpy(&number, place, sizeof(number));
		return number / t->factor;
	}
}

uint32_t
settings_value(const struct settings *s, uint8_t action, uint8_t power)
{
	const struct setting *t = find(action);

	return t != NULL ? load(s, t, power) : 0;
}

bool
settings_same(const struct settings *a, const struct settings *b)
{
	bool same = true;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (uint8_t power = 0; power < 2; power++) {
			same = same && load(a, &table[i], power) == load(b, &table[i], power);
		}
	}
	return same;
}

int
settings_expects(uint8_t action, char *text, size_t size)
{
	const struct setting *t = find(action);

	if (t == NULL) {
		return -1;
	}
	snprintf(text, size, "%u to %u %s", t->min, t->max, t->unit);
	return 0;
}

int
settings_range(uint8_t action, uint32_t *min, uint32_t *max)
{
	const struct setting *t = find(action);

	if (t == NULL) {
		return -1;
	}
	*min = t->min;
	*max = t->max;
	return 0;
}

/*
 * Settings as rows; see panel.h. Runs in the ui.
 */
#include "agent/ui/panel.h"

#include <stdio.h>

#include "agent/guard/settings.h"

/* Which way takes a protection away. */
enum risk {
	RISK_UP,     /* more is riskier */
	RISK_DOWN,   /* less is riskier */
	RISK_UP_OFF, /* more is riskier, and 0, which is off, the most */
};

static const struct row {
	const char *label, *unit;
	uint8_t action, power;
	enum risk risk;
	uint8_t step;
	const char *off, *on; /* of rows that are 0 or 1; `off` alone: what 0 is called */
	const char *about;
} rows[] = {
	[ROW_CAP] = {"Cap of A at low power", "%", UI_CAP_A, 0, RISK_UP, 1, NULL, NULL,
		     "No partner can go above it."},
	[ROW_CAP + 1] = {"Cap of B at low power", "%", UI_CAP_B, 0, RISK_UP, 1, NULL, NULL,
			 "No partner can go above it."},
	[ROW_CAP + 2] = {"Cap of A at high power", "%", UI_CAP_A, 1, RISK_UP, 1, NULL, NULL,
			 "High power feels much stronger at the same percentage."},
	[ROW_CAP + 3] = {"Cap of B at high power", "%", UI_CAP_B, 1, RISK_UP, 1, NULL, NULL,
			 "High power feels much stronger at the same percentage."},
	[ROW_RISE] = {"Rise", "ms per %", UI_RISE, 0, RISK_DOWN, 20, NULL, NULL,
		      "How long each percent upward takes; more is gentler."},
	[ROW_HOLD] = {"Hold", "s", UI_HOLD, 0, RISK_UP, 1, NULL, NULL,
		      "When your partner's page falls silent this long, the outputs go to zero."},
	[ROW_IDLE] = {"Idle stop", "min", UI_IDLE, 0, RISK_UP_OFF, 5, "off", NULL,
		      "When nothing was changed this long, everything stops."},
	[ROW_CHECKIN] = {"Check-in", "min", UI_CHECKIN_MIN, 0, RISK_UP_OFF, 5, "off", NULL,
			 "When you press no key this long, everything stops."},
	[ROW_ASK] = {"A new partner", "", UI_ASK, 0, RISK_DOWN, 1, "is let in", "must ask",
		     "Always let in: whoever has the link gets control without asking you."},
	[ROW_LOCK_POWER] = {"Power lock", "", UI_LOCK_POWER, 0, RISK_DOWN, 1, "off", "on",
			    "Off: your partner may change between low and high power."},
	[ROW_LOCK_MODE] = {"Mode lock", "", UI_LOCK_MODE, 0, RISK_DOWN, 1, "off", "on",
			   "Off: your partner may change the mode, among those allowed."},
	[ROW_MODE] = {"Mode", "", UI_MODES, 0, RISK_UP, 1, "forbidden", "allowed",
		      "Only modes that you allow can be set by your partner."},
};

static const struct row *
find(unsigned row)
{
	return &rows[row < ROW_MODE ? row : ROW_MODE];
}

static uint32_t
mode_bit(unsigned row)
{
	return UINT32_C(1) << (row - ROW_MODE);
}

bool
ui_row_exists(const struct ui_view *v, unsigned row)
{
	return row < ROW_MODE || (row < ROW_COUNT && (v->modes_present & mode_bit(row)) != 0);
}

unsigned
ui_row_next(const struct ui_view *v, unsigned row, int step)
{
	for (unsigned i = row + (unsigned)step; i < ROW_COUNT; i += (unsigned)step) {
		if (ui_row_exists(v, i)) {
			return i;
		}
	}
	return row;
}

void
ui_row_label(unsigned row, char out[UI_LABEL])
{
	if (row < ROW_MODE) {
		snprintf(out, UI_LABEL, "%s", find(row)->label);
	} else {
		snprintf(out, UI_LABEL, "Mode %s", mode_title(row - ROW_MODE));
	}
}

const char *
ui_row_about(unsigned row)
{
	return find(row)->about;
}

bool
ui_row_is_number(unsigned row)
{
	return find(row)->on == NULL;
}

uint32_t
ui_row_value(const struct ui_view *v, unsigned row)
{
	switch (row) {
	case ROW_RISE:
		return v->rise_ms;
	case ROW_HOLD:
		return v->hold_s;
	case ROW_IDLE:
		return v->idle_min;
	case ROW_CHECKIN:
		return v->checkin_min;
	case ROW_ASK:
		return v->ask;
	case ROW_LOCK_POWER:
		return v->lock_power;
	case ROW_LOCK_MODE:
		return v->lock_mode;
	default:
		return row < ROW_RISE ? v->cap[row / 2][row % 2]
				      : (v->modes_allowed & mode_bit(row)) != 0;
	}
}

const char *
ui_row_words(unsigned row, uint32_t value, char out[UI_LABEL])
{
	const struct row *r = find(row);
	const char *word = value == 0 ? r->off : r->on;

	if (word != NULL) {
		snprintf(out, UI_LABEL, "%s", word);
	} else {
		snprintf(out, UI_LABEL, "%u %s", value, r->unit);
	}
	return out;
}

static void
range(unsigned row, uint32_t *min, uint32_t *max)
{
	*min = 0;
	*max = 1;
	if (row < ROW_MODE) {
		(void)settings_range(find(row)->action, min, max);
	}
}

bool
ui_row_takes(unsigned row, uint32_t value)
{
	uint32_t min, max;

	range(row, &min, &max);
	return value >= min && value <= max;
}

/* A value's place between the leftmost and the rightmost: off follows the longest time. */
static uint32_t
place(unsigned row, uint32_t value, uint32_t max)
{
	return find(row)->risk == RISK_UP_OFF && value == 0 ? max + 1 : value;
}

uint32_t
ui_row_step(unsigned row, uint32_t value, int steps)
{
	bool off = find(row)->risk == RISK_UP_OFF;
	uint32_t min, max, most, by = (uint32_t)(steps < 0 ? -steps : steps) * find(row)->step, at;

	range(row, &min, &max);
	most = off ? max + 1 : max;
	min = off ? 1 : min;
	at = place(row, value, max);
	if (steps < 0) {
		at = at > min + by ? at - by : min;
		at = off && value == 0 ? max : at;
	} else {
		at = at < max && at + by > max ? max : at + by < most ? at + by : most;
	}
	return off && at > max ? 0 : at;
}

bool
ui_row_is_riskier(unsigned row, uint32_t from, uint32_t to)
{
	uint32_t min, max;

	range(row, &min, &max);
	from = place(row, from, max);
	to = place(row, to, max);
	return find(row)->risk == RISK_DOWN ? to < from : to > from;
}

static void
store(struct ui_view *v, unsigned row, uint32_t value)
{
	switch (row) {
	case ROW_RISE:
		v->rise_ms = (uint16_t)value;
		break;
	case ROW_HOLD:
		v->hold_s = (uint16_t)value;
		break;
	case ROW_IDLE:
		v->idle_min = (uint16_t)value;
		break;
	case ROW_CHECKIN:
		v->checkin_min = (uint16_t)value;
		break;
	case ROW_ASK:
		v->ask = value != 0;
		break;
	case ROW_LOCK_POWER:
		v->lock_power = value != 0;
		break;
	case ROW_LOCK_MODE:
		v->lock_mode = value != 0;
		break;
	default:
		v->cap[row / 2][row % 2] = (uint8_t)value;
	}
}

struct ui_input
ui_row_set(struct ui_view *v, unsigned row, uint32_t value)
{
	struct ui_input in = {find(row)->action, find(row)->power, value};

	if (row < ROW_MODE) {
		store(v, row, value);
		return in;
	}
	v->modes_allowed &= ~mode_bit(row);
	v->modes_allowed |= value != 0 ? mode_bit(row) : 0;
	in.value = v->modes_allowed;
	return in;
}

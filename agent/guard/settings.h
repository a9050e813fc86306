/*
 * The wearer's settings: safe defaults, ranges, and the one function that changes them.
 * Runs in the guard.
 */
#ifndef TETHER_SETTINGS_H
#define TETHER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/guard/limits.h"

struct settings {
	struct limits_settings limits;
	bool ask; /* the wearer is asked before a partner takes control */
};

/* Safe to start with: ask, power locked, caps 0, Step and Training off, hold 5 s, idle
 * 10 min, check-in 30 min, 100 ms per percent upward. */
void settings_default(struct settings *s);

/* Applies one setting (UI_CAP_A .. UI_MODES of enum ui_action). 0 with a sentence of what is set
 * now in `text`, or -1 with a sentence of what was expected; then nothing has changed. */
int settings_apply(struct settings *s, const struct ui_input *in, char *text, size_t size);

/* The value that settings_apply would set: percent, 0 or 1, seconds, minutes, ms, bits. 0 when there
 * is no such setting. `power` counts for caps only. */
uint32_t settings_value(const struct settings *s, uint8_t action, uint8_t power);

/* Are all settings the same? */
bool settings_same(const struct settings *a, const struct settings *b);

/* What a setting takes, for people: "0 to 100 percent". 0, or -1 when there is no such setting. */
int settings_expects(uint8_t action, char *text, size_t size);

/* The same as numbers, for who edits it: least and greatest value. 0, or -1 as above. */
int settings_range(uint8_t action, uint32_t *min, uint32_t *max);

#endif

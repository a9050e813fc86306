/*
 * The wearer's settings as rows that can be read and changed. Pure. Runs in the ui. Ranges come
 * from agent/guard/settings.h; which direction is the safer one is said here.
 */
#ifndef TETHER_UI_PANEL_H
#define TETHER_UI_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/frames.h"
#include "common/modes.h"

#define UI_LABEL 32 /* a row's name or value with its NUL */

enum ui_row {
	ROW_CAP, /* A and B at low power, A and B at high power */
	ROW_RISE = 4,
	ROW_HOLD,
	ROW_IDLE,
	ROW_CHECKIN,
	ROW_ASK,
	ROW_LOCK_POWER,
	ROW_LOCK_MODE,
	ROW_MODE, /* + enum mode */
	ROW_COUNT = ROW_MODE + MODE_COUNT
};

/* Is the row one of this box? The rows of modes are only where the box has the mode. */
bool ui_row_exists(const struct ui_view *v, unsigned row);

/* The nearest existing row above (step -1) or below (step 1), or the row itself at the end. */
unsigned ui_row_next(const struct ui_view *v, unsigned row, int step);

/* What a row is called ("Cap of A at low power") and, in a sentence or two, what it does. */
void ui_row_label(unsigned row, char out[UI_LABEL]);
const char *ui_row_about(unsigned row);

/* Can it be typed as a number? */
bool ui_row_is_number(unsigned row);

/* Its value now: percent, ms per percent, s, min; 0 and 1 of locks, asking and modes. */
uint32_t ui_row_value(const struct ui_view *v, unsigned row);

/* A value for people: "40 %", "off", "allowed". Returns out. */
const char *ui_row_words(unsigned row, uint32_t value, char out[UI_LABEL]);

/* Is the value one that the guard takes? */
bool ui_row_takes(unsigned row, uint32_t value);

/* The value `steps` further to the right (positive) or left from `value`, within the range. For
 * timers that 0 turns off, off is what follows the longest time. */
uint32_t ui_row_step(unsigned row, uint32_t value, int steps);

/* Does going from one value to another take a protection away? Then it needs the wearer's yes. */
bool ui_row_is_riskier(unsigned row, uint32_t from, uint32_t to);

/* What is to be sent for the value; *v is changed as the guard will change it. */
struct ui_input ui_row_set(struct ui_view *v, unsigned row, uint32_t value);

#endif

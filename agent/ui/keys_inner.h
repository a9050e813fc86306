/*
 * What the two halves of the keys share: keys.c knows which key means what, keys_rows.c how a
 * setting changes. Nothing else includes this. Runs in the ui.
 */
#ifndef TETHER_UI_KEYS_INNER_H
#define TETHER_UI_KEYS_INNER_H

#include "agent/ui/keys.h"

/* What one batch is read with. */
struct desk {
	struct ui_keys *k;
	struct ui_view *view;
	struct ui_wish *wish;
	bool adding; /* a change was waiting when this key came: the same key adds to it */
	bool only_y; /* nothing but y (and line ends, where lines are read) */
};

void keys_wish(struct ui_wish *w, struct ui_input in);

/* Puts a question, in place of any other: `question` is the flag of ui_keys that says which. */
void keys_ask(struct desk *d, bool *question, const char *text);
void keys_drop(struct ui_keys *k);

/* One step of a setting: at once where it is the safer way, else as a question. */
void keys_step_row(struct desk *d, unsigned row, int steps);

/* The key of a lock turns it; while that is being asked, once more is a no. */
void keys_turn_row(struct desk *d, unsigned row);

/* A cap's own keys mean the power that the box is at. channel: 0 A, 1 B. */
void keys_step_cap(struct desk *d, unsigned channel, int steps);

/* A digit for the chosen row, and one taken back. */
void keys_type_digit(struct desk *d, int digit);
void keys_rub_out(struct desk *d);

/* Chooses a row and says what it is. */
void keys_choose_row(struct desk *d, unsigned row);

/* Sets it, whatever the risk: the wearer has said yes. */
void keys_set_row(struct desk *d, unsigned row, uint32_t value);

#endif

/*
 * How keys change settings; see keys_inner.h. Runs in the ui.
 */
#include "agent/ui/keys_inner.h"

#include <stdio.h>
#include <string.h>

#include "agent/ui/panel.h"

void
keys_wish(struct ui_wish *w, struct ui_input in)
{
	if (w->count < UI_BATCH) {
		w->input[w->count++] = in;
	}
}

void
keys_drop(struct ui_keys *k)
{
	k->asking_quit = k->asking_resume = k->change.open = false;
}

void
keys_ask(struct desk *d, bool *question, const char *text)
{
	keys_drop(d->k);
	*question = true;
	d->k->fresh = true;
	d->k->asked_phase = d->view->phase;
	d->k->notice = text;
}

/* "Cap of A at low power: 40 -> 45 %." The unit once, where both have it. */
static void
ask_change(struct desk *d)
{
	struct ui_keys *k = d->k;
	char label[UI_LABEL], from[UI_LABEL], to[UI_LABEL];

	ui_row_label(k->change.row, label);
	ui_row_words(k->change.row, ui_row_value(d->view, k->change.row), from);
	ui_row_words(k->change.row, k->change.to, to);
	if (from[0] >= '0' && from[0] <= '9' && to[0] >= '0' && to[0] <= '9') {
		from[strcspn(from, " ")] = '\0';
	}
	snprintf(k->text, sizeof(k->text), "%s: %s -> %s. %s", label, from, to,
		 ui_row_takes(k->change.row, k->change.to) ? "Enter = yes, Esc = no"
							   : "That is outside its range. Esc = no");
	keys_ask(d, &k->change.open, k->text);
}

static void
tell_row(struct desk *d, unsigned row)
{
	char label[UI_LABEL], value[UI_LABEL];

	ui_row_label(row, label);
	snprintf(d->k->text, sizeof(d->k->text), "%s: %s. %s", label,
		 ui_row_words(row, ui_row_value(d->view, row), value), ui_row_about(row));
	d->k->notice = d->k->text;
}

void
keys_set_row(struct desk *d, unsigned row, uint32_t value)
{
	keys_wish(d->wish, ui_row_set(d->view, row, value));
	tell_row(d, row);
}

void
keys_step_row(struct desk *d, unsigned row, int steps)
{
	struct ui_keys *k = d->k;
	uint32_t now = ui_row_value(d->view, row), to = ui_row_step(row, now, steps);

	if (to == now) {
		tell_row(d, row);
	} else if (!ui_row_is_riskier(row, now, to)) {
		keys_set_row(d, row, to);
	} else {
		if (d->adding && k->change.row == row) {
			to = ui_row_step(row, k->change.to, steps);
		}
		k->change = (struct ui_change){.row = row, .to = to};
		ask_change(d);
	}
}

void
keys_turn_row(struct desk *d, unsigned row)
{
	bool asked = d->adding && d->k->change.row == row;

	if (asked) {
		tell_row(d, row);
	} else {
		keys_step_row(d, row, ui_row_value(d->view, row) == 0 ? 1 : -1);
	}
}

void
keys_step_cap(struct desk *d, unsigned channel, int steps)
{
	keys_step_row(d, ROW_CAP + (d->view->power == 0 ? 0 : 2) + channel, steps);
}

/* Typed numbers wait for Enter in both directions: half of one means nothing. */
void
keys_type_digit(struct desk *d, int digit)
{
	struct ui_change *c = &d->k->change;
	bool more = d->adding && c->typed && c->row == d->k->row;
	uint32_t before = more ? c->to : 0;

	if (!ui_row_is_number(d->k->row)) {
		return;
	}
	*c = (struct ui_change){.row = d->k->row,
				.to = before < 1000 ? before * 10 + (uint32_t)digit : before,
				.typed = true};
	ask_change(d);
}

void
keys_rub_out(struct desk *d)
{
	struct ui_change *c = &d->k->change;

	if (d->adding && c->typed) {
		c->to /= 10;
		ask_change(d);
	}
}

void
keys_choose_row(struct desk *d, unsigned row)
{
	d->k->row = row;
	tell_row(d, row);
}

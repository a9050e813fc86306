/*
 * Keys of the terminal ui; see keys.h. Runs in the ui.
 */
#include "agent/ui/keys.h"

#include <stdio.h>
#include <string.h>

#include "agent/ui/panel.h"

#define CTRL_C '\003'
#define CTRL_L '\014'
#define CTRL_Z '\032'
#define CTRL_BACKSLASH '\034'
#define DELETE '\177'

/* What one batch is read with. */
struct desk {
	struct ui_keys *k;
	struct ui_view *view;
	struct ui_wish *wish;
	bool adding; /* a change was waiting when this key came: the same key adds to it */
	bool only_y; /* nothing but y (and line ends, where lines are read) */
};

static void
wish_input(struct ui_wish *w, struct ui_input in)
{
	if (w->count < UI_BATCH) {
		w->input[w->count++] = in;
	}
}

static void
wish_action(struct ui_wish *w, enum ui_action action)
{
	wish_input(w, (struct ui_input){.action = (uint8_t)action});
}

static bool
is_stop(int c)
{
	return c == ' ' || c == CTRL_C || c == CTRL_Z || c == CTRL_BACKSLASH;
}

bool
ui_keys_is_asking(const struct ui_keys *k)
{
	return k->asking_quit || k->asking_resume || k->change.open;
}

static void
drop_question(struct ui_keys *k)
{
	k->asking_quit = k->asking_resume = k->change.open = false;
}

static void
ask(struct desk *d, bool *question, const char *text)
{
	drop_question(d->k);
	*question = true;
	d->k->fresh = true;
	d->k->asked_phase = d->view->phase;
	d->k->notice = text;
}

static void
ask_quit(struct desk *d)
{
	ask(d, &d->k->asking_quit,
	    "End the session and quit? y or Enter = yes, any other key = no");
}

static void
ask_resume(struct desk *d)
{
	if (d->view->latched) {
		ask(d, &d->k->asking_resume,
		    "Let your partner take control again, from zero? y or Enter = yes, Esc = no");
	} else {
		d->k->notice = "Nothing is stopped, so there is nothing to resume.";
	}
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
	ask(d, &k->change.open, k->text);
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

static void
set_row(struct desk *d, unsigned row, uint32_t value)
{
	wish_input(d->wish, ui_row_set(d->view, row, value));
	tell_row(d, row);
}

/* One step of a setting: at once where it is the safer way, else as a question. */
static void
step_row(struct desk *d, unsigned row, int steps)
{
	struct ui_keys *k = d->k;
	uint32_t now = ui_row_value(d->view, row), to = ui_row_step(row, now, steps);

	if (to == now) {
		tell_row(d, row);
	} else if (!ui_row_is_riskier(row, now, to)) {
		set_row(d, row, to);
	} else {
		if (d->adding && k->change.row == row) {
			to = ui_row_step(row, k->change.to, steps);
		}
		k->change = (struct ui_change){.row = row, .to = to};
		ask_change(d);
	}
}

/* A lock's own key turns it; while that is being asked, once more is a no. */
static void
turn_row(struct desk *d, unsigned row)
{
	bool asked = d->adding && d->k->change.row == row;

	if (asked) {
		tell_row(d, row);
	} else {
		step_row(d, row, ui_row_value(d->view, row) == 0 ? 1 : -1);
	}
}

/* A cap's own keys mean the power that the box is at. */
static void
step_cap(struct desk *d, unsigned channel, int steps)
{
	step_row(d, ROW_CAP + (d->view->power == 0 ? 0 : 2) + channel, steps);
}

/* Typed numbers wait for Enter in both directions: half of one means nothing. */
static void
type_digit(struct desk *d, int digit)
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

static void
rub_out(struct desk *d)
{
	struct ui_change *c = &d->k->change;

	if (d->adding && c->typed) {
		c->to /= 10;
		ask_change(d);
	}
}

static void
choose_row(struct desk *d, unsigned row)
{
	d->k->row = row;
	tell_row(d, row);
}

static void
confirm(struct desk *d)
{
	struct ui_keys *k = d->k;
	struct ui_change c = k->change;

	if (k->asking_quit) {
		wish_action(d->wish, UI_QUIT);
		k->notice = "Ending: zero first, then the session.";
	} else if (k->asking_resume) {
		wish_action(d->wish, UI_RESUME);
		k->notice = NULL;
	} else if (ui_row_takes(c.row, c.to)) {
		set_row(d, c.row, c.to);
	} else {
		k->notice = "Nothing was changed.";
	}
	drop_question(k);
}

/* True when the key was an answer to the open question. A key that is none drops it and then means
 * what it always means, except y and n, which were surely meant for the question. */
static bool
answer(struct desk *d, int key)
{
	struct ui_keys *k = d->k;
	bool enter = key == '\r' || key == '\n', change = k->change.open;

	if (!ui_keys_is_asking(k)) {
		return false;
	}
	if (enter || (key == 'y' && !change)) {
		if (!k->fresh) {
			confirm(d);
		}
		return true;
	}
	drop_question(k);
	d->adding = change;
	k->notice = NULL;
	if (key == 'y' || key == 'n' || key == UI_KEY_ESC) {
		k->notice = "Nothing was changed.";
		return true;
	}
	return false;
}

static void
copy_link(struct desk *d)
{
	d->wish->copy = d->view->link_text[0] != '\0';
	d->k->notice =
		d->wish->copy
			? "Copied, where the terminal allows it; else select the link by hand."
			: "There is no link yet.";
}

static void
turn_help(struct ui_keys *k)
{
	uint8_t pages = k->areas != NULL ? k->areas->help_pages : 0;

	k->help = k->help == 0 || k->help < pages ? (uint8_t)(k->help + 1) : 0;
	k->qr = false;
}

/* One thing at a time, the one on top first. */
static void
close_one(struct ui_keys *k)
{
	if (k->qr) {
		k->qr = false;
	} else if (k->help != 0) {
		k->help = 0;
	} else {
		k->panel = false;
	}
}

static void
turn_panel(struct desk *d)
{
	struct ui_keys *k = d->k;

	k->panel = !k->panel || k->help != 0 || k->qr;
	k->help = 0;
	k->qr = false;
	if (k->panel) {
		choose_row(d, ui_row_exists(d->view, k->row) ? k->row : ROW_CAP);
	}
}

static bool
panel_key(struct desk *d, int key)
{
	unsigned row = d->k->row;

	if (key >= UI_KEY_ROW && ui_row_exists(d->view, (unsigned)(key - UI_KEY_ROW))) {
		choose_row(d, (unsigned)(key - UI_KEY_ROW));
		return true;
	}
	if (key >= '0' && key <= '9') {
		type_digit(d, key - '0');
		return true;
	}
	switch (key) {
	case UI_KEY_UP:
	case UI_KEY_WHEEL_UP:
	case 'k':
		choose_row(d, ui_row_next(d->view, row, -1));
		return true;
	case UI_KEY_DOWN:
	case UI_KEY_WHEEL_DOWN:
	case 'j':
		choose_row(d, ui_row_next(d->view, row, 1));
		return true;
	case UI_KEY_LEFT:
	case '-':
		step_row(d, row, -1);
		return true;
	case UI_KEY_RIGHT:
	case '+':
	case '=':
		step_row(d, row, 1);
		return true;
	case '\b':
	case DELETE:
		rub_out(d);
		return true;
	default:
		return false;
	}
}

/* Keys that change what the guard does. */
static bool
act(struct desk *d, int key)
{
	switch (key) {
	case 'r':
		ask_resume(d);
		return true;
	case 'd':
		wish_action(d->wish, UI_DISCONNECT);
		return true;
	case 'y':
		if (d->view->phase == GUARD_ASKING && d->only_y) {
			wish_action(d->wish, UI_ALLOW);
		}
		return true;
	case 'n':
		if (d->view->phase == GUARD_ASKING) {
			wish_action(d->wish, UI_REFUSE);
		}
		return true;
	case 'a':
	case 'b':
		step_cap(d, (unsigned)(key - 'a'), -UI_CAP_DOWN);
		return true;
	case 'A':
	case 'B':
		step_cap(d, (unsigned)(key - 'A'), 1);
		return true;
	case 'p':
		turn_row(d, ROW_LOCK_POWER);
		return true;
	case 'm':
		turn_row(d, ROW_LOCK_MODE);
		return true;
	case 'w':
		wish_action(d->wish, UI_SAVE);
		return true;
	case 'q':
		ask_quit(d);
		return true;
	default:
		return false;
	}
}

/* Keys that change what is shown. */
static void
show(struct desk *d, int key)
{
	struct ui_keys *k = d->k;

	switch (key) {
	case 'c':
		copy_link(d);
		break;
	case 'l':
		k->qr = !k->qr;
		k->help = 0;
		break;
	case '?':
		turn_help(k);
		break;
	case 's':
	case '\t':
		turn_panel(d);
		break;
	case UI_KEY_ESC:
		close_one(k);
		break;
	case CTRL_L:
		d->wish->redraw = true;
		break;
	default:
		break;
	}
}

static void
press(struct desk *d, int key)
{
	d->adding = false;
	if (answer(d, key)) {
		return;
	}
	d->k->notice = NULL;
	if (!(d->k->panel && panel_key(d, key)) && !act(d, key)) {
		show(d, key);
	}
}

/* Whatever was open is closed, so that nothing hides what a stop has done. */
static void
stop(struct desk *d, bool quit)
{
	struct ui_keys *k = d->k;

	wish_action(d->wish, UI_STOP);
	drop_question(k);
	k->notice = NULL;
	k->help = 0;
	k->qr = false;
	k->decoder = (struct ui_decoder){0};
	if (quit) {
		ask_quit(d);
	}
}

/* The keys in the bytes; a click is the key that is drawn under it. */
static size_t
decode(struct ui_keys *k, const char *bytes, size_t n, int keys[UI_BATCH + 1])
{
	size_t count = 0;

	for (size_t i = 0; i <= n && i <= UI_BATCH; i++) {
		int key = i < n ? ui_decode(&k->decoder, bytes[i]) : ui_decode_end(&k->decoder);

		if (key == UI_KEY_CLICK) {
			key = k->areas == NULL
				      ? UI_KEY_NONE
				      : ui_areas_find(k->areas, k->decoder.y, k->decoder.x);
		}
		if (key != UI_KEY_NONE) {
			keys[count++] = key;
		}
	}
	return count;
}

/* Somebody began to ask after the question was put: a yes that was meant for one of the two could
 * be taken for the other. */
static bool
has_been_overtaken(struct desk *d)
{
	struct ui_keys *k = d->k;

	if (!(k->asking_quit || k->asking_resume) || d->view->phase != GUARD_ASKING ||
	    k->asked_phase == GUARD_ASKING) {
		return false;
	}
	drop_question(k);
	k->notice = "Somebody has begun to ask for control: look, and press again.";
	return true;
}

static void
press_all(struct desk *d, const int keys[], size_t count)
{
	d->only_y = true;
	for (size_t i = 0; i < count; i++) {
		d->only_y = d->only_y && (keys[i] == 'y' || keys[i] == '\r' || keys[i] == '\n');
	}
	for (size_t i = 0; i < count; i++) {
		press(d, keys[i]);
	}
}

void
ui_keys_read(struct ui_keys *k, struct ui_view *view, const char *bytes, size_t n,
	     struct ui_wish *wish)
{
	struct desk d = {.k = k, .view = view, .wish = wish};
	int keys[UI_BATCH + 1];
	bool stops = false, quits = memchr(bytes, CTRL_C, n) != NULL;
	size_t count;

	*wish = (struct ui_wish){0};
	k->fresh = k->fresh && k->burst;
	k->burst = n == UI_BATCH;
	for (size_t i = 0; i < n; i++) {
		stops = stops || is_stop(bytes[i]);
	}
	count = decode(k, bytes, n, keys);
	for (size_t i = 0; i < count; i++) {
		stops = stops || is_stop(keys[i]);
	}
	if (stops) {
		stop(&d, quits);
		return;
	}
	if (!has_been_overtaken(&d)) {
		press_all(&d, keys, count);
	}
	if (wish->count == 0) {
		wish_action(wish, UI_CHECKIN); /* any key says that somebody is there */
	}
}

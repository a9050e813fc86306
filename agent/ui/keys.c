/*
 * Keys of the terminal ui; see keys.h. Runs in the ui.
 */
#include "agent/ui/keys.h"

#include <string.h>

#include "agent/ui/keys_inner.h"
#include "agent/ui/panel.h"

#define CTRL_SPACE '\0'
#define CTRL_C '\003'
#define CTRL_L '\014'
#define CTRL_Z '\032'
#define CTRL_BACKSLASH '\034'
#define DELETE '\177'

static const char ending[] = "Ending: zero first, then the session.";

static void
wish_action(struct ui_wish *w, enum ui_action action)
{
	keys_wish(w, (struct ui_input){.action = (uint8_t)action});
}

static bool
is_stop(int c)
{
	return c == ' ' || c == CTRL_SPACE || c == CTRL_C || c == CTRL_Z || c == CTRL_BACKSLASH;
}

bool
ui_keys_is_asking(const struct ui_keys *k)
{
	return k->asking_quit || k->asking_resume || k->change.open;
}

/* y is the answer to somebody who asks for control, whose words stand above this question. */
static void
ask_quit(struct desk *d)
{
	keys_ask(d, &d->k->asking_quit,
		 d->view->phase == GUARD_ASKING
			 ? "End the session and quit? Enter = yes, any other key = no"
			 : "End the session and quit? y or Enter = yes, any other key = no");
}

static void
ask_resume(struct desk *d)
{
	if (d->view->latched) {
		keys_ask(d, &d->k->asking_resume,
			 "Let your partner take control again, from zero? y or Enter = yes, Esc = "
			 "no");
	} else {
		d->k->notice = "Nothing is stopped, so there is nothing to resume.";
	}
}

static void
confirm(struct desk *d)
{
	struct ui_keys *k = d->k;
	struct ui_change c = k->change;

	if (k->asking_quit) {
		wish_action(d->wish, UI_QUIT);
		k->notice = ending;
	} else if (k->asking_resume) {
		wish_action(d->wish, UI_RESUME);
		k->notice = NULL;
	} else if (ui_row_takes(c.row, c.to)) {
		keys_set_row(d, c.row, c.to);
	} else {
		k->notice = "Nothing was changed.";
	}
	keys_drop(k);
}

/* True when the key was an answer to the open question. A key that is none drops it and then means
 * what it always means, except y and n, which were surely meant for the question. */
static bool
answer(struct desk *d, int key)
{
	struct ui_keys *k = d->k;
	bool enter = key == '\r' || key == '\n', change = k->change.open;
	bool y_is_yes = !change && k->asked_phase != GUARD_ASKING;

	if (!ui_keys_is_asking(k)) {
		return false;
	}
	if (enter || (key == 'y' && y_is_yes)) {
		if (!k->fresh) {
			confirm(d);
		}
		return true;
	}
	keys_drop(k);
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
		keys_choose_row(d, ui_row_exists(d->view, k->row) ? k->row : ROW_CAP);
	}
}

static bool
panel_key(struct desk *d, int key)
{
	unsigned row = d->k->row;

	if (key >= UI_KEY_ROW && ui_row_exists(d->view, (unsigned)(key - UI_KEY_ROW))) {
		keys_choose_row(d, (unsigned)(key - UI_KEY_ROW));
		return true;
	}
	if (key >= '0' && key <= '9') {
		keys_type_digit(d, key - '0');
		return true;
	}
	switch (key) {
	case UI_KEY_UP:
	case UI_KEY_WHEEL_UP:
	case 'k':
		keys_choose_row(d, ui_row_next(d->view, row, -1));
		return true;
	case UI_KEY_DOWN:
	case UI_KEY_WHEEL_DOWN:
	case 'j':
		keys_choose_row(d, ui_row_next(d->view, row, 1));
		return true;
	case UI_KEY_LEFT:
	case '-':
		keys_step_row(d, row, -1);
		return true;
	case UI_KEY_RIGHT:
	case '+':
	case '=':
		keys_step_row(d, row, 1);
		return true;
	case '\b':
	case DELETE:
		keys_rub_out(d);
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
		keys_step_cap(d, (unsigned)(key - 'a'), -UI_CAP_DOWN);
		return true;
	case 'A':
	case 'B':
		keys_step_cap(d, (unsigned)(key - 'A'), 1);
		return true;
	case 'p':
		keys_turn_row(d, ROW_LOCK_POWER);
		return true;
	case 'm':
		keys_turn_row(d, ROW_LOCK_MODE);
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
	keys_drop(k);
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

static bool
is_yes(int key)
{
	return key == 'y' || key == '\r' || key == '\n';
}

/* Somebody began to ask after the question was put: a yes that was meant for one of the two could
 * be taken for the other. Keys that make things safer mean the same in both. */
static bool
has_been_overtaken(struct desk *d, const int keys[], size_t count)
{
	struct ui_keys *k = d->k;

	if (!(k->asking_quit || k->asking_resume) || d->view->phase != GUARD_ASKING ||
	    k->asked_phase == GUARD_ASKING) {
		return false;
	}
	keys_drop(k);
	k->notice = "Somebody has begun to ask for control: look, and press again.";
	for (size_t i = 0; i < count; i++) {
		if (is_yes(keys[i])) {
			return true;
		}
	}
	return false;
}

static void
press_all(struct desk *d, const int keys[], size_t count)
{
	d->only_y = true;
	for (size_t i = 0; i < count; i++) {
		d->only_y = d->only_y && is_yes(keys[i]);
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
		stops = ui_decode_space(&k->decoder, bytes[i]) || is_stop(bytes[i]) || stops;
	}
	count = decode(k, bytes, n, keys);
	for (size_t i = 0; i < count; i++) {
		stops = stops || is_stop(keys[i]);
	}
	if (stops) {
		stop(&d, quits);
		return;
	}
	if (!has_been_overtaken(&d, keys, count)) {
		press_all(&d, keys, count);
	}
	if (wish->count == 0) {
		wish_action(wish, UI_CHECKIN); /* any key says that somebody is there */
	}
}

void
ui_keys_follow(struct ui_keys *k, const struct ui_view *before, const struct ui_view *now)
{
	bool same = before->phase == now->phase && before->latched == now->latched &&
		    strcmp(before->link_text, now->link_text) == 0;
	bool row = k->panel && k->notice == k->text; /* what the chosen row is stays so */

	if (!same && !row && k->notice != ending && !ui_keys_is_asking(k)) {
		k->notice = NULL;
	}
}

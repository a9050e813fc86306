/*
 * Keys of the terminal ui; see keys.h. Runs in the ui.
 */
#include "agent/ui/keys.h"

#include <string.h>

#define CTRL_C '\003'
#define CTRL_L '\014'
#define CTRL_Z '\032'
#define CTRL_BACKSLASH '\034'
#define ESCAPE '\033'

static void
wish_input(struct ui_wish *w, enum ui_action action, uint8_t power, uint32_t value)
{
	w->input[w->count++] = (struct ui_input){(uint8_t)action, power, value};
}

static bool
is_stop(char c)
{
	return c == ' ' || c == CTRL_C || c == CTRL_Z || c == CTRL_BACKSLASH;
}

/* a b: down; A B: up, slowly, since up is the direction that can hurt. */
static void
change_cap(struct ui_view *v, char key, struct ui_wish *w)
{
	int channel = key == 'a' || key == 'A' ? 0 : 1;
	uint8_t power = v->power == 0 ? 0 : 1;
	uint8_t *cap = &v->cap[power][channel];

	if (key == 'A' || key == 'B') {
		*cap = *cap < 100 ? (uint8_t)(*cap + 1) : 100;
	} else {
		*cap = *cap > UI_CAP_DOWN ? (uint8_t)(*cap - UI_CAP_DOWN) : 0;
	}
	wish_input(w, channel == 0 ? UI_CAP_A : UI_CAP_B, power, *cap);
}

static void
change_lock(bool *lock, enum ui_action action, struct ui_wish *w)
{
	*lock = !*lock;
	wish_input(w, action, 0, *lock ? 1 : 0);
}

/* Only y quits; any other key is a no and nothing more. */
static void
answer_quit(struct ui_keys *k, char key, struct ui_wish *w)
{
	k->asking_quit = false;
	if (key == 'y') {
		wish_input(w, UI_QUIT, 0, 0);
		k->notice = "Ending: zero first, then the session.";
	}
}

static void
ask_copy(struct ui_keys *k, const struct ui_view *v, struct ui_wish *w)
{
	w->copy = v->link_text[0] != '\0';
	k->notice = w->copy ? "Copied, where the terminal allows it; else select the link by hand."
			    : "There is no link yet.";
}

static void
press(struct ui_keys *k, struct ui_view *v, char key, struct ui_wish *w)
{
	k->notice = NULL;
	if (k->asking_quit) {
		answer_quit(k, key, w);
		return;
	}
	switch (key) {
	case 'r':
		wish_input(w, UI_RESUME, 0, 0);
		break;
	case 'd':
		wish_input(w, UI_DISCONNECT, 0, 0);
		break;
	case 'y':
	case 'n':
		if (v->phase == GUARD_ASKING) {
			wish_input(w, key == 'y' ? UI_ALLOW : UI_REFUSE, 0, 0);
		}
		break;
	case 'a':
	case 'A':
	case 'b':
	case 'B':
		change_cap(v, key, w);
		break;
	case 'p':
		change_lock(&v->lock_power, UI_LOCK_POWER, w);
		break;
	case 'm':
		change_lock(&v->lock_mode, UI_LOCK_MODE, w);
		break;
	case 'c':
		ask_copy(k, v, w);
		break;
	case 'l':
		k->qr = !k->qr;
		k->help = false;
		break;
	case '?':
		k->help = !k->help;
		k->qr = false;
		break;
	case 'q':
		k->asking_quit = true;
		break;
	case CTRL_L:
		w->redraw = true;
		break;
	default:
		break;
	}
}

/* Arrow and function keys are ESC [ ... letter or ESC O letter: their letters are no presses of
 * ours, or the up arrow would raise a cap. True when the byte belongs to one. */
static bool
in_escape(struct ui_keys *k, char c)
{
	switch (k->escape) {
	case ESCAPE_BEGUN:
		k->escape = c == '[' || c == 'O' ? ESCAPE_INSIDE : ESCAPE_NONE;
		return true;
	case ESCAPE_INSIDE:
		if (c >= 0x40 && c <= 0x7e) {
			k->escape = ESCAPE_NONE;
		}
		return true;
	default:
		if (c == ESCAPE) {
			k->escape = ESCAPE_BEGUN;
			k->help = k->qr = false;
		}
		return c == ESCAPE;
	}
}

void
ui_keys_read(struct ui_keys *k, struct ui_view *view, const char *bytes, size_t n,
	     struct ui_wish *wish)
{
	*wish = (struct ui_wish){0};
	for (size_t i = 0; i < n; i++) {
		if (is_stop(bytes[i])) {
			wish_input(wish, UI_STOP, 0, 0);
			k->asking_quit = memchr(bytes, CTRL_C, n) != NULL;
			k->notice = NULL;
			k->escape = ESCAPE_NONE;
			return;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (!in_escape(k, bytes[i])) {
			press(k, view, bytes[i], wish);
		}
	}
	if (wish->count == 0) {
		wish_input(wish, UI_CHECKIN, 0, 0); /* any key says that somebody is there */
	}
}

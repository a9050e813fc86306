/*
 * The terminal ui's picture, top to bottom in the order of importance. Runs in the ui. Input: views
 * and log lines of the guard; curses shows control characters as ^X, so no text can steer the
 * terminal.
 */
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/ui/qr.h"
#include "agent/ui/tty.h"
#include "agent/ui/view.h"
#include "common/modes.h"

#define TEXT 512     /* longest text of one line */
#define BAR_TAIL 34  /* columns right of a bar: " 100 %  to 100 %  cap 100 %" and the margin */
#define BAR_LEAST 10 /* a shorter bar says nothing */

enum pair { PAIR_LIVE = 1, PAIR_ASK, PAIR_ALARM, PAIR_QR };

static const char footer[] =
	" SPACE = STOP  r resume  d disconnect  c copy  a/A b/B caps  ? help  q quit";

static const char *const help[] = {
	"SPACE    stop: both channels to zero, at once, whatever else is on the screen",
	"r        resume after a stop: your partner may take control again, from zero",
	"y  n     allow or refuse whoever asks for control",
	"d        disconnect: the link dies at once and a new one is made",
	"c  l     copy the link to the terminal's clipboard; show it as a QR code",
	"a  b     lower the cap of A or B by 5 percent; acts at once",
	"A  B     raise the cap of A or B by 1 percent",
	"p  m     lock or unlock power and mode: locked, your partner can't change them",
	"Ctrl-L   draw the screen anew",
	"q        end the session and the program",
	"",
	"Any key answers the check-in. If this program is out of reach, the box's own",
	"knob and its plug always work.",
};

void
ui_screen_colors(void)
{
	if (!has_colors() || start_color() == ERR) {
		return;
	}
	(void)use_default_colors();
	(void)init_pair(PAIR_LIVE, COLOR_GREEN, -1);
	(void)init_pair(PAIR_ASK, COLOR_BLACK, COLOR_YELLOW);
	(void)init_pair(PAIR_ALARM, COLOR_WHITE, COLOR_RED);
	(void)init_pair(PAIR_QR, COLOR_BLACK, COLOR_WHITE);
}

static attr_t
tone_attr(enum ui_tone tone)
{
	switch (tone) {
	case TONE_LIVE:
		return A_BOLD | (attr_t)COLOR_PAIR(PAIR_LIVE);
	case TONE_ASK:
		return A_BOLD | (attr_t)COLOR_PAIR(PAIR_ASK);
	case TONE_ALARM:
		return A_BOLD | (attr_t)COLOR_PAIR(PAIR_ALARM);
	default:
		return A_BOLD;
	}
}

/* Lines below which nothing of the body may go: the notice and the footer. */
static int
bottom(void)
{
	return LINES > 3 ? LINES - 2 : LINES - 1;
}

/* Characters of `text` for one line: up to a space where there is one, else all that fit. */
static int
line_len(const char *text, bool words)
{
	int len = (int)strlen(text), at = COLS;

	if (len <= COLS) {
		return len;
	}
	while (words && at > 0 && text[at] != ' ') {
		at--;
	}
	return at > 0 ? at : COLS;
}

/* Writes `text` from line y on, as many lines as it takes, at the left edge without indent so that
 * it can be selected and copied. Returns the line after it. */
static int
put(int y, attr_t attr, const char *text, bool words)
{
	while (*text != '\0' && y < bottom()) {
		int len = line_len(text, words);

		(void)attrset((int)attr);
		(void)mvaddnstr(y++, 0, text, len);
		(void)attrset(A_NORMAL);
		text += len;
		while (words && *text == ' ') {
			text++;
		}
	}
	return y;
}

static void
draw_title(const struct ui_view *v)
{
	char left[UI_TIME], right[80] = "", battery[24] = "";
	int room;

	if (v != NULL) {
		ui_time(left, v->left);
		if (v->percent <= 100) {
			snprintf(battery, sizeof(battery), "battery %u %%  ", v->percent);
		}
		snprintf(right, sizeof(right), "%s%s%s  %s%s%s", v->version[0] != '\0' ? "2B " : "",
			 v->version, v->version[0] != '\0' ? "" : "no box", battery,
			 v->link_text[0] != '\0' ? left : "",
			 v->link_text[0] != '\0' ? " left" : "");
	}
	(void)attrset(A_BOLD);
	(void)mvaddnstr(0, 0, "Tether", COLS);
	(void)attrset(A_NORMAL);
	room = COLS - 8;
	if (room > (int)strlen(right)) {
		(void)mvaddstr(0, COLS - (int)strlen(right), right);
	}
}

static int
draw_sentence(int y, const struct ui_view *v)
{
	char text[UI_ADVICE];

	y = put(y, tone_attr(ui_tone(v)), ui_sentence(v), true);
	ui_advice(v, text);
	y = put(y, A_NORMAL, text, true);
	ui_warning(v, text);
	return put(y, A_BOLD | A_REVERSE, text, true);
}

/* The check words, as large as a terminal can. */
static int
draw_words(int y, const struct ui_view *v)
{
	char text[CHECK_WORDS_MAX + 16];
	int width = snprintf(text, sizeof(text), "    %s    ", v->words);
	char blank[CHECK_WORDS_MAX + 16];

	memset(blank, ' ', (size_t)width);
	blank[width] = '\0';
	y = put(y, A_REVERSE, blank, false);
	y = put(y, A_REVERSE | A_BOLD, text, false);
	y = put(y, A_REVERSE, blank, false);
	return put(y, A_BOLD, "y = the same words: allow      n = refuse", true);
}

static int
draw_link(int y, const struct ui_view *v)
{
	if (v->link_text[0] == '\0') {
		return y;
	}
	y = put(y, A_NORMAL,
		"Link for your partner (all of it is needed, and it is secret):", true);
	return put(y, A_BOLD, v->link_text, false);
}

static int
draw_channel(int y, const struct ui_view *v, int channel)
{
	unsigned cap = v->cap[v->power == 0 ? 0 : 1][channel];
	unsigned level = v->level[channel], target = v->target[channel];
	char text[TEXT], to[16] = "";
	int width = COLS - BAR_TAIL, n = snprintf(text, sizeof(text), "%c ", "AB"[channel]);

	if (width > 100) {
		width = 100;
	}
	if (width >= BAR_LEAST) {
		ui_bar(text + n, (size_t)width, level, target, cap);
		n += width;
	}
	if (target != level) {
		snprintf(to, sizeof(to), "to %u %%", target);
	}
	snprintf(text + n, sizeof(text) - (size_t)n, " %3u %%  cap %3u %%  %s", level, cap, to);
	return put(y, level > 0 ? A_BOLD : A_NORMAL, text, false);
}

static int
draw_box(int y, const struct ui_view *v)
{
	char text[TEXT];

	y = draw_channel(y, v, 0);
	y = draw_channel(y, v, 1);
	snprintf(text, sizeof(text), "Mode %s%s   Power %s%s   C %u %%   D %u %%%s",
		 mode_title(v->mode), v->lock_mode ? " (locked)" : " (partner may change it)",
		 ui_power(v), v->lock_power ? " (locked)" : " (partner may change it)", v->param[0],
		 v->param[1], v->join ? "   A and B joined" : "");
	return put(y, A_NORMAL, text, true);
}

/* The newest lines that fit, oldest first. */
static void
draw_log(int y, const struct ui_peer *p)
{
	uint32_t room = y < bottom() ? (uint32_t)(bottom() - y) : 0;
	uint32_t count = p->log_count < UI_LOG ? p->log_count : UI_LOG;
	uint32_t lines = count < room ? count : room;

	for (uint32_t i = p->log_count - lines; i != p->log_count; i++) {
		const struct ui_event *e = &p->log[i % UI_LOG];
		time_t at = e->unix_time;
		struct tm tm;
		char text[TEXT], when[16] = "";

		if (localtime_r(&at, &tm) != NULL) {
			(void)strftime(when, sizeof(when), "%H:%M:%S", &tm);
		}
		snprintf(text, sizeof(text), "%s  %s", when, e->text);
		(void)mvaddnstr(y++, 0, text, COLS);
	}
}

static void
draw_help(int y)
{
	for (size_t i = 0; i < sizeof(help) / sizeof(help[0]) && y < bottom(); i++) {
		(void)mvaddnstr(y++, 0, help[i], COLS);
	}
}

static void
draw_foot(const struct ui_keys *k)
{
	const char *notice = k->notice;

	if (notice != NULL && LINES > 3) {
		(void)attrset(A_BOLD);
		(void)mvaddnstr(LINES - 2, 0, notice, COLS);
	}
	(void)attrset(A_REVERSE);
	(void)mvhline(LINES - 1, 0, ' ', COLS);
	(void)mvaddnstr(LINES - 1, 0, COLS < 16 ? footer + 1 : footer, COLS - 1);
	(void)attrset(A_NORMAL);
}

/* Only while nothing but the link matters. False when there is more to show, or no room. */
static bool
draw_qr(const struct ui_view *v)
{
	int attributes = (int)(has_colors() ? (attr_t)COLOR_PAIR(PAIR_QR) : A_REVERSE);

	if (v == NULL || v->phase != GUARD_WAITING || ui_tone(v) != TONE_CALM ||
	    v->link_text[0] == '\0') {
		return false;
	}
	if (ui_qr_draw(v->link_text, LINES - 1, COLS, attributes) == 0) {
		return true;
	}
	(void)mvaddnstr(LINES - 2, 0, "A QR code needs 24 lines, 50 columns and a UTF-8 terminal.",
			COLS);
	return false;
}

static void
draw_body(const struct ui_peer *peer, const struct ui_keys *keys)
{
	const struct ui_view *v = peer->seen ? &peer->view : NULL;
	int y = LINES > 12 ? 2 : LINES > 6 ? 1 : 0, gap = LINES > 20 ? 1 : 0;

	if (y > 0) {
		draw_title(v);
	}
	y = draw_sentence(y, v) + gap;
	if (keys->help != 0) {
		draw_help(y);
	} else if (v != NULL) {
		bool asking = v->phase == GUARD_ASKING;

		y = asking ? draw_words(y, v) + gap : y;
		y = draw_box(y, v) + gap;
		y = asking ? y : draw_link(y, v) + gap;
		draw_log(y, peer);
	}
}

void
ui_screen_draw(const struct ui_peer *peer, const struct ui_keys *keys)
{
	(void)erase();
	if (!keys->qr || !draw_qr(peer->seen ? &peer->view : NULL)) {
		draw_body(peer, keys);
	}
	draw_foot(keys);
	(void)refresh();
}

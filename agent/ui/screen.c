/*
 * A canvas on the curses screen: how each style looks, and nothing else. Runs in the ui. Colours
 * and line-drawing only repeat what characters and words say.
 */
#include <curses.h>
#include <langinfo.h>
#include <stdbool.h>
#include <string.h>

#include "agent/ui/canvas.h"
#include "agent/ui/tty.h"

enum pair { PAIR_LIVE = 1, PAIR_ASK, PAIR_ALARM, PAIR_QR };

static const struct {
	attr_t attr, mono; /* with and without colours */
	enum pair pair;
} looks[STYLE_COUNT] = {
	[STYLE_PLAIN] = {A_NORMAL, A_NORMAL, 0},
	[STYLE_BOLD] = {A_BOLD, A_BOLD, 0},
	[STYLE_DIM] = {A_DIM, A_DIM, 0},
	[STYLE_LIVE] = {A_BOLD, A_BOLD, PAIR_LIVE},
	[STYLE_ASK] = {A_BOLD, A_BOLD | A_REVERSE, PAIR_ASK},
	[STYLE_ALARM] = {A_BOLD, A_BOLD | A_REVERSE, PAIR_ALARM},
	[STYLE_MARK] = {A_BOLD | A_REVERSE, A_BOLD | A_REVERSE, 0},
	[STYLE_STOP] = {A_BOLD, A_BOLD | A_REVERSE, PAIR_ALARM},
	[STYLE_BAR] = {A_NORMAL, A_NORMAL, 0},
	[STYLE_BAR_ON] = {A_BOLD, A_BOLD, PAIR_LIVE},
	[STYLE_QR] = {A_NORMAL, A_REVERSE, PAIR_QR},
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

bool
ui_screen_blocks(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static attr_t
look(unsigned style)
{
	if (!has_colors()) {
		return looks[style].mono;
	}
	return looks[style].attr | (attr_t)COLOR_PAIR(looks[style].pair);
}

/* A cell's character for terminals with more than ASCII, or NULL where that is the same. */
static const char *
glyph(unsigned style, char cell)
{
	if (style == STYLE_QR) {
		static const char *const halves[] = {" ", "\u2580", "\u2584", "\u2588"};

		return halves[cell & GLYPH_FULL];
	}
	if (style != STYLE_BAR && style != STYLE_BAR_ON) {
		return NULL;
	}
	switch (cell) {
	case '#':
		return "\u2588";
	case '>':
		return "\u2592";
	case '-':
		return "\u2500";
	case '|':
		return "\u2503";
	default:
		return "\u00b7";
	}
}

static void
draw_line(const struct ui_canvas *c, int y, bool blocks)
{
	(void)move(y, 0);
	for (int x = 0; x < c->cols; x++) {
		unsigned style = c->style[y][x];
		const char *special = blocks ? glyph(style, c->cell[y][x]) : NULL;

		(void)attrset((int)look(style));
		if (special != NULL) {
			(void)addstr(special);
		} else {
			(void)addch((chtype)(unsigned char)c->cell[y][x]);
		}
	}
}

void
ui_screen_draw(const struct ui_canvas *c)
{
	bool blocks = ui_screen_blocks();

	(void)attrset(A_NORMAL);
	(void)erase();
	for (int y = 0; y < c->rows; y++) {
		draw_line(c, y, blocks);
	}
	(void)refresh();
}

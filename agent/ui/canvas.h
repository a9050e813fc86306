/*
 * A screen as plain data: characters, how each is to look, and where a click means a key. Pure:
 * what a wearer sees is tested without a terminal. Runs in the ui.
 */
#ifndef TETHER_UI_CANVAS_H
#define TETHER_UI_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#define UI_ROWS 120 /* a larger terminal shows this much */
#define UI_COLS 240
#define UI_AREAS 64 /* more than the footer's words and the panel's rows */

enum ui_style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_LIVE,
	STYLE_ASK,
	STYLE_ALARM, /* the tones of view.h */
	STYLE_MARK,  /* stands out without meaning danger */
	STYLE_STOP,  /* the word that stops */
	STYLE_BAR,
	STYLE_BAR_ON, /* the alphabet of ui_bar */
	STYLE_QR,     /* dark on light; GLYPH_* and spaces */
	STYLE_COUNT
};

enum { GLYPH_UPPER = 1, GLYPH_LOWER = 2, GLYPH_FULL = 3 }; /* halves of a cell that are dark */

/* A click inside presses `key` (a character or enum ui_key). */
struct ui_area {
	int y, x, rows, cols;
	int key;
};

struct ui_areas {
	struct ui_area area[UI_AREAS];
	size_t count;
	uint8_t help_pages; /* that the help takes at this size, 0 not known */
};

struct ui_canvas {
	int rows, cols;
	char cell[UI_ROWS][UI_COLS];
	uint8_t style[UI_ROWS][UI_COLS];
	struct ui_areas areas;
};

/* An empty screen; sizes outside 1 to UI_ROWS and UI_COLS become the nearest. */
void ui_canvas_init(struct ui_canvas *c, int rows, int cols);

/* `text` in one line, cut at the right edge. What is no printable ASCII becomes '?', so no text can
 * steer a terminal. Outside the screen nothing happens. Returns the column after it. */
int ui_canvas_text(struct ui_canvas *c, int y, int x, enum ui_style style, const char *text);

/* `text` between words in lines of `width`, the first at x, the others at x + indent, down to the
 * line before `bottom`; what has no room is left out. Returns the line after it. */
int ui_canvas_wrap(struct ui_canvas *c, int y, int bottom, int x, int indent, int width,
		   enum ui_style style, const char *text);

/* Lines that ui_canvas_wrap would take. */
int ui_wrap_lines(const char *text, int indent, int width);

/* A line of it: characters of `text` that fit into `width` >= 1, up to a space where there is one.
 */
size_t ui_wrap_first(const char *text, size_t width);

/* Remembers where a click presses `key`; one too many is forgotten. */
void ui_canvas_area(struct ui_canvas *c, struct ui_area area);

/* The key at a place, 0 when there is none. Where areas overlap the first one counts. */
int ui_areas_find(const struct ui_areas *areas, int y, int x);

#endif

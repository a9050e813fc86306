/*
 * The settings and the help; see parts.h. Runs in the ui.
 */
#include "agent/ui/parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/ui/panel.h"

#define LEFT 42 /* columns of the settings, where the modes stand beside them */
#define MODE_COLS 18
#define MODE_ROWS 9
#define WIDE (LEFT + 2 * MODE_COLS)
#define TEXT 128
#define HELP_KEY 8 /* columns of the keys */

static void
put_row(struct ui_canvas *c, int y, int x, int width, const struct ui_view *v, unsigned row,
	bool chosen)
{
	char label[UI_LABEL], value[UI_LABEL], text[TEXT];
	enum ui_style style = chosen ? STYLE_MARK : STYLE_PLAIN;

	ui_row_label(row, label);
	ui_row_words(row, ui_row_value(v, row), value);
	if (row >= ROW_MODE && width <= MODE_COLS) {
		snprintf(text, sizeof(text), " [%c] %s", ui_row_value(v, row) != 0 ? 'x' : ' ',
			 label + strlen("Mode "));
	} else {
		snprintf(text, sizeof(text), " %-24s %s", label, value);
	}
	for (int i = (int)strlen(text); i < width - 1 && i < TEXT - 1; i++) {
		text[i] = ' ';
		text[i + 1] = '\0';
	}
	(void)ui_canvas_text(c, y, x, style, text);
	ui_canvas_area(c, (struct ui_area){y, x, 1, width, UI_KEY_ROW + (int)row});
}

/* Settings on the left, modes on the right in two columns. */
static int
wide_panel(struct ui_canvas *c, int y, const struct ui_view *v, unsigned chosen)
{
	int place = 0;

	(void)ui_canvas_text(c, y, 1, STYLE_DIM, "up, down: choose   left, right, digits: change");
	(void)ui_canvas_text(c, y++, LEFT + 9, STYLE_DIM, "Modes that are allowed");
	for (unsigned row = 0; row < ROW_COUNT; row++) {
		if (!ui_row_exists(v, row)) {
			continue;
		}
		if (row < ROW_MODE) {
			put_row(c, y + (int)row, 0, LEFT, v, row, row == chosen);
			continue;
		}
		put_row(c, y + place % MODE_ROWS, LEFT + place / MODE_ROWS * MODE_COLS, MODE_COLS,
			v, row, row == chosen);
		place++;
	}
	return y + ROW_MODE;
}

/* One list that moves with the chosen row. */
static int
narrow_panel(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, unsigned chosen)
{
	unsigned first = chosen;

	for (int above = (bottom - y) / 2; above > 0; above--) {
		first = ui_row_next(v, first, -1);
	}
	for (unsigned row = first; row < ROW_COUNT && y < bottom; row++) {
		if (ui_row_exists(v, row)) {
			put_row(c, y++, 0, c->cols, v, row, row == chosen);
		}
	}
	return y;
}

int
part_panel(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, unsigned chosen)
{
	if (c->cols >= WIDE && bottom - y > ROW_MODE) {
		return wide_panel(c, y, v, chosen);
	}
	return narrow_panel(c, y, bottom, v, chosen);
}

/* Without a key: a sentence from the left edge. */
static const struct {
	const char *key, *text;
} help[] = {
	{"SPACE", "stop: both channels to zero, at once, whatever is on the screen"},
	{"r", "resume after a stop: your partner may take control again, from zero"},
	{"y  n", "allow or refuse whoever asks for control; compare the words first"},
	{"d", "disconnect: the link dies at once and a new one is made"},
	{"a  b", "lower the cap of A or B by 5 percent, at once"},
	{"A  B", "raise the cap of A or B by 1 percent; press again for more, then Enter"},
	{"p  m", "lock power or mode at once; locked already: unlock, with Enter"},
	{"s", "settings: arrows or j, k choose; left, right, -, + or digits change"},
	{"w", "save the settings to the configuration file"},
	{"c  l", "copy the link to the clipboard; show it as a QR code"},
	{"?", "the keys, page by page; Esc closes what is open"},
	{"q", "end the session and the program"},
	{"Ctrl-L", "draw the screen anew"},
	{"", "What makes things safer acts at once. What does not is a question first, and Enter "
	     "is the yes."},
	{"", "Any key answers the check-in. The mouse presses the words in the last line; to "
	     "select text with it, such as the link, hold Shift."},
	{"", "If this program is out of reach, the box's own knob and its plug always work."},
};

int
part_help(struct ui_canvas *c, int y, int bottom, unsigned page)
{
	bool paged = bottom - y > 4;
	char text[TEXT];
	unsigned at = 1;
	int top = y;

	bottom = paged ? bottom - 1 : bottom; /* the last line tells of the other pages */
	for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
		int x = help[i].key[0] != '\0' ? HELP_KEY : 0;
		int lines = ui_wrap_lines(help[i].text, 0, c->cols - x);

		if (y > top && y + lines > bottom) {
			y = top;
			at++;
		}
		if (at == page) {
			(void)ui_canvas_text(c, y, 0, STYLE_BOLD, help[i].key);
			(void)ui_canvas_wrap(c, y, bottom, x, 0, c->cols - x, STYLE_PLAIN,
					     help[i].text);
		}
		y += lines;
	}
	c->areas.help_pages = (uint8_t)at;
	snprintf(text, sizeof(text), "Page %u of %u; ? turns it.", page, at);
	if (paged && at > 1) {
		(void)ui_canvas_text(c, bottom, 0, STYLE_DIM, text);
	}
	return y;
}

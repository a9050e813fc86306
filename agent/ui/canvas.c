/*
 * A screen as plain data; see canvas.h. Runs in the ui.
 */
#include "agent/ui/canvas.h"

#include <string.h>

static int
within(int n, int most)
{
	return n < 1 ? 1 : n > most ? most : n;
}

void
ui_canvas_init(struct ui_canvas *c, int rows, int cols)
{
	memset(c->cell, ' ', sizeof(c->cell));
	memset(c->style, STYLE_PLAIN, sizeof(c->style));
	c->areas = (struct ui_areas){0};
	c->rows = within(rows, UI_ROWS);
	c->cols = within(cols, UI_COLS);
}

static int
put(struct ui_canvas *c, int y, int x, enum ui_style style, const char *text, size_t len)
{
	if (y < 0 || y >= c->rows || x < 0) {
		return x;
	}
	for (size_t i = 0; i < len && x < c->cols; i++, x++) {
		char cell = text[i];

		c->cell[y][x] =
			(char)((cell < ' ' || cell > '~') && style != STYLE_QR ? '?' : cell);
		c->style[y][x] = (uint8_t)style;
	}
	return x;
}

int
ui_canvas_text(struct ui_canvas *c, int y, int x, enum ui_style style, const char *text)
{
	return put(c, y, x, style, text, strlen(text));
}

size_t
ui_wrap_first(const char *text, size_t width)
{
	size_t len = strlen(text), at = width;

	if (len <= width) {
		return len;
	}
	while (at > 0 && text[at] != ' ') {
		at--;
	}
	return at > 0 ? at : width;
}

/* Goes on after a line of `len` characters. */
static const char *
next_line(const char *text, size_t len)
{
	text += len;
	return text + strspn(text, " ");
}

int
ui_wrap_lines(const char *text, int indent, int width)
{
	int lines = 0;

	while (*text != '\0') {
		int room = width - (lines > 0 ? indent : 0);

		text = next_line(text, ui_wrap_first(text, room > 0 ? (size_t)room : 1));
		lines++;
	}
	return lines;
}

int
ui_canvas_wrap(struct ui_canvas *c, int y, int bottom, int x, int indent, int width,
	       enum ui_style style, const char *text)
{
	int shift = 0;

	while (*text != '\0' && y < bottom) {
		int room = width - shift;
		size_t len = ui_wrap_first(text, room > 0 ? (size_t)room : 1);

		(void)put(c, y++, x + shift, style, text, len);
		text = next_line(text, len);
		shift = indent;
	}
	return y;
}

void
ui_canvas_area(struct ui_canvas *c, struct ui_area area)
{
	if (c->areas.count < UI_AREAS) {
		c->areas.area[c->areas.count++] = area;
	}
}

int
ui_areas_find(const struct ui_areas *areas, int y, int x)
{
	for (size_t i = 0; i < areas->count; i++) {
		const struct ui_area *a = &areas->area[i];

		if (y >= a->y && y < a->y + a->rows && x >= a->x && x < a->x + a->cols) {
			return a->key;
		}
	}
	return 0;
}

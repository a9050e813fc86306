/*
 * QR codes as characters; see qr.h. Runs in the ui.
 */
#include "agent/ui/qr.h"

#include <stdbool.h>

#include <qrencode.h>

static bool
is_dark(const QRcode *code, int quiet, int x, int y)
{
	x -= quiet;
	y -= quiet;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1) != 0;
}

static void
draw(struct ui_canvas *c, const QRcode *code, int quiet, int size)
{
	static const char *const halves[] = {" ", "\1", "\2", "\3"}; /* GLYPH_UPPER, ... */

	for (int y = 0; y < size; y += 2) {
		for (int x = 0; x < size; x++) {
			int upper = is_dark(code, quiet, x, y) ? GLYPH_UPPER : 0;
			int lower = is_dark(code, quiet, x, y + 1) ? GLYPH_LOWER : 0;

			(void)ui_canvas_text(c, y / 2, x, STYLE_QR, halves[upper + lower]);
		}
	}
}

int
ui_qr_draw(struct ui_canvas *c, const char *text, int rows, int cols)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	int rc = -1;

	if (code == NULL) {
		return -1;
	}
	for (int quiet = UI_QR_QUIET; rc < 0 && quiet >= UI_QR_QUIET / 2; quiet--) {
		int size = code->width + 2 * quiet;

		if ((size + 1) / 2 <= rows && size <= cols) {
			draw(c, code, quiet, size);
			rc = size;
		}
	}
	QRcode_free(code);
	return rc;
}

/*
 * QR codes on a terminal; see qr.h. Runs in the ui.
 */
#include "agent/ui/qr.h"

#include <curses.h>
#include <langinfo.h>
#include <stdbool.h>
#include <string.h>

#include <qrencode.h>

#define QUIET 2 /* light squares round it: the standard wants 4, readers manage with 2 */

static bool
is_dark(const QRcode *code, int x, int y)
{
	x -= QUIET;
	y -= QUIET;
	return x >= 0 && y >= 0 && x < code->width && y < code->width &&
	       (code->data[y * code->width + x] & 1) != 0;
}

static void
draw(const QRcode *code, int size, int top, int left)
{
	static const char *const halves[] = {" ", "\u2580", "\u2584", "\u2588"};

	for (int y = 0; y < size; y += 2) {
		(void)move(top + y / 2, left);
		for (int x = 0; x < size; x++) {
			int upper = is_dark(code, x, y) ? 1 : 0;
			int lower = is_dark(code, x, y + 1) ? 2 : 0;

			(void)addstr(halves[upper + lower]);
		}
	}
}

int
ui_qr_draw(const char *text, int rows, int columns, int attributes)
{
	QRcode *code;
	int size, rc = -1;

	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
		return -1;
	}
	code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	if (code == NULL) {
		return -1;
	}
	size = code->width + 2 * QUIET;
	if ((size + 1) / 2 <= rows && size <= columns) {
		(void)attrset(attributes);
		draw(code, size, (rows - (size + 1) / 2) / 2, (columns - size) / 2);
		(void)attrset(A_NORMAL);
		rc = 0;
	}
	QRcode_free(code);
	return rc;
}

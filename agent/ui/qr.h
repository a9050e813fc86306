/*
 * The link as a QR code in half-block characters, two rows of squares to a line. Pure.
 */
#ifndef TETHER_UI_QR_H
#define TETHER_UI_QR_H

#include "agent/ui/canvas.h"

#define UI_QR_QUIET 4 /* light squares round it that the standard wants; readers manage with 2 */

/* Draws `text` at the upper left within `rows` lines and `cols` columns, with as much of the quiet
 * zone as there is room for, at least half. Returns the columns that it takes, or -1 when it does
 * not fit: then nothing is drawn. */
int ui_qr_draw(struct ui_canvas *c, const char *text, int rows, int cols);

#endif

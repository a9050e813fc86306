/*
 * The link as a QR code in half-block characters, two rows of squares to a line.
 */
#ifndef TETHER_UI_QR_H
#define TETHER_UI_QR_H

/* Draws `text` in the middle of the lines 0 to rows - 1 of the curses screen, dark on light, and
 * says nothing else there. 0, or -1 when it does not fit or the terminal does not speak UTF-8:
 * then nothing is drawn. */
int ui_qr_draw(const char *text, int rows, int columns, int attributes);

#endif

/*
 * From a terminal's bytes to keys: arrows, mouse reports and pasted text are told from presses.
 * Pure. Runs in the ui. Input: bytes of a terminal; whatever they are, each takes one step.
 */
#ifndef TETHER_UI_DECODE_H
#define TETHER_UI_DECODE_H

#include <stdbool.h>
#include <stdint.h>

/* Keys beside the characters. */
enum ui_key {
	UI_KEY_NONE = 0,
	UI_KEY_ESC = 27,
	UI_KEY_UP = 256,
	UI_KEY_DOWN,
	UI_KEY_LEFT,
	UI_KEY_RIGHT,
	UI_KEY_CLICK, /* the left button went down at x, y */
	UI_KEY_WHEEL_UP,
	UI_KEY_WHEEL_DOWN,
	UI_KEY_ROW = 512 /* + a row of the panel: it is chosen */
};

struct ui_decoder {
	/* ESCAPED: ESC in this batch; LONE: it ended an earlier one and was a press; CSI: after
	 * ESC [; SS3: after ESC O; SKIP: inside a mouse report of the old form. */
	enum {
		DECODE_PLAIN,
		DECODE_ESCAPED,
		DECODE_LONE,
		DECODE_CSI,
		DECODE_SS3,
		DECODE_SKIP
	} state;
	bool mouse;	     /* this CSI began with '<' */
	bool paste;	     /* inside a bracketed paste: nothing in it is a press */
	bool detail;	     /* after a ':', which says more about a number than we ask */
	uint8_t count, skip; /* numbers so far; bytes still to be skipped */
	uint16_t number[3];
	int x, y;      /* of the last click, from 0 */
	uint32_t tail; /* the last bytes, for ui_decode_space */
};

/* Takes one byte. The key that it completes, or UI_KEY_NONE. A space that comes as a sequence is a
 * key even in pasted text, as the byte is: it stops. */
int ui_decode(struct ui_decoder *d, char c);

/* Takes one byte. Does it end a space of more than one byte (UTF-8), wherever that stands? */
bool ui_decode_space(struct ui_decoder *d, char c);

/* The end of what was read at once: an ESC that nothing followed is a press of that key. */
int ui_decode_end(struct ui_decoder *d);

#endif

/*
 * What the wearer's key presses mean. Pure. Runs in the ui. Input: bytes of a terminal.
 */
#ifndef TETHER_UI_KEYS_H
#define TETHER_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/frames.h"

#define UI_BATCH 64   /* bytes of one read */
#define UI_CAP_DOWN 5 /* a cap goes down in steps of 5, up in steps of 1 */

struct ui_keys {
	bool asking_quit, help;
	bool qr; /* the link is shown as a QR code while nothing more important is to be shown */
	enum { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_INSIDE } escape; /* arrows and the like: skipped */
	const char *notice; /* a line for the wearer, or NULL */
};

/* What a batch of bytes asks for. */
struct ui_wish {
	struct ui_input input[UI_BATCH];
	size_t count;
	bool copy, redraw;
};

/* Reads `n` <= UI_BATCH bytes. A stop anywhere in the batch (space, Ctrl-C, Ctrl-Z, Ctrl-\) comes
 * first, and nothing else of that batch is obeyed. Caps and locks that the keys change are changed
 * in *view too, so that several presses add up before the guard answers. */
void ui_keys_read(struct ui_keys *k, struct ui_view *view, const char *bytes, size_t n,
		  struct ui_wish *wish);

#endif

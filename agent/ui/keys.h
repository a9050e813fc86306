/*
 * What the wearer's key presses mean. Pure. Runs in the ui. Input: bytes of a terminal.
 *
 * What makes things safer takes one key. What makes them riskier is shown as a question first, and
 * takes one more.
 */
#ifndef TETHER_UI_KEYS_H
#define TETHER_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/frames.h"
#include "agent/ui/canvas.h"
#include "agent/ui/decode.h"

#define UI_BATCH 64	/* bytes of one read */
#define UI_CAP_DOWN 5	/* a cap goes down in steps of 5, up in steps of 1 */
#define UI_QUESTION 160 /* longest question or notice with its NUL */

/* A setting that waits for the wearer's yes. */
struct ui_change {
	bool open, typed;
	unsigned row; /* enum ui_row */
	uint32_t to;
};

/* Not to be copied while a notice is up: it may point into the struct. */
struct ui_keys {
	bool asking_quit, asking_resume; /* at most one of these and change.open */
	struct ui_change change;
	bool fresh;	     /* the question came with this batch: no yes counts yet */
	bool burst;	     /* the last batch was full: the next one belongs to it */
	uint8_t asked_phase; /* enum guard_phase when the question was put */

	uint8_t help; /* page that is shown, 0 none */
	bool panel;   /* the settings are shown, `row` is chosen */
	unsigned row;
	bool qr; /* the link is shown as a QR code while nothing more important is to be shown */

	struct ui_decoder decoder;
	const struct ui_areas
		*areas;	    /* of what is on the screen now; NULL where nothing is drawn */
	const char *notice; /* a line for the wearer, or NULL; while a question is open, that */
	char text[UI_QUESTION];
};

/* What a batch of bytes asks for. */
struct ui_wish {
	struct ui_input input[UI_BATCH];
	size_t count;
	bool copy, redraw;
};

/* Is an answer awaited? Then notice is the question. */
bool ui_keys_is_asking(const struct ui_keys *k);

/* Reads `n` <= UI_BATCH bytes. A stop anywhere in the batch (a space of any kind, Ctrl-C, Ctrl-Z,
 * Ctrl-\, a click on STOP) comes first, and nothing else of that batch is obeyed. A yes in the
 * batch that brought the question does not count, nor does a `y` among other keys: pasted text says
 * yes to nothing. Settings that the keys change are changed in *view too, so that several presses
 * add up before the guard answers. */
void ui_keys_read(struct ui_keys *k, struct ui_view *view, const char *bytes, size_t n,
		  struct ui_wish *wish);

/* The guard has said how things stand now. A notice that spoke of how they stood before goes, so
 * that it does not contradict what is above it; a question stays. */
void ui_keys_follow(struct ui_keys *k, const struct ui_view *before, const struct ui_view *now);

#endif

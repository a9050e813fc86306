/*
 * The wearer's screen as a canvas: what stands where, at any size. Pure. Runs in the ui. Input:
 * views and log lines of the guard.
 */
#ifndef TETHER_UI_PICTURE_H
#define TETHER_UI_PICTURE_H

#include <stdbool.h>

#include "agent/ui/canvas.h"
#include "agent/ui/keys.h"
#include "agent/ui/peer.h"

/* Draws everything. From 80x24 on all is there; less shows the most important first, and the way to
 * stop always. blocks: can the terminal show half blocks? Without, there is no QR code. */
void ui_picture(struct ui_canvas *c, const struct ui_peer *peer, const struct ui_keys *keys,
		int rows, int cols, bool blocks);

#endif

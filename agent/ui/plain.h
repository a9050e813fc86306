/*
 * The ui for a screen reader or a log: one line an event, nothing is ever drawn over. The keys are
 * those of the screen. Runs in the ui.
 */
#ifndef TETHER_UI_PLAIN_H
#define TETHER_UI_PLAIN_H

#include "agent/ui/peer.h"

/* Runs until the guard closes (0), or standard output, the terminal or the guard fails (1). Keys come
 * from standard input: raw, and left as it was found, when it is a terminal; else its bytes are keys
 * as well (a newline is Enter), and its end is fine. */
int ui_plain(struct ui_peer *peer);

#endif

/*
 * The wearer's terminal. Runs in the ui.
 */
#ifndef TETHER_UI_TTY_H
#define TETHER_UI_TTY_H

#include "agent/ui/keys.h"
#include "agent/ui/peer.h"

/* Runs on the terminal of standard input and output until the guard closes (0) or the terminal or
 * the guard fails (1). The terminal is left as it was found. */
int ui_tty(struct ui_peer *peer);

/* Draws everything. Needs curses to be set up; 80x24 shows all, less shows the most important. */
void ui_screen_draw(const struct ui_peer *peer, const struct ui_keys *keys);

/* Colours for ui_screen_draw; without them the words alone have to do, and do. */
void ui_screen_colors(void);

#endif

/*
 * The wearer's terminal. Runs in the ui.
 */
#ifndef TETHER_UI_TTY_H
#define TETHER_UI_TTY_H

#include <stdbool.h>

#include "agent/ui/canvas.h"
#include "agent/ui/peer.h"

/* Runs on the terminal of standard input and output until the guard closes (0) or the terminal or
 * the guard fails (1). The terminal is left as it was found. */
int ui_tty(struct ui_peer *peer);

/* Puts the terminal back after a ui that could not: screen, mouse and cursor, but not its line
 * settings. Called by the process that started the ui, once that has ended. Without the terminal, or
 * in its background, nothing happens. */
void ui_tty_mend(void);

/* Puts a canvas on the terminal. Needs curses to be set up. */
void ui_screen_draw(const struct ui_canvas *c);

/* Colours for ui_screen_draw; without them the words alone have to do, and do. */
void ui_screen_colors(void);

/* Can the terminal show block characters? */
bool ui_screen_blocks(void);

#endif

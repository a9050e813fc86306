/*
 * Parts of the wearer's screen; ui_picture puts them together. Pure. Runs in the ui.
 *
 * Each draws from line y down to the line before `bottom` and returns the line after it.
 */
#ifndef TETHER_UI_PARTS_H
#define TETHER_UI_PARTS_H

#include "agent/ui/canvas.h"
#include "agent/ui/keys.h"
#include "agent/ui/peer.h"

/* Both channels: what the box says, what is asked, the cap. */
int part_channels(struct ui_canvas *c, int y, int bottom, const struct ui_view *v);

#define FACTS_ALL 12
#define FACTS_URGENT 6 /* of these, what has to stay when something else is to be shown */
#define FACTS_WHO 2    /* control and check words, where there is room for no more */

/* Who has control, the check words, mode and dials, power, timers: the first `n` of them in as many
 * columns as there is room for. */
int part_facts(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, size_t n);

/* The three check words as large as can be, side by side or below each other. */
int part_words(struct ui_canvas *c, int y, int bottom, const struct ui_view *v);

/* The settings, with areas to choose a row. */
int part_panel(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, unsigned row);

/* A page (from 1) of the keys and what they do; says in c->areas how many pages there are. */
int part_help(struct ui_canvas *c, int y, int bottom, unsigned page);

/* The newest log lines that fit, oldest first, wrapped. */
void part_log(struct ui_canvas *c, int y, int bottom, const struct ui_peer *p);

/* The last line: the way to stop, then the keys of the moment, each an area. */
void part_footer(struct ui_canvas *c, const struct ui_view *v, const struct ui_keys *keys);

#endif

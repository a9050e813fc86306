/*
 * One line of a headless ui's standard input as one of the wearer's actions. Pure. Runs in the ui.
 * Input: a program that the wearer runs; a bad line changes nothing.
 */
#ifndef TETHER_UI_ORDER_H
#define TETHER_UI_ORDER_H

#include <stddef.h>

#include "agent/frames.h"

#define UI_LINE 512 /* longest line of standard input */
#define UI_WHY 200  /* longest sentence about a bad one, with its NUL */

/* Parses one JSON object, exactly with these fields:
 *   {"cmd":"stop"}, and so resume, disconnect, allow, refuse, checkin, save, quit
 *   {"cmd":"cap","ch":"A","value":40} with "power":"low" (when left out) or "high"
 *   {"cmd":"lock","what":"power","on":true}, also "mode"
 *   {"cmd":"set","what":"hold","value":5} also idle, checkin (minutes), rise (ms per percent)
 *   {"cmd":"ask","on":true}
 *   {"cmd":"modes","value":["pulse","wave"]}: names of common/modes.h, each at most once
 * The guard checks the ranges of values. 0 and *in, or -1 and what was expected in `why`. */
int ui_order_parse(struct ui_input *in, const char *line, size_t len, char why[UI_WHY]);

#endif

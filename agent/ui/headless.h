/*
 * The ui without a screen: JSON lines on standard output and input, for scripts and other front
 * ends. docs/headless.schema.json says the same to machines.
 *
 * Out, one object a line:
 *   {"event":"link","link":TEXT}            when it changes; "" while there is none
 *   {"event":"state", ...}                  when something changes, at most five a second:
 *       phase, why, box, mode, power        names as in docs/PROTOCOL.md, "States"
 *       server                              "connecting", "connected", "refused", "lost", "done"
 *       zero, latched, join, ask, lock_power, lock_mode
 *       level, target, cap                  [A, B] in percent; cap at the present power; what the
 *                                           level is now is not known while box is not "ok"
 *       caps                                {"low":[A, B],"high":[A, B]}
 *       param                               [C, D]
 *       modes                               names that are allowed and that the box has
 *       battery                             percent, null unknown
 *       left                                seconds, 0 without a session
 *       idle, checkin                       seconds, null not running
 *       live                                seconds that a partner has had control, null nobody has
 *       rtt                                 ms from a state to the page's answer, null not known
 *       hold, idle_min, checkin_min, rise   the settings
 *       unsaved                             they differ from those of the configuration file
 *       stops, bad                          counters
 *       words, version, note                texts
 *       sentence, advice, warning           what a screen would say
 *   {"event":"log","time":UNIX,"text":TEXT} a line of the wearer's log
 *   {"event":"error","text":TEXT}           a line of input that was not understood
 *
 * In: agent/ui/order.h. The end of standard input is fine; that of standard output ends the ui.
 */
#ifndef TETHER_UI_HEADLESS_H
#define TETHER_UI_HEADLESS_H

#include "agent/ui/peer.h"

#define UI_STATE_MS 200 /* between two state events */
#define UI_EVENT 4096	/* longest line out: the texts of a view are under 700 bytes */

/* The state event as one line with newline and NUL. Its length, or -1 when there is no memory. */
int ui_state_line(const struct ui_view *view, char out[UI_EVENT]);

/* Runs until the guard closes (0) or standard output or the guard fails (1). */
int ui_headless(struct ui_peer *peer);

#endif

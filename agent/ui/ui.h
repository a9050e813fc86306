/*
 * The wearer's screen: a process of its own that holds the terminal and nothing else. It shows what
 * the guard says and sends what the wearer presses; it decides nothing.
 */
#ifndef TETHER_UI_H
#define TETHER_UI_H

#include <stdbool.h>

/* Runs the ui child over the guard's socket at CHILD_FD until the guard closes it, the terminal or
 * standard output goes away, or the guard sends what can't be understood. kind: "tty" (a terminal
 * on standard input and output), "plain" (lines of words, agent/ui/plain.h) or "headless" (JSON
 * lines, agent/ui/headless.h). The process's exit code: 0 after the guard has closed, 1 else, with a
 * line on standard error. */
int ui_main(const char *kind);

/* Is standard input a terminal that our shell keeps to itself (`tether --plain >log &`)? The ui has
 * a session of its own, so nothing would hold it back from the shell's keys. Asked by the process
 * that was started there; says so on standard error. */
bool ui_is_in_background(void);

#endif

/*
 * The sleep process: asks logind to wait before the computer sleeps, and tells the guard when it is
 * about to. docs/PRIVSEP.md has its place among the others.
 */
#ifndef TETHER_SLEEP_SLEEP_H
#define TETHER_SLEEP_SLEEP_H

/* Runs it, with the guard's socket at CHILD_FD: reads the set-up frame, connects to the system
 * bus, seals itself, then holds and releases as the guard says. It ends when the guard closes the
 * socket; when logind can't be had it says so and waits for that. Returns the exit code: 0 the
 * guard has gone; 1 it can't be sealed, or the guard broke the rules. */
int sleep_main(void);

#endif

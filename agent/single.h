/*
 * One tether per person and machine, and `tether stop` from anywhere: a file with the guard's pid,
 * locked as long as the guard lives. $XDG_RUNTIME_DIR/tether.pid, else /run/user/UID/tether.pid,
 * else /tmp/tether-UID.pid.
 */
#ifndef TETHER_SINGLE_H
#define TETHER_SINGLE_H

/* Takes the place; the descriptor stays open (and locked) until the process ends. 0, or -1 after a
 * sentence on standard error. */
int single_take(void);

/* Sends SIGUSR1 to the running guard. The exit code: 0 sent, 1 none is running. */
int single_stop(void);

/* `tether end`: likewise zero, the end of the session and of the program. */
int single_end(void);

#endif

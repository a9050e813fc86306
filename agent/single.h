/*
 * One tether per person and machine, and `tether stop` from anywhere: a file with the guard's pid,
 * locked as long as the guard lives. $XDG_RUNTIME_DIR/tether.pid, else /run/user/UID/tether.pid,
 * else /tmp/tether-UID.pid: the first whose folder is there and can be written to.
 */
#ifndef TETHER_SINGLE_H
#define TETHER_SINGLE_H

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The signals that stop or end a running tether, `tether stop` and `end` among them. */
void single_signals(sigset_t *set);

/* Blocks them, so that none kills the process before somebody reads it: a stop that comes before
 * the guard runs is kept for it. Then takes the place; the descriptor stays open (and locked) until
 * the process ends. 0, or -1 after a sentence on standard error. */
int single_take(void);

/* At the end: the pid in the file is nobody's any more. */
void single_leave(void);

/* The address of the socket beside the pid file at which the guard answers `tether status`. 0, or -1
 * when its path is too long for a socket. */
int single_socket(struct sockaddr_un *address);

/* For who asks: where such a socket may be, i from 0, its path "" where there can be none. 0, or -1
 * when that was all. */
int single_find_socket(int i, struct sockaddr_un *address);

/* Sends SIGUSR1 to the running guard; where no pid file leads to one, to each that is found among
 * the processes. The exit code: 0 sent, 1 none is running. */
int single_stop(void);

/* `tether end`: likewise zero, the end of the session and of the program. */
int single_end(void);

#endif

/*
 * The admin's commands: they ask the running daemon through its socket in the working folder.
 */
#ifndef TETHER_KEYSVC_CLI_H
#define TETHER_KEYSVC_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "keysvc/frames.h"

/* Exit statuses of every command, by which scripts can tell what happened. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3, /* nobody listens: the daemon is the revocation file's one writer */
	EXIT_NOT_FOUND = 4, /* no live session of that id */
	EXIT_THERE = 5      /* init: the secrets were there already; nothing was made */
};

/* ---- shared by the commands ---- */
/* Says what is wrong on standard error. Returns -1. */
int cli_complain(const char *text);
/* A descriptor of the daemon's socket, or an exit status as a negative number (told). */
int cli_connect(void);
/* The type of the next frame in *m, or -1 (told). */
int cli_receive(int fd, union frame_message *m);
#define TIME_CAP 32
void cli_time(char out[TIME_CAP], uint64_t unix_time);

/* ---- commands ---- */
int cli_list(bool json);
int cli_status(bool json);
/* Each of `what` is a session id (hex), a key, a link, or "-": one of those a line of standard
 * input. The worst of the statuses is returned, all are tried while the daemon is there. */
int cli_revoke(char *const what[], int count);
int cli_revoke_all(void);
int cli_rotate(void);

#endif

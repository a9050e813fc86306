/*
 * Starting children of our own: exec'd (never a plain fork, which would carry secrets along), with
 * nothing open but standard input, output and error as asked, and one socket at CHILD_FD.
 */
#ifndef TETHER_SPAWN_H
#define TETHER_SPAWN_H

#include <sys/types.h>

#define CHILD_FD 3

enum spawn_flags {
	SPAWN_STDIO = 1,      /* keep standard input and output (the ui); else /dev/null. stderr is kept,
	                       * but a terminal is for a child with this flag alone: else /dev/null.
	                       * TERMINFO, TERMINFO_DIRS, HOME and TZ are for that child too */
	SPAWN_SESSION = 2,    /* setsid(): own session, so terminal signals pass it by */
	SPAWN_DIE_WITH_US = 4 /* PR_SET_PDEATHSIG SIGKILL (never for the box: it must outlive to write K) */
};

/* Runs /proc/self/exe with argv (NULL-ended; argv[0] is shown in `ps`; not in memory that
 * secret_lock has closed to children), `sock` moved to CHILD_FD, every other descriptor closed
 * (close_range), an environment of only TERM, LANG, LC_ALL, LC_CTYPE and PATH, all signals default
 * and unblocked. *pidfd gets a pidfd (close-on-exec) or -1.
 * Returns the pid, or -1 with errno. The parent closes its copy of `sock` itself. */
pid_t spawn_child(const char *const argv[], int sock, unsigned flags, int *pidfd);

#endif

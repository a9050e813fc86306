/*
 * Starting children of our own. Runs in the parent (guard, keysvc); between fork and exec only
 * async-signal-safe calls, on data made ready before, and nothing but an exec or an _exit follows.
 */
#include "common/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENV_COUNT 9
#define ENV_EVERYBODY 5 /* the others are for who has the terminal */
#define ENV_MAX 512  /* one NAME=value; longer ones are left out */
#define EXEC_FAILED 127

/* Where terminals are described (~/.terminfo too) and which time it is matter on a screen only. */
static const char *const env_names[ENV_COUNT] = {
	"TERM", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "TERMINFO", "TERMINFO_DIRS", "HOME", "TZ"};

struct child_env {
	char text[ENV_COUNT][ENV_MAX];
	char *list[ENV_COUNT + 1];
};

/* Made before the fork: getenv and snprintf are not async-signal-safe. */
static void
env_make(struct child_env *e, unsigned flags)
{
	unsigned count = 0, names = (flags & SPAWN_STDIO) != 0 ? ENV_COUNT : ENV_EVERYBODY;

	for (unsigned i = 0; i < names; i++) {
		const char *value = getenv(env_names[i]);
		int len;

		if (value == NULL) {
			continue;
		}
		len = snprintf(e->text[count], ENV_MAX, "%s=%s", env_names[i], value);
		if (len > 0 && len < ENV_MAX) {
			e->list[count] = e->text[count];
			count++;
		}
	}
	e->list[count] = NULL;
}

static int
signals_reset(void)
{
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int s = 1; s < NSIG; s++) {
		/* KILL, STOP and libc's own two refuse: they are default anyway. */
		(void)sigaction(s, &plain, NULL);
	}
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A terminal can be read through standard error too, and a stop on it be swallowed. */
static int
stdio_to_null(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) {
		return -1;
	}
	return isatty(STDERR_FILENO) && dup2(fd, STDERR_FILENO) < 0 ? -1 : 0;
}

/* dup2 clears close-on-exec, but not when both numbers are the same. */
static int
descriptors_set(int sock, unsigned flags)
{
	if (sock == CHILD_FD) {
		if (fcntl(sock, F_SETFD, 0) < 0) {
			return -1;
		}
	} else if (dup2(sock, CHILD_FD) < 0) {
		return -1;
	}
	if ((flags & SPAWN_STDIO) == 0 && stdio_to_null() != 0) {
		return -1;
	}
	return (int)syscall(SYS_close_range, CHILD_FD + 1U, ~0U, 0U);
}

static void
child_run(const char *const argv[], int sock, unsigned flags, pid_t parent, char *const env[])
{
	if (signals_reset() != 0 || descriptors_set(sock, flags) != 0) {
		return;
	}
	if ((flags & SPAWN_SESSION) != 0 && setsid() < 0) {
		return;
	}
	if ((flags & SPAWN_DIE_WITH_US) != 0) {
		/* The parent may have died before the request: then no signal would come. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
			return;
		}
	}
	execve("/proc/self/exe", (char *const *)(uintptr_t)argv, env);
}

/* All signals stay blocked from before the fork until the child has defaults again, so that no
 * handler of the parent ever runs in the child. */
pid_t
spawn_child(const char *const argv[], int sock, unsigned flags, int *pidfd)
{
	struct child_env env;
	sigset_t all, before;
	pid_t parent = getpid(), pid;
	int error;

	env_make(&env, flags);
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) != 0) {
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		child_run(argv, sock, flags, parent, env.list);
		_exit(EXEC_FAILED);
	}
	error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid > 0 && pidfd != NULL) {
		/* pidfds are close-on-exec by themselves. */
		*pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	}
	errno = error;
	return pid;
}

/*
 * The pid file (single.h). Runs before the guard's loop, and in `tether stop`, `end` and `status`.
 */
#include "agent/single.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/max.h"

/* A foot switch or a key of the desktop may run `tether stop` without XDG_RUNTIME_DIR, although the
 * running one had it: so the folder that it means is looked for as well. */
static int
place(char path[MAX_PATH], const char *what)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	unsigned uid = (unsigned)getuid();
	char usual[32];
	int n;

	snprintf(usual, sizeof(usual), "/run/user/%u", uid);
	if (dir == NULL || *dir != '/') {
		dir = access(usual, W_OK | X_OK) == 0 ? usual : NULL;
	}
	n = dir != NULL ? snprintf(path, MAX_PATH, "%s/tether.%s", dir, what)
			: snprintf(path, MAX_PATH, "/tmp/tether-%u.%s", uid, what);
	return n > 0 && n < MAX_PATH ? 0 : -1;
}

/* Opens the file, ours and nobody else's. -1 with errno. */
static int
open_own(int flags)
{
	char path[MAX_PATH];
	struct stat st;
	int fd;

	if (place(path, "pid") < 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != getuid() || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

int
single_socket(struct sockaddr_un *address)
{
	char path[MAX_PATH];

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (place(path, "sock") < 0 || strlen(path) >= sizeof(address->sun_path)) {
		return -1;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

void
single_signals(sigset_t *set)
{
	static const int all[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGTSTP};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sigaddset(set, all[i]);
	}
}

int
single_take(void)
{
	sigset_t set;
	int fd;

	single_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = open_own(O_RDWR | O_CREAT);
	if (fd < 0) {
		fprintf(stderr, "tether: the pid file can't be made: %s\n", strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		fputs("tether: another tether of yours is running; `tether stop` stops it\n",
		      stderr);
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		fprintf(stderr, "tether: the pid file can't be written: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	return 0;
}

/* The pid in the file while somebody holds its lock, else 0. */
static pid_t
running(int fd)
{
	char text[16] = "";
	long pid;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		return 0;
	}
	pid = strtol(text, NULL, 10);
	return pid > 1 ? (pid_t)pid : 0;
}

static int
send_signal(int number, const char *done)
{
	int fd = open_own(O_RDONLY);
	pid_t pid = fd >= 0 ? running(fd) : 0;

	if (fd >= 0) {
		close(fd);
	}
	if (pid == 0 || kill(pid, number) < 0) {
		fputs("tether: no tether of yours is running\n", stderr);
		return 1;
	}
	puts(done);
	return 0;
}

int
single_stop(void)
{
	return send_signal(SIGUSR1, "Stop sent. Look at the box: its own knob is the last stop.");
}

int
single_end(void)
{
	return send_signal(SIGTERM, "The outputs go to zero, the session ends and its link dies, then "
				    "the program.");
}

/*
 * The pid file (single.h). Runs before the guard's loop, and in `tether stop`, `end` and `status`.
 */
#include "agent/single.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/search.h"
#include "common/log.h"
#include "common/max.h"

#define PLACES 3
#define TAKE_TRIES 40 /* a `tether stop` that looks holds the lock for a moment */
#define TAKE_MS 5

static char taken_place[MAX_PATH]; /* what the files of this tether begin with; "" not taken */
static int taken_fd = -1;

/* What the files begin with at the i-th place where one may be. A foot switch or a key of the
 * desktop may run `tether stop` without XDG_RUNTIME_DIR, although the running one had it; and what
 * that names need not be there. 0, or -1 when there is no such folder. */
static int
place(char path[MAX_PATH], int i)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	unsigned uid = (unsigned)getuid();
	char inside[MAX_PATH + 2];
	int n;

	if (i == PLACES - 1) {
		snprintf(path, MAX_PATH, "/tmp/tether-%u", uid);
		return 0;
	}
	if (i == 0) {
		n = dir != NULL && *dir == '/' ? snprintf(path, MAX_PATH, "%s/", dir) : -1;
	} else {
		n = snprintf(path, MAX_PATH, "/run/user/%u/", uid);
	}
	if (n < 0 || n > MAX_PATH - 12) { /* tether.sock */
		return -1;
	}
	snprintf(inside, sizeof(inside), "%s.", path); /* a file has no such entry */
	if (access(inside, W_OK | X_OK) < 0) {
		return -1;
	}
	memcpy(path + n, "tether", sizeof("tether"));
	return 0;
}

/* Where this tether's files are, or are to be. */
static void
own_place(char path[MAX_PATH])
{
	int i = 0;

	if (taken_place[0] != '\0') {
		memcpy(path, taken_place, MAX_PATH);
		return;
	}
	while (place(path, i) < 0) {
		i++; /* the last one is always there */
	}
}

/* Opens the pid file at a place, ours and nobody else's. -1 with errno. */
static int
open_own(const char *at, int flags)
{
	char path[MAX_PATH + 4];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s.pid", at);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != getuid() || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static int
address_at(const char *at, struct sockaddr_un *address)
{
	char path[MAX_PATH + 5];

	snprintf(path, sizeof(path), "%s.sock", at);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path)) {
		return -1;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

int
single_socket(struct sockaddr_un *address)
{
	char path[MAX_PATH];

	own_place(path);
	return address_at(path, address);
}

int
single_find_socket(int i, struct sockaddr_un *address)
{
	char path[MAX_PATH];

	if (i >= PLACES) {
		return -1;
	}
	if (place(path, i) < 0 || address_at(path, address) < 0) {
		*address = (struct sockaddr_un){.sun_family = AF_UNIX}; /* nobody is there */
	}
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

/* 0, or -1 when another tether has the lock. */
static int
lock(int fd)
{
	for (int i = 0; i < TAKE_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return 0;
		}
		usleep(TAKE_MS * 1000);
	}
	return -1;
}

int
single_take(void)
{
	char path[MAX_PATH];
	sigset_t set;
	int fd;

	single_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	own_place(path);
	fd = open_own(path, O_RDWR | O_CREAT);
	if (fd < 0) {
		fprintf(stderr, "tether: the pid file %s.pid can't be made: %s\n", path,
			strerror(errno));
		return -1;
	}
	if (lock(fd) < 0) {
		fputs("tether: another tether of yours is running; `tether end` ends it\n", stderr);
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		fprintf(stderr, "tether: the pid file %s.pid can't be written: %s\n", path,
			strerror(errno));
		close(fd);
		return -1;
	}
	memcpy(taken_place, path, sizeof(taken_place));
	taken_fd = fd;
	return 0;
}

void
single_leave(void)
{
	if (taken_fd < 0) {
		return;
	}
	if (ftruncate(taken_fd, 0) < 0) {
		log_warn("the pid file can't be emptied: %s", strerror(errno));
	}
	close(taken_fd);
	taken_fd = -1;
	taken_place[0] = '\0';
}

/* The pid in the file while a tether holds its lock, else 0. Others who look share theirs, or each
 * would take the other for a tether, and an old pid for its own. */
static pid_t
running(int fd)
{
	char text[16] = "";
	long pid;

	if (flock(fd, LOCK_SH | LOCK_NB) == 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		return 0;
	}
	pid = strtol(text, NULL, 10);
	return pid > 1 ? (pid_t)pid : 0;
}

/* The first tether that has a pid file, or 0. */
static pid_t
find_file(void)
{
	char path[MAX_PATH];
	pid_t pid = 0;

	for (int i = 0; i < PLACES && pid == 0; i++) {
		int fd = place(path, i) == 0 ? open_own(path, O_RDONLY) : -1;

		if (fd >= 0) {
			pid = running(fd);
			close(fd);
		}
	}
	return pid;
}

static int
send_signal(int number, const char *done)
{
	pid_t pid = find_file();
	bool sent = pid != 0 && search_holds(pid, number) && kill(pid, number) == 0;

	if (!sent && search_signal(number) == 0) {
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

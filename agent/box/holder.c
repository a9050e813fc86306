/*
 * Finding and asking the holder of a port (holder.h). Box process, before it is sealed. The kernel
 * knows who holds the lock (proc_locks(5)): no file of our own can be stale, nothing listens.
 */
#include "agent/box/holder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/max.h"

#define LOCK_LINE 160 /* "1: FLOCK ADVISORY WRITE pid maj:min:inode 0 EOF" */
#define DELETED " (deleted)"

/* The pid that holds the flock of this file, 0 for none or nobody we can see. */
static pid_t
lock_holder(const struct stat *st)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[LOCK_LINE];
	unsigned major_, minor_;
	unsigned long inode;
	int pid, found = 0;

	while (locks != NULL && found == 0 && fgets(line, sizeof(line), locks) != NULL) {
		if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %d %x:%x:%lu", &pid, &major_, &minor_,
			   &inode) == 4 &&
		    inode == st->st_ino && makedev(major_, minor_) == st->st_dev) {
			found = pid;
		}
	}
	if (locks != NULL) {
		(void)fclose(locks);
	}
	return found;
}

/* The program's path, also when it has been replaced since by a newer one. */
static bool
program_of(char out[MAX_PATH], const char *link)
{
	ssize_t n = readlink(link, out, MAX_PATH - 1);
	char *end;

	if (n <= 0) {
		return false;
	}
	out[n] = '\0';
	end = strstr(out, DELETED);
	if (end != NULL && end[strlen(DELETED)] == '\0') {
		*end = '\0';
	}
	return true;
}

/* Is it "... --child box ..."? */
static bool
is_box_child(pid_t pid)
{
	static const char box[] = "--child\0box";
	char path[MAX_PATH], args[MAX_PATH];
	const char *second;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, args, sizeof(args)) : -1;
	if (fd >= 0) {
		close(fd);
	}
	second = n > 0 ? memchr(args, '\0', (size_t)n) : NULL;
	return second != NULL && args + n - ++second >= (ssize_t)sizeof(box) &&
	       memcmp(second, box, sizeof(box)) == 0;
}

static bool
is_our_program(pid_t pid)
{
	char path[MAX_PATH], theirs[MAX_PATH], ours[MAX_PATH];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return program_of(theirs, path) && program_of(ours, "/proc/self/exe") &&
	       strcmp(theirs, ours) == 0;
}

/* The descriptor is taken before the looks, so that they are about the process that is asked. */
void
holder_ask(const char *port)
{
	struct stat st;
	pid_t pid = stat(port, &st) == 0 ? lock_holder(&st) : 0;
	int fd = pid > 0 ? pidfd_open(pid, 0) : -1;

	if (fd < 0) {
		return;
	}
	if (is_our_program(pid) && is_box_child(pid)) {
		(void)pidfd_send_signal(fd, HOLDER_SIGNAL, NULL, 0);
	}
	close(fd);
}

/*
 * Looking through /proc (search.h). Runs in `tether stop` and `tether end`. Input: what the kernel
 * says of processes; what these call themselves is trusted only as far as the user's own go.
 */
#include "agent/search.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define NAME "tether"

/* What is in /proc/PID/NAME, ended by two NULs. Its length, 0 when there is nothing. */
static size_t
read_proc(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	memset(out, 0, size);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 2);
		close(fd);
	}
	return n > 0 ? (size_t)n : 0;
}

/* The number behind "KEY:" on a line of its own, or `otherwise`. */
static uint64_t
field(const char *status, const char *key, int base, uint64_t otherwise)
{
	const char *at = strstr(status, key);

	return at != NULL ? strtoull(at + strlen(key), NULL, base) : otherwise;
}

static bool
is_called_so(pid_t pid)
{
	char name[32];

	return read_proc(pid, "comm", name, sizeof(name)) > 0 && strcmp(name, NAME "\n") == 0;
}

/* Neither a child of one nor one that only asks: those say so in their first word. */
static bool
is_run(pid_t pid)
{
	static const char *const others[] = {"--child", "stop", "end", "status"};
	char line[512];
	const char *word;

	if (read_proc(pid, "cmdline", line, sizeof(line)) == 0) {
		return false;
	}
	word = line + strlen(line) + 1;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (word < line + sizeof(line) && strcmp(word, others[i]) == 0) {
			return false;
		}
	}
	return true;
}

bool
search_holds(pid_t pid, int number)
{
	char status[4096];

	(void)read_proc(pid, "status", status, sizeof(status));
	return (field(status, "\nSigBlk:", 16, UINT64_MAX) >> (number - 1) & 1) != 0;
}

/* A tether of ours, and no fork of one that is not yet the child that it is to be. */
static bool
is_tether(pid_t pid)
{
	char status[4096];

	return pid != getpid() && is_called_so(pid) &&
	       read_proc(pid, "status", status, sizeof(status)) > 0 &&
	       field(status, "\nUid:", 10, UINT64_MAX) == getuid() &&
	       !is_called_so((pid_t)field(status, "\nPPid:", 10, 0)) && is_run(pid);
}

int
search_signal(int number)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	int count = 0;

	while (proc != NULL && (e = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		int fd = pid > 1 ? pidfd_open(pid, 0) : -1; /* first: a pid may become another's */

		if (fd < 0) {
			continue;
		}
		if (is_tether(pid) && search_holds(pid, number) &&
		    pidfd_send_signal(fd, number, NULL, 0) == 0) {
			count++;
		}
		close(fd);
	}
	if (proc != NULL) {
		closedir(proc);
	}
	return count;
}

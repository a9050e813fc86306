/*
 * Diagnosis of a port (finding.h). What other programs call themselves is not trusted: control
 * characters are taken out.
 */
#include "agent/setup/finding.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TEXT 64

enum finding
finding_before(const char *path)
{
	if (access(path, R_OK | W_OK) == 0) {
		return FINDING_OK;
	}
	return errno == EACCES || errno == EPERM || errno == EROFS ? FINDING_DENIED
								   : FINDING_ABSENT;
}

enum finding
finding_after(const char *path)
{
	enum finding f = finding_before(path);
	int fd;

	if (f != FINDING_OK) {
		return f;
	}
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		return errno == EBUSY	 ? FINDING_BUSY
		       : errno == EACCES ? FINDING_DENIED
					 : FINDING_FAILED;
	}
	f = flock(fd, LOCK_EX | LOCK_NB) < 0 ? FINDING_BUSY
	    : isatty(fd)		     ? FINDING_OK
					     : FINDING_FAILED;
	close(fd);
	return f;
}

/* How a process uses a file; of others' processes root alone can tell. */
enum use { USE_NONE, USE_OPEN, USE_LOCKED };

/* A container has terminals of the same names, which are others. */
static bool
is_same(const char *path, const char *other)
{
	struct stat a, b;

	return stat(path, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static enum use
use_of(const char *pid, const char *fd, const char *real)
{
	char path[64], target[PATH_MAX], info[512];
	ssize_t n;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", pid, fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	if (strcmp(target, real) != 0 || !is_same(path, real)) {
		return USE_NONE;
	}
	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
	f = fopen(path, "re");
	len = f != NULL ? fread(info, 1, sizeof(info) - 1, f) : 0;
	info[len] = '\0';
	if (f != NULL) {
		fclose(f);
	}
	return strstr(info, "lock:") != NULL ? USE_LOCKED : USE_OPEN;
}

static enum use
use_by(const char *pid, const char *real)
{
	enum use best = USE_NONE;
	char folder[64];
	struct dirent *e;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/proc/%.16s/fd", pid);
	dir = opendir(folder);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		enum use u = use_of(pid, e->d_name, real);

		best = u > best ? u : best;
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return best;
}

static void
program_name(const char *pid, char out[NAME_TEXT])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	f = fopen(path, "re");
	if (f == NULL || fgets(out, NAME_TEXT, f) == NULL) {
		snprintf(out, NAME_TEXT, "a program");
	}
	if (f != NULL) {
		fclose(f);
	}
	out[strcspn(out, "\n")] = '\0';
	for (char *c = out; *c != '\0'; c++) {
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	}
}

/* Who has the port, whoever has locked it first of all: "minicom (process 812)", or "Another
 * program" where that can't be told. */
static void
holder_words(const char *path, char out[2 * NAME_TEXT])
{
	char *real = realpath(path, NULL), name[NAME_TEXT];
	DIR *proc = real != NULL ? opendir("/proc") : NULL;
	enum use best = USE_NONE;
	struct dirent *e;

	snprintf(out, 2 * NAME_TEXT, "Another program");
	while (proc != NULL && (e = readdir(proc)) != NULL) {
		bool process = e->d_name[0] >= '1' && e->d_name[0] <= '9';
		enum use u = process ? use_by(e->d_name, real) : USE_NONE;

		if (u > best) {
			best = u;
			program_name(e->d_name, name);
			snprintf(out, 2 * NAME_TEXT, "%s (process %.16s)", name, e->d_name);
		}
	}
	if (proc != NULL) {
		closedir(proc);
	}
	free(real);
}

static void
denied_words(const char *path, char out[FINDING_TEXT])
{
	const struct passwd *user = getpwuid(getuid());
	const struct group *group = NULL;
	const char *name = user != NULL ? user->pw_name : "$USER";
	struct stat st;

	if (stat(path, &st) == 0 && st.st_gid != 0) {
		group = getgrgid(st.st_gid);
	}
	snprintf(out, FINDING_TEXT,
		 "The port %s is there, but you may not open it. At once, until the cable is "
		 "pulled:\n"
		 "  sudo setfacl -m u:%s:rw %s\n"
		 "For good, after you have logged out and in again:\n"
		 "  sudo usermod -aG %s %s\n"
		 "Or install tether's udev rule, 60-tether.rules; tether(1) says how.\n",
		 path, name, path, group != NULL ? group->gr_name : "dialout", name);
}

void
finding_words(enum finding f, const char *path, char out[FINDING_TEXT])
{
	char holder[2 * NAME_TEXT];

	switch (f) {
	case FINDING_NO_ADAPTER:
		snprintf(
			out, FINDING_TEXT,
			"No box is plugged in: this computer sees no link cable (an "
			"FTDI USB adapter). Plug the cable into this computer and into the box.\n");
		break;
	case FINDING_ABSENT:
		snprintf(out, FINDING_TEXT, "There is no port %s. Is the cable in?\n", path);
		break;
	case FINDING_DENIED:
		denied_words(path, out);
		break;
	case FINDING_BUSY:
		holder_words(path, holder);
		snprintf(out, FINDING_TEXT, "%s is using the port %s. Please end it.\n", holder,
			 path);
		break;
	case FINDING_FAILED:
		snprintf(out, FINDING_TEXT,
			 "%s does not work as a serial port. Is it the right one?\n", path);
		break;
	case FINDING_SILENT:
		snprintf(out, FINDING_TEXT,
			 "The cable is there, but the box does not answer. Is it "
			 "switched on? Is its menu open? Then leave the menu. Some boxes have a "
			 "menu "
			 "item Commander: it must be On.\n");
		break;
	case FINDING_OFF:
		snprintf(out, FINDING_TEXT, "The box is switched off. Please switch it on.\n");
		break;
	default:
		out[0] = '\0';
	}
}

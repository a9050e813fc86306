/* See files.h. Input: names in a folder of our own. */
#include "compose/logkeep/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t
period(const struct log_files *f)
{
	return f->age / PERIODS;
}

int
log_files_pause(const struct log_files *f)
{
	int64_t ms = period(f) * 1000 / 4;

	return ms < 60000 ? (int)ms : 60000;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* All of it or nothing: a torn line would be no line. */
static int
append(struct log_files *f, const char *line, size_t len)
{
	ssize_t done;

	if (f->fd < 0) {
		return -1;
	}
	done = write(f->fd, line, len);
	if (done == (ssize_t)len) {
		f->bytes += len;
		return 0;
	}
	if (done > 0 && ftruncate(f->fd, (off_t)f->bytes) != 0) {
		close(f->fd); /* opened anew, and begun with what is there */
		f->fd = -1;
	}
	return -1;
}

static int
append_own(struct log_files *f, int64_t now, const char *text)
{
	char line[MAX_LINE];
	int len = line_frame(line, f->part, now, text, strlen(text));

	return append(f, line, (size_t)len);
}

/* The file of the period that `now` is in. */
static void
turn(struct log_files *f, int64_t now)
{
	int64_t start = now - now % period(f);
	char name[MAX_PART + MAX_STAMP];
	struct stat s;

	if (f->fd >= 0 && start == f->start) {
		return;
	}
	if (f->fd >= 0) {
		close(f->fd);
	}
	(void)snprintf(name, sizeof(name), "%s.%lld", f->part, (long long)start);
	f->fd = openat(f->dir, name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	f->start = start;
	f->told = 0;
	f->bytes = f->fd >= 0 && fstat(f->fd, &s) == 0 ? (size_t)s.st_size : 0;
}

static void
tell_dropped(struct log_files *f, int64_t now)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "<4>%s: %u lines before this one were not kept", f->part,
		       f->dropped);
	if (append_own(f, now, text) == 0) {
		f->dropped = 0;
	}
}

void
log_files_write(struct log_files *f, int64_t now, const char *line, size_t len)
{
	char text[128];

	turn(f, now);
	/* Room for the two lines of our own stays. */
	if (f->bytes + len > f->max_bytes - 2 * MAX_LINE) {
		f->dropped++;
		(void)snprintf(text, sizeof(text),
			       "<4>%s: too many lines: none are kept until the next file", f->part);
		if (!f->told && f->bytes + MAX_LINE <= f->max_bytes &&
		    append_own(f, now, text) == 0) {
			f->told = 1;
		}
		return;
	}
	if (f->dropped > 0) {
		tell_dropped(f, now);
	}
	if (append(f, line, len) != 0) {
		f->dropped++;
	}
}

/* ---- forgetting ---------------------------------------------------------------------------- */

/* "PART.<seconds>" of any part: its seconds, or -1. */
static int64_t
start_of(const char *name)
{
	const char *dot = strchr(name, '.');
	char *end;
	long long start;

	if (dot == NULL || dot == name || dot[1] < '0' || dot[1] > '9') {
		return -1;
	}
	start = strtoll(dot + 1, &end, 10);
	return *end == '\0' ? start : -1;
}

void
log_files_forget(struct log_files *f, int64_t now)
{
	int copy = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int64_t soon = now + (log_files_pause(f) + 999) / 1000; /* not a moment too late */
	struct dirent *entry;
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;

	if (list == NULL) {
		if (copy >= 0) {
			close(copy);
		}
		return;
	}
	while ((entry = readdir(list)) != NULL) {
		int64_t start = start_of(entry->d_name);

		if (start >= 0 && (start + f->age <= soon || start > now + period(f))) {
			(void)unlinkat(f->dir, entry->d_name, 0);
		}
	}
	closedir(list);
}

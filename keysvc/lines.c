/*
 * Append-only text files. Main process only. Input: files that this program wrote, perhaps torn by
 * a crash.
 */
#include "keysvc/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/max.h"
#include "keysvc/files.h"

#define LINE_CAP 128 /* longest line of either file with newline and NUL, and to spare */

int
lines_load(const char *path, void (*line)(void *context, const char *text, size_t len),
	   void *context)
{
	char text[LINE_CAP];
	bool inside = false; /* in the rest of an over-long line */
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		return errno == ENOENT ? 0 : -1;
	}
	while (fgets(text, sizeof(text), f) != NULL) {
		size_t len = strlen(text);
		bool whole = len > 0 && text[len - 1] == '\n';

		if (whole && !inside) {
			text[len - 1] = '\0';
			line(context, text, len - 1);
		}
		inside = !whole;
	}
	if (ferror(f)) {
		fclose(f);
		errno = EIO;
		return -1;
	}
	return fclose(f);
}

void
lines_abandon(struct lines *fresh)
{
	int saved = errno;

	close(fresh->fd);
	fresh->fd = -1;
	errno = saved;
}

int
lines_begin(struct lines *fresh, const char *path, mode_t mode)
{
	char name[MAX_PATH];

	if (snprintf(name, sizeof(name), "%s.new", path) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fresh->size = 0;
	fresh->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fresh->fd < 0) {
		return -1;
	}
	if (fchmod(fresh->fd, mode) != 0) {
		lines_abandon(fresh);
		return -1;
	}
	return 0;
}

int
lines_commit(struct lines *l, struct lines *fresh, const char *path)
{
	char name[MAX_PATH];

	snprintf(name, sizeof(name), "%s.new", path);
	if (fsync(fresh->fd) != 0 || rename(name, path) != 0) {
		lines_abandon(fresh);
		return -1;
	}
	/* The former file has no name any more: a line that went there would be lost. */
	if (l->fd >= 0) {
		close(l->fd);
	}
	*l = *fresh;
	return file_sync_folder(path);
}

int
lines_append(struct lines *l, const char *text, size_t len)
{
	ssize_t n = write(l->fd, text, len);

	if (n == (ssize_t)len) {
		l->size += n;
		return 0;
	}
	if (n >= 0) {
		errno = ENOSPC;
	}
	/* Half a line would spoil the next one. */
	int saved = errno;
	if (n > 0 && ftruncate(l->fd, l->size) != 0) {
		saved = errno;
	}
	errno = saved;
	return -1;
}

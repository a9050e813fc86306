/*
 * An append-only text file with one writer, whose last line may be torn by a crash: used for the
 * journal and the revocation file. Main process only.
 */
#ifndef TETHER_KEYSVC_LINES_H
#define TETHER_KEYSVC_LINES_H

#include <stddef.h>
#include <sys/types.h>

struct lines {
	int fd;
	off_t size; /* up to here the file is whole lines */
};

/* Calls `line` for each whole line (newline left out) of `path`. A last line without newline and
 * over-long lines are left out. 0, also when there is no such file; -1 with errno. */
int lines_load(const char *path, void (*line)(void *context, const char *text, size_t len),
	       void *context);

/* Starts an empty file beside `path` that will take its place. 0 or -1 with errno. */
int lines_begin(struct lines *fresh, const char *path, mode_t mode);

/* Puts `fresh` in the place of `path` for good (fsync, rename, fsync of the folder); *l becomes
 * fresh and its former file is closed (l->fd -1: none). On -1 with errno either *l is as before and
 * fresh is closed, or *l is fresh and in its place, but a crash may bring the former file back. */
int lines_commit(struct lines *l, struct lines *fresh, const char *path);

/* Gives `fresh` up. */
void lines_abandon(struct lines *fresh);

/* Appends one line that ends in a newline. 0, or -1 with errno: then the file ends as before. */
int lines_append(struct lines *l, const char *text, size_t len);

#endif

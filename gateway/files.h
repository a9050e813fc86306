/*
 * The files of the page, in memory from the start on. Scripts and style sheets that an HTML file
 * names get their hash there, so that a browser which holds files of two versions says so instead
 * of running half of each.
 */
#ifndef TETHER_GATEWAY_FILES_H
#define TETHER_GATEWAY_FILES_H

#include <stddef.h>

#include "gateway/limits.h"

struct file {
	char name[MAX_FILE_NAME];
	const char *type; /* for Content-Type */
	unsigned char *data;
	size_t len;
};

/* Reads the files of `dir` (no subfolders) whose names we know how to serve. 0, or -1 with a
 * sentence in *why. */
int files_load(const char *dir, const char **why);

/* Adds one that is in no folder; `text` is copied. 0, or -1 with a sentence in *why. */
int files_add(const char *name, const char *text, const char **why);

/* The file for the path of a request, or NULL. */
const struct file *files_find(const char *path);

#endif

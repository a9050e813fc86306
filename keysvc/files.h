/*
 * Small files, written whole or not at all. Main, signer and init; never the net process.
 */
#ifndef TETHER_KEYSVC_FILES_H
#define TETHER_KEYSVC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Writes `path` anew: beside it, fsync, rename, fsync of the folder. `mode` 0600 or with more; with
 * group bits the file gets the folder's group. 0 or -1 with errno. */
int file_write(const char *path, const void *data, size_t len, mode_t mode);

/* The same, but fails with EEXIST when `path` is there: nothing is ever overwritten. */
int file_create(const char *path, const void *data, size_t len, mode_t mode);

/* Makes the entries of the folder that `path` lies in durable. 0 or -1 with errno. */
int file_sync_folder(const char *path);

/* Opens a secret for reading: a regular file of ours (or root's) that nobody else may touch.
 * Returns the descriptor, or -1 with the reason in words in *why. */
int file_open_secret(const char *path, const char **why);

#endif

/*
 * The configuration file, agent.conf(5): lines of `KEY VALUE`, `#` begins a comment. The keys are
 * those of agent/values.h. Runs before anything is started. Input: the wearer's own file; what is
 * in it need not be text.
 */
#ifndef TETHER_CONFIG_H
#define TETHER_CONFIG_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/guard/guard.h"

#define MAX_CONFIG 16384    /* bytes of a file: the example is about 3000 */
#define MAX_CONFIG_LINE 512 /* bytes of a line: the longest value, a page's address, has 270 */
#define CONFIG_ERROR 768    /* a sentence about a line that quotes it */

struct config_error {
	unsigned line; /* from 1; 0 = the file as a whole */
	char text[CONFIG_ERROR];
};

/* Sets in *o what the text says. 0, or -1 with the first error; then *o is unchanged. Pure. */
int config_parse(struct options *o, const char *text, size_t len, struct config_error *error);

/* Reads a file, at most one byte more than may be parsed. The length, or -1 with errno; EPERM when
 * everybody may write to it. */
ssize_t config_read(const char *path, char text[MAX_CONFIG + 1]);

/* The same for a name in a folder that is open. */
ssize_t config_read_at(int folder, const char *name, char text[MAX_CONFIG + 1]);

/* The text of a file that sets what *o says: `old` (NULL: agent.conf.example) with only the lines
 * of those keys changed whose value is another; a key without a line gets one, after its "#key"
 * line or at the end. 0, or -1 with half a sentence in `why`. */
int config_compose(const char *old, const struct options *o, char out[MAX_CONFIG + 1],
		   char why[CONFIG_ERROR]);

/* Where a file is written: its folder, open, and its name there. */
struct config_place {
	int fd;
	char name[NAME_MAX + 1];
};

/* Makes the folder (0700) when there is none, follows links, refuses what is no ordinary file. 0
 * with an open folder that the caller closes, or -1 with half a sentence. */
int config_place(const char *path, struct config_place *place, char why[CONFIG_ERROR]);

/* The file's text: 0, 1 when there is none yet, -1 with half a sentence. */
int config_load(const struct config_place *p, char text[MAX_CONFIG + 1], char why[CONFIG_ERROR]);

/* Replaces the file as a whole or not at all, mode 0600. 0, or -1 with half a sentence. */
int config_write(const struct config_place *p, const char *text, char why[CONFIG_ERROR]);

/* Can it be hoped that config_save() works? Makes nothing. 0, or -1 with half a sentence. */
int config_check(const char *path, char why[CONFIG_ERROR]);

/* All of these in one: the file at `path` says what *o says, its comments stay. 0, or -1 with half
 * a sentence; then the file is as it was. */
int config_save(const char *path, const struct options *o, char why[CONFIG_ERROR]);

#endif

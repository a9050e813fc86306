/*
 * The configuration file, agent.conf(5): lines of `KEY VALUE`, `#` begins a comment. The keys are
 * those of agent/values.h. Runs before anything is started. Input: the wearer's own file; what is
 * in it need not be text.
 */
#ifndef TETHER_CONFIG_H
#define TETHER_CONFIG_H

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

#endif

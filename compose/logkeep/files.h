/*
 * The files of kept lines: DIR/PART.<first second of a period>, for as many periods as make up the
 * age. Runs in the writer process. The time is an argument (unix seconds); a file's name says how
 * old it is, so that copying or touching it changes nothing.
 */
#ifndef TETHER_LOGKEEP_FILES_H
#define TETHER_LOGKEEP_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "compose/logkeep/line.h"

#define MAX_AGE_S 604800    /* seven days: docs/PRIVACY.md promises it, so more is refused */
#define PERIODS 7	    /* files for one age: lines are kept for six to seven parts of it */
#define MIN_AGE_S PERIODS   /* for tests */
#define MAX_BYTES (1 << 20) /* of one part and period; a noisy day of ours has 10 kB */
#define MIN_BYTES (4 * MAX_LINE)

struct log_files {
	int dir; /* descriptor of the folder */
	char part[MAX_PART];
	int64_t age;	  /* seconds, MIN_AGE_S .. MAX_AGE_S */
	size_t max_bytes; /* MIN_BYTES .. MAX_BYTES */
	int fd;		  /* the period's file, or -1 */
	int64_t start;	  /* of that period */
	size_t bytes;	  /* in that file */
	unsigned dropped; /* lines that found no room since the last that did */
	int told;	  /* this period's file says that it is full */
};

/* Keeps one framed line, or counts it as dropped: when the period's file is full (said there once,
 * and how many in the next) or can't be written (said when it can be again). Never fails. */
void log_files_write(struct log_files *f, int64_t now, const char *line, size_t len);

/* Removes every file of this folder that began `age` ago, or in a future (a clock was wrong). */
void log_files_forget(struct log_files *f, int64_t now);

/* Milliseconds until log_files_forget should be called again: a minute, less for a short age. */
int log_files_pause(const struct log_files *f);

#endif

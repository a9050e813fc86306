/*
 * Why the box can't be reached, as far as this computer can tell, and what to do about it. Runs
 * before anything is started; looks at files and /proc, never talks to a port.
 */
#ifndef TETHER_SETUP_FINDING_H
#define TETHER_SETUP_FINDING_H

#include <stddef.h>
#include <sys/types.h>

#define FINDING_TEXT 1024

enum finding {
	FINDING_NONE, /* nothing to say yet */
	FINDING_OK,
	FINDING_NO_ADAPTER, /* no FTDI adapter is plugged in */
	FINDING_ABSENT,	    /* the port that was named is not there */
	FINDING_DENIED,	    /* this user may not open it */
	FINDING_BUSY,	    /* another program has it */
	FINDING_FAILED,	    /* it is no serial port, or does not work as one */
	FINDING_SILENT,	    /* the cable is there, the box does not answer */
	FINDING_OFF	    /* it answers, switched off */
};

/* Can the port be had? ABSENT, DENIED or OK; nothing is opened. */
enum finding finding_before(const char *path);

/* Why the box process could not have it: also BUSY or FAILED. The port is opened and closed. */
enum finding finding_after(const char *path);

/* The sentences for people; commands stand on lines of their own that begin with two spaces. */
void finding_words(enum finding f, const char *path, char out[FINDING_TEXT]);

#endif

/*
 * A certificate and its key on disk, which others replace while we run: have the files changed, and
 * do they fit? Whoever uses them asks every few seconds, so that a renewal needs no signal.
 */
#ifndef TETHER_CERTIFICATE_H
#define TETHER_CERTIFICATE_H

#include <stdbool.h>
#include <sys/stat.h>

#define CERTIFICATE_LOOK_MS 5000 /* two calls of stat(); a renewal is in use this soon */

struct certificate {
	const char *cert, *key;	 /* PEM files, kept by the caller */
	struct stat seen[2];	 /* all zero: there was none */
	bool refused;		 /* what is there now can't be used */
};

/* Begins with what the files are now. */
void certificate_begin(struct certificate *c, const char *cert, const char *key);

/* Is it time for certificate_check()? When a file has changed, and as long as they don't fit: what was
 * seen may have been half of a change. */
bool certificate_due(const struct certificate *c);

/* Looks at the files: the first certificate in `cert` has not expired, and its key is in `key`,
 * without a passphrase. 0, or -1 with words in *why; c->refused says the same later. */
int certificate_check(struct certificate *c, const char **why);

#endif

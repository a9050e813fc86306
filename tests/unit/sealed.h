/*
 * Children that seal themselves and then try something. For the unit tests of the sandbox.
 */
#ifndef TETHER_SEALED_H
#define TETHER_SEALED_H

#include <openssl/evp.h>

#include "common/sandbox.h"

#define EVERYTHING                                                                                 \
	(SANDBOX_TTY | SANDBOX_SOCKOPT | SANDBOX_ACCEPT | SANDBOX_CONNECT | SANDBOX_FILES_RO |     \
	 SANDBOX_FILES_RW | SANDBOX_SIGNALS)
#define NOT_SEALED 99 /* exit code of a child that could not be */

/* Opened before the seal, as a real program does. */
extern struct held {
	int pair[2], pty[2], listener, epoll, file;
	EVP_PKEY *key;
} held;

/* For cmocka, before and after all tests. */
int sealed_begin(void **state);
int sealed_finish(void **state);

/* A try returns 0 when what it did worked. */
typedef int try_fn(void);

struct attempt {
	const char *what;
	unsigned kinds;
	try_fn *fn;
};

/* The wait status of a child that sealed itself and tried. */
int status_of(unsigned kinds, try_fn *fn);

/* Up to the one without a name: each must end in SIGSYS; each must work. */
void all_die(const struct attempt *a);
void all_work(const struct attempt *a);

#endif

/*
 * The public keys that tokens are checked with: every DIR/<kid>.pem. The key service puts them
 * there; a new one beside the old is how keys are rotated.
 */
#ifndef TETHER_KEYS_H
#define TETHER_KEYS_H

#include <stdbool.h>
#include <time.h>

#include <openssl/evp.h>

#include "broker-conf/limits.h"
#include "common/token.h"

struct keys {
	unsigned count;
	struct {
		char kid[KID_TEXT + 1];
		EVP_PKEY *key;
	} row[MAX_KEYS];
	struct timespec changed; /* the folder, before it was read */
	bool settled;            /* and that was long enough ago to tell a later change from it */
};

/* Reads all keys of `dir` into *keys (uninitialised before). Taken are files <kid>.pem, kid of 1 to
 * KID_TEXT characters [a-z0-9-], that hold one P-256 public key in PEM (SubjectPublicKeyInfo).
 * Other names are none of our business; a file of such a name that holds anything else, or is one
 * too many, adds to *bad. Returns how many keys there are, or -1 when the folder or a file
 * can't be read (errno). The caller calls keys_finish() in every case. */
int keys_load(struct keys *keys, const char *dir, unsigned *bad);

/* Has `dir` changed since (or while) *keys were read? 1 or 0, or -1 when it can't be looked at (errno).
 * The clock of the file system may stand still for some ms, so a folder that had just changed counts
 * as changed until it is read once more. */
int keys_stale(const struct keys *keys, const char *dir);

/* Frees all. */
void keys_finish(struct keys *keys);

/* A token_key_fn: `keys` is a struct keys. */
EVP_PKEY *keys_find(void *keys, const char *kid);

#endif

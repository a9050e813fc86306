/*
 * What lies where under the key service's folder (its working folder), and the making of it.
 */
#ifndef TETHER_KEYSVC_LAYOUT_H
#define TETHER_KEYSVC_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "common/token.h"
#include "keysvc/files.h"

#define PATH_DEFAULT "/var/lib/tether"
#define PATH_KEY_SECRET "secrets/key-secret"
#define PATH_SIGN_PREFIX "secrets/sign-"
#define PATH_PUBLIC "keys"
#define PATH_TOKENS "tokens"
#define PATH_REVOKED "revoked/revoked"
#define PATH_JOURNAL "state/journal"
#define PATH_SOCKET "state/keysvc.sock"
#define PATH_STATE "state"
#define PATH_RETIRED "state/retired-" /* + kid: since when it does not sign any more (mtime) */

/* The key id in ".../<kid>.pem" or ".../sign-<kid>.pem". 0, or -1 when it is not [a-z0-9-]{1,16}. */
int layout_kid(char kid[KID_TEXT + 1], const char *path);

/* Reads one public key (PEM) or returns NULL. Caller frees. */
EVP_PKEY *layout_public_key(const char *path);

/* Makes folders, secrets and public keys that are missing; overwrites nothing. Public keys that lost
 * their private one unnoticed (a restore) are retired from now on. Returns how many secrets were made
 * (0: all were there), or -1 after a line to standard error. */
int layout_init(void);

/* Makes a new signing key: first its public half, so that a token is never signed with a key that
 * could not be found, then the private one; removes the former private ones and notes when. Not
 * where there are MAX_KEYS public ones. 0, or -1 after a line to standard error. */
int layout_rotate(void);

/* Removes public keys whose last token has run out by `now` (unix seconds). `kid` still signs,
 * retired or not (a rotation that failed half way): its time begins anew. 0 or -1 with errno. */
int layout_forget(int64_t now, const char *kid);

#endif

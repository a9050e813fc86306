/* Signs any header and claims, for tests of what the verifier refuses. Test programs only. */
#ifndef TETHER_TEST_JWT_H
#define TETHER_TEST_JWT_H

#include <openssl/evp.h>

#define JWT_MAX 4096

/* Writes base64url(head).base64url(claims).signature, ES256 with key. Ends the program when the
 * texts are too long or OpenSSL fails: a test can't go on. */
void jwt_sign(char out[JWT_MAX], const char *head, const char *claims, EVP_PKEY *key);

#endif

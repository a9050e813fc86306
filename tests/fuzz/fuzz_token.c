/*
 * Tokens: the input once as a whole JWT, and once as claims that are signed well, since no change
 * of bytes gets past a signature.
 */
#include <string.h>

#include <openssl/evp.h>

#include "common/token.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/jwt.h"

#define NOW 1760000000
#define HEAD "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"

static EVP_PKEY *
find(void *context, const char *kid)
{
	(void)kid;
	return context;
}

/* Whatever the claims say, a token that verifies stays within its role's table. */
static void
check(const struct token *t)
{
	struct token table = *t;

	token_acl(&table);
	MUST(t->role != ROLE_GUEST && t->role < ROLE_COUNT);
	MUST(strlen(t->client) == CLIENT_TEXT);
	MUST(t->exp > NOW && t->exp - t->iat <= MAX_LIFE && t->nbf <= NOW + 5);
	MUST(t->pub_count <= MAX_FILTERS && t->sub_count <= MAX_FILTERS);
	for (unsigned i = 0; i < t->pub_count; i++) {
		MUST(strchr(t->pub[i], '+') != NULL || token_may_publish(&table, t->pub[i]));
	}
	for (unsigned i = 0; i < t->sub_count; i++) {
		MUST(token_may_subscribe(&table, t->sub[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	char claims[MAX_TOKEN + 1], jwt[JWT_MAX];
	struct token t;

	if (key == NULL) {
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	}
	MUST(token_verify(&t, (const char *)data, size, NOW, find, key) != TOKEN_OK);
	if (size > MAX_TOKEN || memchr(data, '\0', size) != NULL) {
		return 0;
	}
	memcpy(claims, data, size);
	claims[size] = '\0';
	jwt_sign(jwt, HEAD, claims, key);
	if (token_verify(&t, jwt, strlen(jwt), NOW, find, key) == TOKEN_OK) {
		check(&t);
	}
	return 0;
}

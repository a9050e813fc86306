/* Signs any header and claims. Written apart from common/token_create.c. */
#include "tests/unit/jwt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/encode.h"

/* The integer at *at of a DER sequence, right-aligned in 32 bytes; moves *at behind it. */
static void
take_integer(uint8_t out[32], const uint8_t **at)
{
	size_t len = (*at)[1];
	const uint8_t *from = *at + 2;

	*at = from + len;
	while (len > 32) { /* the zero before a set top bit */
		from++;
		len--;
	}
	memset(out, 0, 32);
	memcpy(out + 32 - len, from, len);
}

void
jwt_sign(char out[JWT_MAX], const char *head, const char *claims, EVP_PKEY *key)
{
	size_t head_len = strlen(head), claims_len = strlen(claims), len, der_len = 80;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80], raw[64];
	const uint8_t *at = der + 2;

	if (ctx == NULL || B64_LEN(head_len) + B64_LEN(claims_len) + 100 > JWT_MAX) {
		abort();
	}
	b64_encode(out, head, head_len);
	strcat(out, ".");
	b64_encode(out + strlen(out), claims, claims_len);
	len = strlen(out);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(ctx, der, &der_len, (const uint8_t *)out, len) != 1) {
		abort();
	}
	EVP_MD_CTX_free(ctx);
	take_integer(raw, &at);
	take_integer(raw + 32, &at);
	strcat(out, ".");
	b64_encode(out + strlen(out), raw, sizeof(raw));
}

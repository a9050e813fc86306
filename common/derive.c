/* HMAC-SHA256 and HKDF-SHA256 through OpenSSL. Signer and guard processes. */
#include "common/derive.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "common/secret.h"

#define MAC_LEN 32

int
derive_mac(uint8_t *out, size_t n, const uint8_t *key, size_t key_len, const void *text,
	   size_t text_len)
{
	uint8_t mac[MAC_LEN];
	unsigned len = sizeof(mac);

	memset(out, 0, n);
	if (n > sizeof(mac) || key_len > INT_MAX ||
	    HMAC(EVP_sha256(), key, (int)key_len, text, text_len, mac, &len) == NULL ||
	    len != sizeof(mac)) {
		return -1;
	}
	memcpy(out, mac, n);
	secret_wipe(mac, sizeof(mac));
	return 0;
}

/* The EVP_PKEY interface to HKDF is the same in OpenSSL 3.0 to 3.5. */
static int
hkdf(EVP_PKEY_CTX *ctx, uint8_t *out, size_t *n, const uint8_t *ikm, int ikm_len,
     const void *salt, int salt_len, const char *info)
{
	if (EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, salt_len) != 1 ||
	    EVP_PKEY_CTX_set1_hkdf_key(ctx, ikm, ikm_len) != 1 ||
	    EVP_PKEY_CTX_add1_hkdf_info(ctx, (const uint8_t *)info, (int)strlen(info)) != 1 ||
	    EVP_PKEY_derive(ctx, out, n) != 1) {
		return -1;
	}
	return 0;
}

int
derive_key(uint8_t *out, size_t n, const uint8_t *ikm, size_t ikm_len, const void *salt,
	   size_t salt_len, const char *info)
{
	EVP_PKEY_CTX *ctx;
	size_t got = n;
	int rc;

	memset(out, 0, n);
	if (ikm_len > INT_MAX || salt_len > INT_MAX) {
		return -1;
	}
	ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	if (ctx == NULL) {
		return -1;
	}
	rc = hkdf(ctx, out, &got, ikm, (int)ikm_len, salt, (int)salt_len, info);
	EVP_PKEY_CTX_free(ctx);
	if (rc != 0 || got != n) {
		secret_wipe(out, n);
		return -1;
	}
	return 0;
}

/*
 * Creating tokens. Signer process only: it holds the private key and fills *t itself; nothing
 * here comes from outside.
 */
#include "common/token.h"

#include <stdio.h>
#include <string.h>

#include <cJSON.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "common/encode.h"
#include "common/secret.h"
#include "common/token_format.h"

#define SCOPE_MAX (MAX_TOPIC + 64)
#define QUEUE "%%2F/mqtt-subscription-"
#define EXCHANGE "%%2F/amq.topic/"
#define DER_MAX 80 /* two 33-byte integers and their headers */

bool
token_kid_is_valid(const char *kid, size_t len)
{
	if (len == 0 || len > KID_TEXT) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		bool letter = kid[i] >= 'a' && kid[i] <= 'z';
		bool digit = kid[i] >= '0' && kid[i] <= '9';

		if (!letter && !digit && kid[i] != '-') {
			return false;
		}
	}
	return true;
}

bool
token_key_is_p256(const EVP_PKEY *key)
{
	char group[32];
	size_t len;

	if (key == NULL || EVP_PKEY_is_a(key, "EC") != 1 ||
	    EVP_PKEY_get_group_name((EVP_PKEY *)(uintptr_t)key, group, sizeof(group), &len) != 1) {
		return false;
	}
	return strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0;
}

bool
token_role_has_sid(enum role role)
{
	return role == ROLE_AGENT || role == ROLE_PARTNER;
}

/* cJSON's arrays and objects own what was added; one failure at the end tells of all. */
static bool
add_text(cJSON *array, const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	if (item == NULL || !cJSON_AddItemToArray(array, item)) {
		cJSON_Delete(item);
		return false;
	}
	return true;
}

static bool
add_filters(cJSON *acl, const char *name, const char filters[][MAX_TOPIC], unsigned count)
{
	cJSON *array = cJSON_AddArrayToObject(acl, name);
	bool ok = array != NULL;

	for (unsigned i = 0; ok && i < count; i++) {
		ok = add_text(array, filters[i]);
	}
	return ok;
}

/* RabbitMQ writes a topic with dots for slashes and a star for a plus. */
static bool
add_topic_scope(cJSON *scope, const char *verb, const char *filter)
{
	char text[SCOPE_MAX];

	(void)snprintf(text, sizeof(text), TOKEN_AUD ".%s:" EXCHANGE "%s", verb, filter);
	for (char *c = text + strlen(text) - strlen(filter); *c != '\0'; c++) {
		*c = *c == '/' ? '.' : *c == '+' ? '*' : *c;
	}
	return add_text(scope, text);
}

static bool
add_queue_scope(cJSON *scope, const char *verb, const char *client)
{
	char text[SCOPE_MAX];

	(void)snprintf(text, sizeof(text), TOKEN_AUD ".%s:" QUEUE "%sqos*", verb, client);
	return add_text(scope, text);
}

static bool
add_scope(cJSON *claims, const struct token *t)
{
	static const char *const verbs[] = {"configure", "write", "read"};
	cJSON *scope = cJSON_AddArrayToObject(claims, "scope");
	bool ok = scope != NULL;

	for (unsigned i = 0; ok && i < t->pub_count; i++) {
		ok = add_topic_scope(scope, "write", t->pub[i]);
	}
	for (unsigned i = 0; ok && i < t->sub_count; i++) {
		ok = add_topic_scope(scope, "read", t->sub[i]);
	}
	for (unsigned i = 0; ok && i < 3; i++) {
		ok = add_queue_scope(scope, verbs[i], t->client);
	}
	return ok;
}

static bool
add_identity(cJSON *claims, const struct token *t)
{
	char sid[HEX_LEN(SID_LEN) + 1];
	cJSON *aud;

	hex_encode(sid, t->sid, SID_LEN);
	if (cJSON_AddStringToObject(claims, "iss", TOKEN_ISS) == NULL ||
	    cJSON_AddStringToObject(claims, "sub", t->client) == NULL ||
	    cJSON_AddStringToObject(claims, "jti", t->client) == NULL ||
	    cJSON_AddStringToObject(claims, "role", role_name(t->role)) == NULL) {
		return false;
	}
	if (token_role_has_sid(t->role) && cJSON_AddStringToObject(claims, "sid", sid) == NULL) {
		return false;
	}
	aud = cJSON_AddArrayToObject(claims, "aud");
	return aud != NULL && add_text(aud, TOKEN_AUD);
}

static bool
add_times(cJSON *claims, const struct token *t)
{
	return cJSON_AddNumberToObject(claims, "iat", (double)t->iat) != NULL &&
	       cJSON_AddNumberToObject(claims, "nbf", (double)t->nbf) != NULL &&
	       cJSON_AddNumberToObject(claims, "exp", (double)t->exp) != NULL;
}

/* The claims as text; the caller frees it. NULL when out of memory. */
static char *
claims_text(const struct token *t)
{
	cJSON *claims = cJSON_CreateObject();
	char *text = NULL;
	cJSON *acl;

	if (claims == NULL) {
		return NULL;
	}
	if (add_identity(claims, t) && add_times(claims, t) &&
	    (acl = cJSON_AddObjectToObject(claims, "acl")) != NULL &&
	    add_filters(acl, "pub", t->pub, t->pub_count) &&
	    add_filters(acl, "sub", t->sub, t->sub_count) && add_scope(claims, t)) {
		text = cJSON_PrintUnformatted(claims);
	}
	cJSON_Delete(claims);
	return text;
}

/* OpenSSL signs in DER; JWT wants r and s side by side. */
static int
raw_of_der(uint8_t raw[TOKEN_SIGNATURE_LEN], const uint8_t *der, size_t len)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int rc = -1;

	if (sig == NULL) {
		return -1;
	}
	if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, TOKEN_INTEGER_LEN) == TOKEN_INTEGER_LEN &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + TOKEN_INTEGER_LEN, TOKEN_INTEGER_LEN) ==
		    TOKEN_INTEGER_LEN) {
		rc = 0;
	}
	ECDSA_SIG_free(sig);
	return rc;
}

static int
sign(uint8_t raw[TOKEN_SIGNATURE_LEN], const char *text, size_t len, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	size_t der_len = sizeof(der);
	int rc = -1;

	if (ctx == NULL) {
		return -1;
	}
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, der, &der_len, (const uint8_t *)text, len) == 1) {
		rc = raw_of_der(raw, der, der_len);
	}
	EVP_MD_CTX_free(ctx);
	return rc;
}

static bool
token_is_sound(const struct token *t)
{
	uint8_t id[CLIENT_LEN];

	return t->role > ROLE_GUEST && t->role < ROLE_COUNT && t->iat > 0 && t->exp > t->nbf &&
	       t->exp - t->iat <= MAX_LIFE &&
	       hex_decode(id, CLIENT_LEN, t->client, strnlen(t->client, sizeof(t->client))) == 0 &&
	       token_kid_is_valid(t->kid, strnlen(t->kid, sizeof(t->kid)));
}

/* Writes header, dot and claims; returns the length, or -1 when it leaves no room to sign. */
static int
write_signed_part(char out[MAX_TOKEN + 1], const struct token *t, const char *claims)
{
	char head[TOKEN_HEAD_MAX];
	size_t head_len, claims_len = strlen(claims);

	(void)snprintf(head, sizeof(head), TOKEN_HEAD_START "%s" TOKEN_HEAD_END, t->kid);
	head_len = strlen(head);
	if (claims_len > MAX_TOKEN ||
	    B64_LEN(head_len) + B64_LEN(claims_len) + B64_LEN(TOKEN_SIGNATURE_LEN) + 2 >
		    MAX_TOKEN) {
		return -1;
	}
	b64_encode(out, head, head_len);
	out[B64_LEN(head_len)] = '.';
	b64_encode(out + B64_LEN(head_len) + 1, claims, claims_len);
	return (int)(B64_LEN(head_len) + 1 + B64_LEN(claims_len));
}

int
token_create(char out[MAX_TOKEN + 1], struct token *t, EVP_PKEY *key)
{
	uint8_t raw[TOKEN_SIGNATURE_LEN];
	char *claims;
	int len;

	if (!token_is_sound(t) || !token_key_is_p256(key)) {
		return -1;
	}
	token_acl(t);
	claims = claims_text(t);
	if (claims == NULL) {
		return -1;
	}
	len = write_signed_part(out, t, claims);
	cJSON_free(claims);
	if (len < 0 || sign(raw, out, (size_t)len, key) != 0) {
		secret_wipe(out, MAX_TOKEN + 1);
		return -1;
	}
	out[len++] = '.';
	b64_encode(out + len, raw, sizeof(raw));
	return len + (int)B64_LEN(sizeof(raw));
}

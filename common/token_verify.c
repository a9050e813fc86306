/*
 * Verifying tokens. Broker plugin and key service; the text comes from whoever reached the broker's
 * port. The signature is checked before a single claim is parsed.
 */
#include "common/token.h"

#include <string.h>

#include <cJSON.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "common/encode.h"
#include "common/json.h"
#include "common/token_format.h"

#define CLOCK_GRACE 5 /* seconds that two clocks may differ at nbf */
#define TIME_MAX 253402300799ULL /* the end of year 9999 */

/* The three parts of a JWT, not NUL-ended. */
struct parts {
	const char *head, *claims, *signature;
	size_t head_len, claims_len, signature_len;
	size_t signed_len; /* head, dot and claims */
};

static int
split(struct parts *p, const char *jwt, size_t len)
{
	const char *first, *second, *end = jwt + len;

	if (len > MAX_TOKEN) {
		return TOKEN_FORMAT;
	}
	first = memchr(jwt, '.', len);
	if (first == NULL) {
		return TOKEN_FORMAT;
	}
	second = memchr(first + 1, '.', (size_t)(end - first - 1));
	if (second == NULL) {
		return TOKEN_FORMAT;
	}
	p->head = jwt;
	p->head_len = (size_t)(first - jwt);
	p->claims = first + 1;
	p->claims_len = (size_t)(second - p->claims);
	p->signature = second + 1;
	p->signature_len = (size_t)(end - p->signature);
	p->signed_len = (size_t)(second - jwt);
	return TOKEN_OK;
}

/* The header has one spelling, so no algorithm is ever chosen by the token. */
static int
read_head(char kid[KID_TEXT + 1], const struct parts *p)
{
	const size_t start = sizeof(TOKEN_HEAD_START) - 1, tail = sizeof(TOKEN_HEAD_END) - 1;
	char head[TOKEN_HEAD_MAX];
	size_t len, kid_len;

	if (b64_decode_any(head, sizeof(head), &len, p->head, p->head_len) != 0) {
		/* Too long to be ours and not base64url look the same here. */
		return TOKEN_ALG;
	}
	if (len <= start + tail || memcmp(head, TOKEN_HEAD_START, start) != 0 ||
	    memcmp(head + len - tail, TOKEN_HEAD_END, tail) != 0) {
		return TOKEN_ALG;
	}
	kid_len = len - start - tail;
	if (!token_kid_is_valid(head + start, kid_len)) {
		return TOKEN_ALG;
	}
	memcpy(kid, head + start, kid_len);
	kid[kid_len] = '\0';
	return TOKEN_OK;
}

/* JWT has r and s side by side; OpenSSL verifies DER. The length, or -1; *der is freed with
 * OPENSSL_free. */
static int
der_of_raw(uint8_t **der, const uint8_t raw[TOKEN_SIGNATURE_LEN])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, TOKEN_INTEGER_LEN, NULL);
	BIGNUM *s = BN_bin2bn(raw + TOKEN_INTEGER_LEN, TOKEN_INTEGER_LEN, NULL);
	int len = -1;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		len = i2d_ECDSA_SIG(sig, der);
	}
	ECDSA_SIG_free(sig);
	return len;
}

static int
check_signature(const struct parts *p, EVP_PKEY *key)
{
	uint8_t raw[TOKEN_SIGNATURE_LEN];
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx;
	int len, rc = TOKEN_SIGNATURE;

	if (!token_key_is_p256(key) ||
	    b64_decode(raw, sizeof(raw), p->signature, p->signature_len) != 0) {
		return TOKEN_SIGNATURE;
	}
	len = der_of_raw(&der, raw);
	ctx = EVP_MD_CTX_new();
	if (len > 0 && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)p->head, p->signed_len) == 1) {
		rc = TOKEN_OK;
	}
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	/* A refused signature leaves its reason in this thread's queue, which TLS code reads. */
	ERR_clear_error();
	return rc;
}

static bool
text_is(const cJSON *claims, const char *name, const char *wanted)
{
	const char *text;

	return json_text(&text, claims, name) == JSON_OK && strcmp(text, wanted) == 0;
}

static int
read_identity(struct token *t, const cJSON *claims)
{
	uint8_t id[CLIENT_LEN];
	const char *text;
	int role;

	if (!text_is(claims, "iss", TOKEN_ISS) || json_text(&text, claims, "role") != JSON_OK) {
		return TOKEN_CLAIMS;
	}
	role = role_from_name(text);
	if (role < 0 || role == ROLE_GUEST) {
		return TOKEN_CLAIMS;
	}
	t->role = (enum role)role;
	if (json_text(&text, claims, "sub") != JSON_OK ||
	    hex_decode(id, CLIENT_LEN, text, strlen(text)) != 0 || !text_is(claims, "jti", text)) {
		return TOKEN_CLAIMS;
	}
	memcpy(t->client, text, CLIENT_TEXT + 1);
	if (!token_role_has_sid(t->role)) {
		return cJSON_HasObjectItem(claims, "sid") ? TOKEN_CLAIMS : TOKEN_OK;
	}
	if (json_text(&text, claims, "sid") != JSON_OK ||
	    hex_decode(t->sid, SID_LEN, text, strlen(text)) != 0) {
		return TOKEN_CLAIMS;
	}
	return TOKEN_OK;
}

static int
check_audience(const cJSON *claims)
{
	const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud");
	const cJSON *only = cJSON_GetArrayItem(aud, 0);

	if (!cJSON_IsArray(aud) || cJSON_GetArraySize(aud) != 1 || !cJSON_IsString(only) ||
	    strcmp(only->valuestring, TOKEN_AUD) != 0) {
		return TOKEN_AUDIENCE;
	}
	return TOKEN_OK;
}

static int
read_times(struct token *t, const cJSON *claims, int64_t now)
{
	uint64_t iat, nbf, exp;

	if (json_number(&iat, claims, "iat", TIME_MAX) != JSON_OK ||
	    json_number(&nbf, claims, "nbf", TIME_MAX) != JSON_OK ||
	    json_number(&exp, claims, "exp", TIME_MAX) != JSON_OK || exp <= iat || exp <= nbf) {
		return TOKEN_CLAIMS;
	}
	t->iat = (int64_t)iat;
	t->nbf = (int64_t)nbf;
	t->exp = (int64_t)exp;
	if (t->exp - t->iat > MAX_LIFE) {
		return TOKEN_LIFE;
	}
	/* An iat ahead of us would stretch four hours from now. */
	if (now < t->nbf - CLOCK_GRACE || now < t->iat - CLOCK_GRACE) {
		return TOKEN_EARLY;
	}
	return now >= t->exp ? TOKEN_EXPIRED : TOKEN_OK;
}

static bool
list_has(const char list[][MAX_TOPIC], unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(list[i], text) == 0) {
			return true;
		}
	}
	return false;
}

/* The claim may give a role less than the table, never more: a signer that was talked into
 * something can't hand out a topic of another session. */
static int
read_filters(char out[][MAX_TOPIC], unsigned *count, const cJSON *acl, const char *name,
	     const char table[][MAX_TOPIC], unsigned table_count)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(acl, name), *item;

	*count = 0;
	if (!cJSON_IsArray(array)) {
		return TOKEN_CLAIMS;
	}
	cJSON_ArrayForEach(item, array)
	{
		if (!cJSON_IsString(item) || *count == MAX_FILTERS ||
		    !list_has(table, table_count, item->valuestring)) {
			return TOKEN_CLAIMS;
		}
		/* On the table, so shorter than MAX_TOPIC. */
		memcpy(out[*count], item->valuestring, strlen(item->valuestring) + 1);
		*count += 1;
	}
	return TOKEN_OK;
}

static int
read_acl(struct token *t, const cJSON *claims)
{
	const cJSON *acl = cJSON_GetObjectItemCaseSensitive(claims, "acl");
	struct token table = *t;
	int rc;

	token_acl(&table);
	rc = read_filters(t->pub, &t->pub_count, acl, "pub", table.pub, table.pub_count);
	if (rc != TOKEN_OK) {
		return rc;
	}
	return read_filters(t->sub, &t->sub_count, acl, "sub", table.sub, table.sub_count);
}

static int
read_claims(struct token *t, const struct parts *p, int64_t now)
{
	char text[MAX_TOKEN];
	cJSON *claims;
	size_t len;
	int rc;

	if (b64_decode_any(text, sizeof(text), &len, p->claims, p->claims_len) != 0 ||
	    json_parse(&claims, text, len) != JSON_OK) {
		return TOKEN_FORMAT;
	}
	rc = read_identity(t, claims);
	if (rc == TOKEN_OK) {
		rc = check_audience(claims);
	}
	if (rc == TOKEN_OK) {
		rc = read_times(t, claims, now);
	}
	if (rc == TOKEN_OK) {
		rc = read_acl(t, claims);
	}
	cJSON_Delete(claims);
	return rc;
}

int
token_verify(struct token *t, const char *jwt, size_t len, int64_t now, token_key_fn *find,
	     void *context)
{
	struct token read = {0};
	struct parts p;
	EVP_PKEY *key;
	int rc;

	rc = split(&p, jwt, len);
	if (rc != TOKEN_OK) {
		return rc;
	}
	rc = read_head(read.kid, &p);
	if (rc != TOKEN_OK) {
		return rc;
	}
	key = find(context, read.kid);
	if (key == NULL) {
		return TOKEN_KEY;
	}
	rc = check_signature(&p, key);
	if (rc != TOKEN_OK) {
		return rc;
	}
	rc = read_claims(&read, &p, now);
	if (rc == TOKEN_OK) {
		*t = read;
	}
	return rc;
}

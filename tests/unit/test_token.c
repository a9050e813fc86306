/* Tokens: created, verified, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "common/encode.h"
#include "common/token.h"
#include "tests/unit/jwt.h"

#define NOW 1760000000
#define CLIENT "00112233445566778899aabbccddeeff"
#define SID "ffeeddccbbaa99887766554433221100"
#define OTHER "0123456789abcdef0123456789abcdef"

static EVP_PKEY *key;

static EVP_PKEY *
find_k1(void *context, const char *kid)
{
	(void)context;
	return strcmp(kid, "k1") == 0 ? key : NULL;
}

static struct token
some_token(enum role role)
{
	struct token t = {.role = role,
			  .client = CLIENT,
			  .kid = "k1",
			  .iat = NOW,
			  .nbf = NOW,
			  .exp = NOW + MAX_LIFE};

	if (role == ROLE_AGENT || role == ROLE_PARTNER) {
		assert_int_equal(hex_decode(t.sid, SID_LEN, SID, strlen(SID)), 0);
	}
	return t;
}

static int
create(char out[MAX_TOKEN + 1], enum role role)
{
	struct token t = some_token(role);
	int len = token_create(out, &t, key);

	assert_in_range(len, 1, MAX_TOKEN);
	assert_int_equal(strlen(out), len);
	return len;
}

/* Verifies claims that are signed well, whatever they say. */
static int
verify_claims(const char *claims)
{
	char jwt[JWT_MAX];
	struct token t;

	jwt_sign(jwt, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}", claims, key);
	return token_verify(&t, jwt, strlen(jwt), NOW, find_k1, NULL);
}

static void
every_role_but_guest_has_a_token_that_verifies(void **state)
{
	(void)state;
	for (int role = ROLE_AGENT; role < ROLE_COUNT; role++) {
		char jwt[MAX_TOKEN + 1];
		struct token t, expected = some_token((enum role)role);
		int len = create(jwt, (enum role)role);

		token_acl(&expected);
		memset(&t, 0, sizeof(t));
		assert_int_equal(token_verify(&t, jwt, (size_t)len, NOW, find_k1, NULL), TOKEN_OK);
		assert_memory_equal(&t, &expected, sizeof(t));
	}
}

static void
what_is_not_sound_is_not_signed(void **state)
{
	static const struct token changes[] = {
		{.role = ROLE_GUEST, .client = CLIENT, .kid = "k1", .iat = 1, .nbf = 1, .exp = 2},
		{.role = ROLE_COUNT, .client = CLIENT, .kid = "k1", .iat = 1, .nbf = 1, .exp = 2},
		{.role = ROLE_GW, .client = "short", .kid = "k1", .iat = 1, .nbf = 1, .exp = 2},
		{.role = ROLE_GW, .client = CLIENT, .kid = "", .iat = 1, .nbf = 1, .exp = 2},
		{.role = ROLE_GW, .client = CLIENT, .kid = "K\"", .iat = 1, .nbf = 1, .exp = 2},
		{.role = ROLE_GW, .client = CLIENT, .kid = "k1", .iat = 1, .nbf = 1, .exp = 1},
		{.role = ROLE_GW, .client = CLIENT, .kid = "k1", .iat = 1, .nbf = 1, .exp = 14402},
	};
	char out[MAX_TOKEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct token t = changes[i];

		assert_int_equal(token_create(out, &t, key), -1);
	}
}

static void
only_p_256_keys_sign_and_verify(void **state)
{
	static const char *const others[] = {"secp256k1", "brainpoolP256r1"};
	EVP_PKEY *mine = key;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct token t = some_token(ROLE_GW);
		char out[MAX_TOKEN + 1];

		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", others[i]);
		assert_non_null(key);
		assert_int_equal(token_create(out, &t, key), -1);
		assert_int_equal(verify_claims("{}"), TOKEN_SIGNATURE);
		EVP_PKEY_free(key);
	}
	key = mine;
	assert_int_equal(verify_claims("{}"), TOKEN_CLAIMS);
}

static void
a_token_of_another_key_is_refused(void **state)
{
	EVP_PKEY *mine = key;
	char jwt[MAX_TOKEN + 1];
	struct token t;
	int len;

	(void)state;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	len = create(jwt, ROLE_GW);
	EVP_PKEY_free(key);
	key = mine;
	assert_int_equal(token_verify(&t, jwt, (size_t)len, NOW, find_k1, NULL), TOKEN_SIGNATURE);
}

static void
a_token_cut_at_any_character_is_refused(void **state)
{
	char jwt[MAX_TOKEN + 1];
	struct token t;
	int len = create(jwt, ROLE_PARTNER);

	(void)state;
	for (size_t n = 0; n < (size_t)len; n++) {
		char *cut = malloc(n + 1); /* so that a sanitizer sees a read past the end */

		assert_non_null(cut);
		memcpy(cut, jwt, n);
		assert_true(token_verify(&t, cut, n, NOW, find_k1, NULL) < 0);
		free(cut);
	}
}

static void
a_token_with_any_character_changed_is_refused(void **state)
{
	char jwt[MAX_TOKEN + 1];
	struct token t, before;
	int len = create(jwt, ROLE_PARTNER);

	(void)state;
	memset(&t, 0xa5, sizeof(t));
	before = t;
	for (int i = 0; i < len; i++) {
		char was = jwt[i];

		jwt[i] = was == 'A' ? 'B' : 'A';
		assert_true(token_verify(&t, jwt, (size_t)len, NOW, find_k1, NULL) < 0);
		assert_memory_equal(&t, &before, sizeof(t));
		jwt[i] = was;
	}
	assert_int_equal(token_verify(&t, jwt, (size_t)len, NOW, find_k1, NULL), TOKEN_OK);
}

static void
no_header_but_ours_is_taken(void **state)
{
	static const char *const heads[] = {
		"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
		"{\"alg\":\"es256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
		"{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"k1\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"../k1\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\",\"jwk\":1}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"kkkkkkkkkkkkkkkkk\"}",
		" {\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
		"",
	};
	char jwt[JWT_MAX];
	struct token t;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		jwt_sign(jwt, heads[i], "{}", key);
		assert_int_equal(token_verify(&t, jwt, strlen(jwt), NOW, find_k1, NULL), TOKEN_ALG);
	}
}

static void
an_unknown_key_id_is_refused(void **state)
{
	struct token t = some_token(ROLE_GW);
	char jwt[MAX_TOKEN + 1];
	int len;

	(void)state;
	(void)snprintf(t.kid, sizeof(t.kid), "k2");
	len = token_create(jwt, &t, key);
	assert_true(len > 0);
	assert_int_equal(token_verify(&t, jwt, (size_t)len, NOW, find_k1, NULL), TOKEN_KEY);
}

static void
a_text_over_the_limit_is_refused_unread(void **state)
{
	char *jwt = malloc(MAX_TOKEN + 1);
	struct token t;

	(void)state;
	assert_non_null(jwt);
	memset(jwt, '.', MAX_TOKEN + 1);
	assert_int_equal(token_verify(&t, jwt, MAX_TOKEN + 1, NOW, find_k1, NULL), TOKEN_FORMAT);
	assert_int_equal(token_verify(&t, NULL, MAX_TOKEN + 1, NOW, find_k1, NULL), TOKEN_FORMAT);
	free(jwt);
}

static void
times_are_held_to_the_second(void **state)
{
	char jwt[MAX_TOKEN + 1];
	struct token t;
	size_t len = (size_t)create(jwt, ROLE_AGENT);

	(void)state;
	assert_int_equal(token_verify(&t, jwt, len, NOW - 6, find_k1, NULL), TOKEN_EARLY);
	assert_int_equal(token_verify(&t, jwt, len, NOW - 5, find_k1, NULL), TOKEN_OK);
	assert_int_equal(token_verify(&t, jwt, len, NOW + MAX_LIFE - 1, find_k1, NULL), TOKEN_OK);
	assert_int_equal(token_verify(&t, jwt, len, NOW + MAX_LIFE, find_k1, NULL), TOKEN_EXPIRED);
}

#define ACL                                                                                        \
	"\"acl\":{\"pub\":[\"s/" SID "/cmd\"],\"sub\":[\"s/" SID "/state\"]}"
#define PARTNER                                                                                    \
	"\"iss\":\"tether-keysvc\",\"sub\":\"" CLIENT "\",\"jti\":\"" CLIENT                       \
	"\",\"role\":\"partner\",\"sid\":\"" SID "\""
#define AUD "\"aud\":[\"tether\"]"
#define TIMES "\"iat\":1760000000,\"nbf\":1760000000,\"exp\":1760000100"

static void
well_signed_claims_that_are_not_ours_are_refused(void **state)
{
	static const struct {
		const char *claims;
		int error;
	} rows[] = {
		{"{" PARTNER "," AUD "," TIMES "," ACL "}", TOKEN_OK},
		{"{" PARTNER "," AUD "," TIMES "," ACL ",\"more\":{\"a\":[1]}}", TOKEN_OK},
		{"{" PARTNER "," AUD "," TIMES ",\"acl\":{\"pub\":[],\"sub\":[]}}", TOKEN_OK},
		{"", TOKEN_FORMAT},
		{"{" PARTNER "," AUD "," TIMES "," ACL "}}", TOKEN_FORMAT},
		{"{" PARTNER "," PARTNER "," AUD "," TIMES "," ACL "}", TOKEN_FORMAT},
		{"{" PARTNER "," AUD "," TIMES "," ACL ",\"exp\":1760000200}", TOKEN_FORMAT},
		{"{" PARTNER "," AUD "," TIMES "," ACL ",\"x\":{\"a\":1,\"a\":2}}", TOKEN_FORMAT},
		{"{" PARTNER "," TIMES "," ACL "}", TOKEN_AUDIENCE},
		{"{" PARTNER ",\"aud\":\"tether\"," TIMES "," ACL "}", TOKEN_AUDIENCE},
		{"{" PARTNER ",\"aud\":[\"other\"]," TIMES "," ACL "}", TOKEN_AUDIENCE},
		{"{" PARTNER ",\"aud\":[\"tether\",\"other\"]," TIMES "," ACL "}", TOKEN_AUDIENCE},
		{"{" PARTNER ",\"aud\":[]," TIMES "," ACL "}", TOKEN_AUDIENCE},
		{"{" PARTNER "," AUD "," TIMES "}", TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," TIMES ",\"acl\":{\"pub\":[]}}", TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," TIMES ",\"acl\":{\"pub\":[\"#\"],\"sub\":[]}}",
		 TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," TIMES ",\"acl\":{\"pub\":[\"s/" OTHER
		 "/cmd\"],\"sub\":[]}}",
		 TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," TIMES ",\"acl\":{\"pub\":[7],\"sub\":[]}}", TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," ACL "}", TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," ACL ",\"iat\":1760000000,\"nbf\":1760000000,\"exp\":"
		 "\"1760000100\"}",
		 TOKEN_CLAIMS},
		{"{" PARTNER "," AUD "," ACL ",\"iat\":1760000000,\"nbf\":1760000000,\"exp\":"
		 "1.7600001e9}",
		 TOKEN_FORMAT},
		{"{" PARTNER "," AUD "," ACL ",\"iat\":1760000000,\"nbf\":1760000000,\"exp\":"
		 "1760014401}",
		 TOKEN_LIFE},
		{"{" PARTNER "," AUD "," ACL ",\"iat\":1760000006,\"nbf\":1760000000,\"exp\":"
		 "1760014405}",
		 TOKEN_EARLY},
		{"{" AUD "," TIMES "," ACL ",\"iss\":\"other\",\"sub\":\"" CLIENT
		 "\",\"jti\":\"" CLIENT "\",\"role\":\"partner\",\"sid\":\"" SID "\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES "," ACL ",\"iss\":\"tether-keysvc\",\"sub\":\"" CLIENT
		 "\",\"jti\":\"" OTHER "\",\"role\":\"partner\",\"sid\":\"" SID "\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES ",\"acl\":{\"pub\":[],\"sub\":[]},\"iss\":\"tether-keysvc\","
		 "\"sub\":\"" CLIENT "\",\"jti\":\"" CLIENT "\",\"role\":\"guest\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES "," ACL ",\"iss\":\"tether-keysvc\",\"sub\":\"" CLIENT
		 "\",\"jti\":\"" CLIENT "\",\"role\":\"root\",\"sid\":\"" SID "\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES "," ACL ",\"iss\":\"tether-keysvc\",\"sub\":\"" CLIENT
		 "\",\"jti\":\"" CLIENT "\",\"role\":\"partner\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES ",\"acl\":{\"pub\":[],\"sub\":[]},\"iss\":\"tether-keysvc\","
		 "\"sub\":\"" CLIENT "\",\"jti\":\"" CLIENT "\",\"role\":\"gw\",\"sid\":\"" SID
		 "\"}",
		 TOKEN_CLAIMS},
		{"{" AUD "," TIMES "," ACL ",\"iss\":\"tether-keysvc\",\"sub\":\"me\","
		 "\"jti\":\"me\",\"role\":\"partner\",\"sid\":\"" SID "\"}",
		 TOKEN_CLAIMS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int error = verify_claims(rows[i].claims);

		if (error != rows[i].error) {
			fail_msg("%d (%s): %s", error, token_error(error), rows[i].claims);
		}
	}
}

/* For RabbitMQ: dots for slashes, stars for plus signs, and the client's own queue. */
static void
the_scope_names_the_same_topics(void **state)
{
	char jwt[MAX_TOKEN + 1], claims[MAX_TOKEN + 1];
	const char *part;
	size_t n;

	(void)state;
	(void)create(jwt, ROLE_GW);
	part = strchr(jwt, '.') + 1;
	assert_int_equal(b64_decode_any(claims, MAX_TOKEN, &n, part, strcspn(part, ".")), 0);
	claims[n] = '\0';
	assert_non_null(strstr(claims,
			       "\"scope\":["
			       "\"tether.write:%2F/amq.topic/key.gw." CLIENT ".req\","
			       "\"tether.read:%2F/amq.topic/key.gw." CLIENT ".res\","
			       "\"tether.read:%2F/amq.topic/stat.*\","
			       "\"tether.configure:%2F/mqtt-subscription-" CLIENT "qos*\","
			       "\"tether.write:%2F/mqtt-subscription-" CLIENT "qos*\","
			       "\"tether.read:%2F/mqtt-subscription-" CLIENT "qos*\"]"));
}

static int
make_key(void **state)
{
	(void)state;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	return key == NULL ? -1 : 0;
}

static int
free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_role_but_guest_has_a_token_that_verifies),
		cmocka_unit_test(what_is_not_sound_is_not_signed),
		cmocka_unit_test(only_p_256_keys_sign_and_verify),
		cmocka_unit_test(a_token_of_another_key_is_refused),
		cmocka_unit_test(a_token_cut_at_any_character_is_refused),
		cmocka_unit_test(a_token_with_any_character_changed_is_refused),
		cmocka_unit_test(no_header_but_ours_is_taken),
		cmocka_unit_test(an_unknown_key_id_is_refused),
		cmocka_unit_test(a_text_over_the_limit_is_refused_unread),
		cmocka_unit_test(times_are_held_to_the_second),
		cmocka_unit_test(well_signed_claims_that_are_not_ours_are_refused),
		cmocka_unit_test(the_scope_names_the_same_topics),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}

/* People who sign in with real tokens (policy_world.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>

#include "tests/unit/policy_world.h"

struct moment
after(int64_t ms)
{
	return (struct moment){.boot_ms = 5000 + (uint64_t)ms,
			       .unix_ms = START_UNIX * INT64_C(1000) + ms};
}

int
policy_begin(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	assert_int_equal(policy_init(&f->policy), 0);
	f->key = EVP_EC_gen("P-256");
	assert_non_null(f->key);
	EVP_PKEY_up_ref(f->key);
	f->policy.keys.count = 1;
	f->policy.keys.row[0].key = f->key;
	strcpy(f->policy.keys.row[0].kid, "k1");
	*state = f;
	return 0;
}

int
policy_end(void **state)
{
	struct fixture *f = *state;

	policy_finish(&f->policy);
	EVP_PKEY_free(f->key);
	test_free(f);
	return 0;
}

struct person
person(const struct fixture *f, enum role role, unsigned n, int64_t life)
{
	struct person p = {.token = {.role = role,
				     .kid = "k1",
				     .iat = START_UNIX,
				     .nbf = START_UNIX,
				     .exp = START_UNIX + life}};

	snprintf(p.token.client, sizeof(p.token.client), "%032x", n);
	if (role == ROLE_AGENT || role == ROLE_PARTNER) {
		memset(p.token.sid, SID, SID_LEN);
	}
	assert_true(token_create(p.jwt, &p.token, f->key) > 0);
	return p;
}

struct login
login_of(struct fixture *f, const struct person *p, unsigned connection)
{
	return (struct login){.context = &f->connection[connection],
			      .id = p->token.client,
			      .username = p->token.client,
			      .password = p->jwt,
			      .address = "192.0.2.7",
			      .version = 5,
			      .clean = true};
}

struct login
guest_of(struct fixture *f, const char *id, unsigned connection)
{
	return (struct login){.context = &f->connection[connection],
			      .id = id,
			      .address = "192.0.2.7",
			      .version = 5,
			      .clean = true};
}

bool
come_in(struct fixture *f, const struct person *p, unsigned connection, struct moment now)
{
	struct login l = login_of(f, p, connection);

	return policy_login(&f->policy, &l, now);
}

bool
may_publish(struct fixture *f, const char *id, const char *topic, struct moment now)
{
	return policy_access(&f->policy, id, ACCESS_PUBLISH, topic, false, now);
}

unsigned
cut(struct fixture *f, struct moment now)
{
	char id[CLIENT_TEXT + 1];
	bool connected;
	unsigned count = 0;

	while (policy_due(&f->policy, now, id, &connected)) {
		count += connected;
	}
	return count;
}

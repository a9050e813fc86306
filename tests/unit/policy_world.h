/*
 * The plugin's decisions with real tokens and a clock of the test's own. For the unit tests of
 * broker-conf/policy.h.
 */
#ifndef TETHER_POLICY_WORLD_H
#define TETHER_POLICY_WORLD_H

#include "broker-conf/policy.h"

#define START_UNIX 1800000000
#define SID 0xab
#define SID_TEXT "abababababababababababababababab"

struct fixture {
	struct policy policy;
	EVP_PKEY *key;
	char connection[16]; /* addresses of these stand for the broker's connections */
};

struct person {
	struct token token;
	char jwt[MAX_TOKEN + 1];
};

/* Before and after each test; *state is its struct fixture. */
int policy_begin(void **state);
int policy_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, policy_begin, policy_end)

/* `ms` after the start on both clocks. */
struct moment after(int64_t ms);

/* Number n in a role, with a token of `life` seconds. */
struct person person(const struct fixture *f, enum role role, unsigned n, int64_t life);

struct login login_of(struct fixture *f, const struct person *p, unsigned connection);
struct login guest_of(struct fixture *f, const char *id, unsigned connection);

/* May it sign in, may it publish there? */
bool come_in(struct fixture *f, const struct person *p, unsigned connection, struct moment now);
bool may_publish(struct fixture *f, const char *id, const char *topic, struct moment now);

/* How many are cut at `now`, connected ones only. */
unsigned cut(struct fixture *f, struct moment now);

#endif

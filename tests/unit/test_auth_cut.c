/* The plugin's decisions (broker-conf/policy.h): revocations, and who is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/policy_world.h"

static void
a_revoked_session_is_silenced_cut_and_kept_out(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100);
	struct person partner = person(f, ROLE_PARTNER, 2, 100);
	struct person keysvc = person(f, ROLE_KEYSVC, 3, 100);
	static const char line[] = "revoke " SID_TEXT " 1800000100\n";

	assert_true(come_in(f, &agent, 0, after(0)) && come_in(f, &partner, 1, after(0)) &&
		    come_in(f, &keysvc, 2, after(0)));
	assert_int_equal(
		policy_control(&f->policy, agent.token.client, line, sizeof(line) - 1, after(1)),
		-1);
	assert_int_equal(policy_control(&f->policy, NULL, line, sizeof(line) - 1, after(1)), -1);
	assert_true(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(1)));
	assert_int_equal(
		policy_control(&f->policy, keysvc.token.client, line, sizeof(line) - 1, after(1)),
		0);
	assert_false(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(1)));
	assert_false(may_publish(f, partner.token.client, "s/" SID_TEXT "/cmd", after(1)));
	assert_false(come_in(f, &agent, 0, after(1)));
	assert_int_equal(cut(f, after(1)), 2);
	assert_int_equal(f->policy.revoked_count, 2);
	assert_false(come_in(f, &agent, 4, after(2)));
	assert_false(come_in(f, &partner, 5, after(2)));
	assert_true(may_publish(f, keysvc.token.client, "stat/keysvc", after(2)));
}

static void
control_lines_that_are_not_understood_cut_the_key_service_but_those_before_hold(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100);
	struct person keysvc = person(f, ROLE_KEYSVC, 3, 100);
	static const char *const bad[] = {"", "\n", "revoke\n",
					  "unrevoke " SID_TEXT " 1800000100\n",
					  "revoke " SID_TEXT " -1\n"};
	static const char mixed[] = "revoke " SID_TEXT " 1800000100\nrevoke all\n";

	assert_true(come_in(f, &agent, 0, after(0)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_true(come_in(f, &keysvc, 2, after(0)));
		assert_int_equal(policy_control(&f->policy, keysvc.token.client, bad[i],
						strlen(bad[i]), after(0)),
				 -1);
		assert_false(may_publish(f, keysvc.token.client, "stat/keysvc", after(0)));
		assert_int_equal(cut(f, after(0)), 1);
	}
	assert_true(come_in(f, &keysvc, 2, after(0)));
	assert_int_equal(
		policy_control(&f->policy, keysvc.token.client, mixed, sizeof(mixed) - 1, after(0)),
		-1);
	assert_int_equal(cut(f, after(0)), 2);
}

static int
control(struct fixture *f, const struct person *keysvc, const char *text)
{
	return policy_control(&f->policy, keysvc->token.client, text, strlen(text), after(0));
}

static void
with_require_sync_sessions_wait_for_the_whole_set(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100);
	struct person keysvc = person(f, ROLE_KEYSVC, 3, 100);
	static const char other[] = "revoke cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd 1800000100\n";

	f->policy.require_sync = true;
	assert_false(come_in(f, &agent, 0, after(0)));
	assert_true(come_in(f, &keysvc, 2, after(0)));
	assert_int_equal(control(f, &keysvc, other), 0);
	assert_int_equal(control(f, &keysvc, "synced 2\n"), 0);
	assert_false(come_in(f, &agent, 0, after(0)));
	assert_int_equal(control(f, &keysvc, other), 0);
	assert_int_equal(control(f, &keysvc, "synced 1\n"), 0);
	assert_true(come_in(f, &agent, 0, after(0)));
}

/* What policy_cut_fn was told. */
static struct {
	unsigned calls;
	size_t connections;
	uint8_t sid[SID_LEN];
} told;

static void
hear_cut(void *context, const uint8_t sid[SID_LEN], size_t connections)
{
	(void)context;
	told.calls++;
	told.connections = connections;
	memcpy(told.sid, sid, SID_LEN);
}

static void
each_revocation_says_how_many_connections_it_cuts(void **state)
{
	struct fixture *f = *state;
	struct person keysvc = person(f, ROLE_KEYSVC, 3, 100);
	static const char line[] = "revoke " SID_TEXT " 1800000100\n";

	memset(&told, 0, sizeof(told));
	f->policy.cut = hear_cut;
	assert_true(come_in(f, &keysvc, 7, after(0)));
	for (unsigned i = 0; i < 4; i++) {
		struct person p = person(f, i ? ROLE_PARTNER : ROLE_AGENT, 10 + i, 100);

		assert_true(come_in(f, &p, i, after(0)));
		if (i == 3) {
			policy_leave(&f->policy, p.token.client, &f->connection[i]);
		}
	}
	assert_int_equal(control(f, &keysvc, line), 0);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.connections, 3);
	assert_int_equal(told.sid[0], SID);
	assert_int_equal(control(f, &keysvc, line), 0);
	assert_int_equal(told.calls, 2);
	assert_int_equal(told.connections, 0);
}

static void
who_signed_in_with_a_key_that_is_gone_is_silenced_and_cut(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100), gw = person(f, ROLE_GW, 2, 100);
	struct login guest = guest_of(f, "0123456789abcdef0123456789abcdef", 3);

	assert_true(come_in(f, &agent, 0, after(0)) && come_in(f, &gw, 1, after(0)));
	assert_true(policy_login(&f->policy, &guest, after(0)));
	policy_keys_changed(&f->policy);
	assert_int_equal(cut(f, after(1)), 0);
	assert_true(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(1)));
	strcpy(f->policy.keys.row[0].kid, "k2");
	policy_keys_changed(&f->policy);
	assert_false(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(1)));
	assert_int_equal(cut(f, after(1)), 2);
	assert_int_equal(f->policy.guests.count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_revoked_session_is_silenced_cut_and_kept_out),
		TEST(control_lines_that_are_not_understood_cut_the_key_service_but_those_before_hold),
		TEST(with_require_sync_sessions_wait_for_the_whole_set),
		TEST(each_revocation_says_how_many_connections_it_cuts),
		TEST(who_signed_in_with_a_key_that_is_gone_is_silenced_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

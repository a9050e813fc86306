/* The plugin's decisions (broker-conf/policy.h): who may sign in, and use which topic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/policy_world.h"

static void
an_agent_may_use_its_own_topics_in_their_own_direction_only(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);
	static const struct {
		const char *topic;
		enum access access;
	} allowed[] = {
		{"s/" SID_TEXT "/state", ACCESS_PUBLISH},
		{"s/" SID_TEXT "/cmd", ACCESS_RECEIVE},
		{"s/" SID_TEXT "/cmd", ACCESS_SUBSCRIBE},
		{"key/agent/00000000000000000000000000000001/req", ACCESS_PUBLISH},
	};
	static const char *const others[] = {
		"s/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd/state",
		"s/+/cmd",
		"#",
		"s/#",
		"$share/g/s/" SID_TEXT "/cmd",
		"$SYS/broker/uptime",
		"$CONTROL/tether/v1",
		"key/agent/00000000000000000000000000000002/req",
		"stat/auth",
		"",
	};

	assert_true(come_in(f, &p, 0, after(0)));
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		for (int a = ACCESS_NONE; a <= ACCESS_SUBSCRIBE; a++) {
			bool reading = a == ACCESS_RECEIVE || a == ACCESS_SUBSCRIBE;
			bool meant =
				allowed[i].access == ACCESS_PUBLISH ? a == ACCESS_PUBLISH : reading;

			assert_int_equal(policy_access(&f->policy, p.token.client, (enum access)a,
						       allowed[i].topic, false, after(0)),
					 meant);
			assert_false(policy_access(&f->policy, p.token.client, (enum access)a,
						   allowed[i].topic, true, after(0)));
		}
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		for (int a = ACCESS_NONE; a <= ACCESS_SUBSCRIBE; a++) {
			assert_false(policy_access(&f->policy, p.token.client, (enum access)a,
						   others[i], false, after(0)));
		}
	}
	assert_false(may_publish(f, "00000000000000000000000000000002", "stat/auth", after(0)));
	assert_false(may_publish(f, NULL, "s/" SID_TEXT "/state", after(0)));
}

static void
a_login_must_match_its_token_in_everything(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);
	const char *other = "00000000000000000000000000000002";
	struct login good = login_of(f, &p, 0), bad[8];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		bad[i] = good;
	}
	bad[0].id = other;
	bad[1].username = other;
	bad[2].id = bad[2].username = other;
	bad[3].username = NULL;
	bad[4].password = NULL;
	bad[5].version = 4;
	bad[6].clean = false;
	bad[7].password = "";
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(policy_login(&f->policy, &bad[i], after(0)));
	}
	/* A password without a name or the other way round, no v5, no clean start: no login of ours. */
	assert_int_equal(f->policy.logins[LOGIN_PROTOCOL], 4);
	assert_int_equal(f->policy.logins[LOGIN_FORGED], 4);
	assert_int_equal(f->policy.records.count, 0);
	assert_true(policy_login(&f->policy, &good, after(0)));
	strcpy(f->policy.keys.row[0].kid, "k2");
	assert_false(policy_login(&f->policy, &good, after(0)));
}

static void
a_token_s_time_is_up_at_its_very_second(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);

	assert_true(come_in(f, &p, 0, after(30500)));
	assert_true(may_publish(f, p.token.client, "s/" SID_TEXT "/state", after(99999)));
	assert_int_equal(cut(f, after(99999)), 0);
	assert_false(may_publish(f, p.token.client, "s/" SID_TEXT "/state", after(100000)));
	assert_int_equal(cut(f, after(100000)), 1);
	assert_int_equal(f->policy.expired_count, 1);
	assert_false(come_in(f, &p, 0, after(100000)));
}

static void
setting_the_clock_back_gives_nobody_more_time(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);
	struct moment early = after(50000), late = after(100000), jumped = after(50000);

	assert_true(come_in(f, &p, 0, after(0)));
	early.unix_ms -= 3000;
	assert_true(come_in(f, &p, 0, early)); /* asked again, as at SIGHUP */
	late.unix_ms -= 60000;
	assert_false(may_publish(f, p.token.client, "s/" SID_TEXT "/state", late));
	jumped.unix_ms += 50000;
	assert_false(may_publish(f, p.token.client, "s/" SID_TEXT "/state", jumped));
	assert_int_equal(cut(f, late), 1);
}

static void
a_clock_set_forward_past_the_expiry_cuts_and_not_only_silences(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100),
		      keysvc = person(f, ROLE_KEYSVC, 2, 100);
	struct login guest = guest_of(f, "0123456789abcdef0123456789abcdef", 3);
	static const char synced[] = "synced 0\n";
	struct moment jumped = after(1000);

	assert_true(come_in(f, &agent, 0, after(0)) && come_in(f, &keysvc, 1, after(0)));
	assert_true(policy_login(&f->policy, &guest, after(0)));
	jumped.unix_ms += 5 * 3600 * 1000;
	assert_int_equal(cut(f, jumped), 0);
	assert_false(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", jumped));
	assert_int_equal(cut(f, jumped), 1);
	assert_int_equal(
		policy_control(&f->policy, keysvc.token.client, synced, strlen(synced), jumped),
		-1);
	assert_int_equal(cut(f, jumped), 1);
	assert_int_equal(f->policy.expired_count, 2);
	assert_true(
		may_publish(f, guest.id, "key/guest/0123456789abcdef0123456789abcdef/req", jumped));
}

static void
being_asked_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);

	for (int i = 0; i < 3; i++) {
		assert_true(come_in(f, &p, 0, after(i)));
		assert_int_equal(f->policy.records.count, 1);
	}
	policy_leave(&f->policy, p.token.client, &f->connection[0]);
	assert_int_equal(cut(f, after(3)), 0);
	assert_int_equal(f->policy.records.count, 0);
}

static void
a_guest_has_its_own_topics_and_half_a_minute(void **state)
{
	struct fixture *f = *state;
	const char *id = "0123456789abcdef0123456789abcdef";
	struct login l = guest_of(f, id, 0);
	char topic[MAX_TOPIC];

	assert_true(policy_login(&f->policy, &l, after(0)));
	snprintf(topic, sizeof(topic), "key/guest/%s/req", id);
	assert_true(may_publish(f, id, topic, after(29999)));
	assert_false(policy_access(&f->policy, id, ACCESS_SUBSCRIBE, topic, false, after(0)));
	assert_false(
		may_publish(f, id, "key/guest/00000000000000000000000000000001/req", after(0)));
	assert_false(may_publish(f, id, "s/" SID_TEXT "/cmd", after(0)));
	assert_false(may_publish(f, id, topic, after(30000)));
	assert_int_equal(cut(f, after(29999)), 0);
	assert_int_equal(cut(f, after(30000)), 1);
	assert_int_equal(f->policy.guests.count, 0);
	assert_int_equal(f->policy.expired_count, 0);
}

static void
a_guest_that_talks_too_much_is_silenced_and_cut(void **state)
{
	struct fixture *f = *state;
	const char *id = "0123456789abcdef0123456789abcdef";
	const char *own = "key/guest/0123456789abcdef0123456789abcdef/req";
	struct login l = guest_of(f, id, 0);

	assert_true(policy_login(&f->policy, &l, after(0)));
	assert_false(may_publish(f, id, "stat/auth", after(1)));
	for (unsigned i = 0; i < GUEST_MESSAGES; i++) {
		assert_true(may_publish(f, id, own, after(1)));
	}
	assert_int_equal(cut(f, after(1)), 0);
	assert_false(may_publish(f, id, own, after(1)));
	assert_int_equal(cut(f, after(1)), 1);
	assert_int_equal(f->policy.guests.count, 0);
}

static void
an_agent_that_asks_without_end_is_silenced_and_cut_but_its_states_are_not_counted(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 600);
	const char *id = agent.token.client;

	assert_true(come_in(f, &agent, 0, after(0)));
	for (unsigned i = 0; i < AGENT_MESSAGES; i++) {
		assert_true(may_publish(f, id, agent.token.pub[0], after(1)));
		assert_true(may_publish(f, id, agent.token.pub[1], after(1)));
		assert_true(may_publish(f, id, agent.token.pub[1], after(1)));
	}
	assert_int_equal(cut(f, after(1)), 0);
	assert_false(may_publish(f, id, agent.token.pub[0], after(1)));
	assert_false(may_publish(f, id, agent.token.pub[1], after(1)));
	assert_int_equal(cut(f, after(1)), 1);
}

static void
a_guest_can_t_have_an_id_that_is_live_or_odd(void **state)
{
	struct fixture *f = *state;
	struct person agent = person(f, ROLE_AGENT, 1, 100);
	static const char *const odd[] = {NULL,
					  "",
					  "guest",
					  "0123456789ABCDEF0123456789ABCDEF",
					  "0123456789abcdef0123456789abcde",
					  "0123456789abcdef0123456789abcdef0",
					  "0123456789abcdef0123456789abcde#"};
	struct login l = guest_of(f, agent.token.client, 1);

	assert_true(come_in(f, &agent, 0, after(0)));
	assert_false(policy_login(&f->policy, &l, after(0)));
	assert_true(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(0)));
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		l.id = odd[i];
		assert_false(policy_login(&f->policy, &l, after(0)));
	}
	policy_leave(&f->policy, agent.token.client, &f->connection[0]);
	l.id = agent.token.client;
	assert_true(policy_login(&f->policy, &l, after(0)));
	assert_false(may_publish(f, agent.token.client, "s/" SID_TEXT "/state", after(0)));
}

static void
the_oldest_guest_makes_room_and_is_cut_at_the_next_tick(void **state)
{
	struct fixture *f = *state;
	char id[CLIENT_TEXT + 1], gone[CLIENT_TEXT + 1];
	bool connected;

	for (unsigned i = 0; i <= MAX_GUESTS_PER_NET; i++) {
		struct login l = guest_of(f, id, i);

		snprintf(id, sizeof(id), "%032x", i);
		assert_true(policy_login(&f->policy, &l, after(i)));
	}
	assert_int_equal(f->policy.guests.count, MAX_GUESTS_PER_NET);
	assert_false(may_publish(f, "00000000000000000000000000000000",
				 "key/guest/00000000000000000000000000000000/req", after(9)));
	assert_true(policy_due(&f->policy, after(9), gone, &connected));
	assert_string_equal(gone, "00000000000000000000000000000000");
	assert_true(connected);
	assert_false(policy_due(&f->policy, after(9), gone, &connected));
}

static void
a_takeover_keeps_the_new_connection_and_a_will_is_still_held_to_the_topics(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);
	const char *own = "s/" SID_TEXT "/state", *foreign = "s/" SID_TEXT "/cmd";

	assert_true(come_in(f, &p, 0, after(0)));
	assert_true(come_in(f, &p, 1, after(1)));
	policy_leave(&f->policy, p.token.client, &f->connection[0]);
	policy_leave(&f->policy, NULL, &f->connection[2]);
	assert_int_equal(cut(f, after(2)), 0);
	assert_true(may_publish(f, p.token.client, own, after(2)));
	policy_leave(&f->policy, p.token.client, &f->connection[1]);
	assert_true(may_publish(f, p.token.client, own, after(3)));
	assert_false(may_publish(f, p.token.client, foreign, after(3)));
	assert_false(may_publish(f, p.token.client, own, after(100000)));
	assert_int_equal(cut(f, after(3)), 0);
	assert_false(may_publish(f, p.token.client, own, after(3)));
}

static void
the_counters_are_json_and_name_nobody(void **state)
{
	struct fixture *f = *state;
	struct person p = person(f, ROLE_AGENT, 1, 100);
	struct login l = guest_of(f, "0123456789abcdef0123456789abcdef", 3);
	char text[512];
	int len;

	assert_true(come_in(f, &p, 0, after(0)));
	assert_true(policy_login(&f->policy, &l, after(0)));
	l.id = "x";
	assert_false(policy_login(&f->policy, &l, after(0)));
	len = policy_stat(&f->policy, text, sizeof(text));
	assert_int_equal(len, (int)strlen(text));
	assert_string_equal(text, "{\"v\":1,\"connections\":2,\"guests\":1,\"guests_in\":1,"
				  "\"guests_refused\":0,\"guests_limited\":0,\"forged\":0,"
				  "\"refused_expired\":0,\"refused_revoked\":0,\"protocol\":1,"
				  "\"expired\":0,\"revoked\":0}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_agent_may_use_its_own_topics_in_their_own_direction_only),
		TEST(a_login_must_match_its_token_in_everything),
		TEST(a_token_s_time_is_up_at_its_very_second),
		TEST(setting_the_clock_back_gives_nobody_more_time),
		TEST(a_clock_set_forward_past_the_expiry_cuts_and_not_only_silences),
		TEST(being_asked_again_changes_nothing),
		TEST(a_guest_has_its_own_topics_and_half_a_minute),
		TEST(a_guest_that_talks_too_much_is_silenced_and_cut),
		TEST(an_agent_that_asks_without_end_is_silenced_and_cut_but_its_states_are_not_counted),
		TEST(a_guest_can_t_have_an_id_that_is_live_or_odd),
		TEST(the_oldest_guest_makes_room_and_is_cut_at_the_next_tick),
		TEST(a_takeover_keeps_the_new_connection_and_a_will_is_still_held_to_the_topics),
		TEST(the_counters_are_json_and_name_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

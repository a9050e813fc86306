/* Guests and their limits (broker-conf/guests.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker-conf/guests.h"

static char contexts[MAX_GUESTS * 2];

/* Guest number n comes in at time n; returns the number of the one that had to go, or -1. */
static int
enter(struct guests *g, unsigned n, const char *address)
{
	char id[CLIENT_TEXT + 1], out[CLIENT_TEXT + 1];
	unsigned gone;

	snprintf(id, sizeof(id), "%032x", n);
	guests_enter(g, &contexts[n], id, address, n, out);
	return sscanf(out, "%x", &gone) == 1 ? (int)gone : -1;
}

static void
a_fifth_guest_of_one_address_sends_its_oldest_away(void **state)
{
	struct guests g = {0};

	(void)state;
	assert_int_equal(enter(&g, 1, "192.0.2.9"), -1);
	for (unsigned i = 2; i < 2 + MAX_GUESTS_PER_NET; i++) {
		assert_int_equal(enter(&g, i, "192.0.2.7"), -1);
	}
	assert_int_equal(enter(&g, 6, "192.0.2.7"), 2);
	assert_int_equal(enter(&g, 7, "::ffff:192.0.2.7"), 3);
	assert_int_equal(g.count, 1 + MAX_GUESTS_PER_NET);
	guests_leave(&g, &contexts[4]);
	assert_int_equal(enter(&g, 8, "192.0.2.7"), -1);
}

static void
ipv6_is_counted_by_its_first_64_bits(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} pairs[] = {
		{"2001:db8::1", "2001:db8::ffff:2", 1},
		{"2001:db8::1", "2001:db8:0:1::1", 0},
		{"192.0.2.7", "192.0.2.8", 0},
		{"192.0.2.7", "::ffff:192.0.2.7", 1},
		{"::ffff:192.0.2.7", "::ffff:192.0.2.8", 0},
		{"192.0.2.7", "2001:db8::1", 0},
		{NULL, "not an address", 1},
		{"fe80::1%eth0", "", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		uint8_t a[16], b[16];

		guests_net(a, pairs[i].a);
		guests_net(b, pairs[i].b);
		assert_int_equal(memcmp(a, b, sizeof(a)) == 0, pairs[i].same);
	}
}

static void
a_full_table_sends_the_oldest_of_all_away(void **state)
{
	struct guests g = {0};
	char address[32];

	(void)state;
	for (unsigned i = 0; i < MAX_GUESTS; i++) {
		snprintf(address, sizeof(address), "198.51.%u.%u", i / 256, i % 256);
		assert_int_equal(enter(&g, i, address), -1);
	}
	assert_int_equal(g.count, MAX_GUESTS);
	guests_leave(&g, &contexts[0]);
	assert_int_equal(enter(&g, MAX_GUESTS, "203.0.113.1"), -1);
	assert_int_equal(enter(&g, MAX_GUESTS + 1, "203.0.113.2"), 1);
	assert_int_equal(g.count, MAX_GUESTS);
}

static void
leaving_twice_or_as_a_stranger_changes_nothing(void **state)
{
	struct guests g = {0};

	(void)state;
	enter(&g, 1, "192.0.2.7");
	guests_leave(&g, &contexts[2]);
	guests_leave(&g, NULL);
	assert_int_equal(g.count, 1);
	guests_leave(&g, &contexts[1]);
	guests_leave(&g, &contexts[1]);
	assert_int_equal(g.count, 0);
}

/* How many of `tries` logins are admitted at `now`. */
static unsigned
admitted(struct guests *g, const char *address, unsigned tries, uint64_t now)
{
	unsigned count = 0;

	while (tries-- > 0) {
		count += guests_admit(g, address, now);
	}
	return count;
}

static void
logins_of_one_network_are_limited_and_come_back_with_time(void **state)
{
	static struct guests g;

	(void)state;
	assert_int_equal(guests_init(&g), 0);
	assert_int_equal(admitted(&g, "2001:db8::1", 1000, 5000), GUEST_NET_BURST);
	assert_int_equal(admitted(&g, "2001:db8::2", 1, 5000), 0);
	assert_int_equal(admitted(&g, "2001:db8:0:1::1", 1, 5000), 1);
	assert_int_equal(admitted(&g, "192.0.2.7", 1, 5000), 1);
	assert_int_equal(admitted(&g, "2001:db8::1", 10, 5000 + 3 * GUEST_NET_EVERY_MS), 3);
}

static void
the_networks_of_one_ipv6_site_share_a_ration(void **state)
{
	static struct guests g;
	unsigned count = 0;
	char address[40];

	(void)state;
	assert_int_equal(guests_init(&g), 0);
	for (unsigned i = 0; i < 2 * GUEST_SITE_BURST; i++) {
		snprintf(address, sizeof(address), "2001:db8:7:%x::1", i);
		count += admitted(&g, address, 1, 5000);
	}
	assert_int_equal(count, GUEST_SITE_BURST);
	assert_int_equal(admitted(&g, "2001:db8:8:1::1", 1, 5000), 1);
	assert_int_equal(admitted(&g, "2001:db8:7:ff::1", 1, 5000 + GUEST_SITE_EVERY_MS), 1);
	assert_int_equal(admitted(&g, "192.0.2.7", 1, 5000), 1);
}

static void
what_a_site_is_refused_takes_nothing_from_others(void **state)
{
	static struct guests g;
	unsigned count = 0;
	char address[40];

	(void)state;
	assert_int_equal(guests_init(&g), 0);
	for (unsigned i = 0; i < 50 * GUEST_BUCKETS; i++) {
		snprintf(address, sizeof(address), "2001:db8:7:%x::1", i % 65536);
		(void)guests_admit(&g, address, 5000);
	}
	for (unsigned i = 0; i < 250; i++) {
		snprintf(address, sizeof(address), "198.51.100.%u", i);
		count += admitted(&g, address, 1, 5000);
	}
	assert_int_equal(count, 250);
}

static void
logins_of_all_networks_are_limited_too(void **state)
{
	static struct guests g;
	unsigned count = 0;
	char address[32];

	(void)state;
	assert_int_equal(guests_init(&g), 0);
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(address, sizeof(address), "198.51.%u.%u", i / 256, i % 256);
		count += admitted(&g, address, 2, 5000);
	}
	assert_int_equal(count, GUEST_BURST);
	assert_int_equal(admitted(&g, "203.0.113.9", 1, 5000), 0);
	assert_int_equal(admitted(&g, "203.0.113.9", 9, 5000 + 2 * GUEST_EVERY_MS), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fifth_guest_of_one_address_sends_its_oldest_away),
		cmocka_unit_test(ipv6_is_counted_by_its_first_64_bits),
		cmocka_unit_test(a_full_table_sends_the_oldest_of_all_away),
		cmocka_unit_test(logins_of_one_network_are_limited_and_come_back_with_time),
		cmocka_unit_test(the_networks_of_one_ipv6_site_share_a_ration),
		cmocka_unit_test(what_a_site_is_refused_takes_nothing_from_others),
		cmocka_unit_test(logins_of_all_networks_are_limited_too),
		cmocka_unit_test(leaving_twice_or_as_a_stranger_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The gateway's limits per page and per address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "gateway/rate.h"

#define NOW 1000000

static void
net_of(uint8_t net[NET_BYTES], const char *text)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
		assert_true(rate_net(net, (struct sockaddr *)&four));
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
		assert_true(rate_net(net, (struct sockaddr *)&six));
	}
}

/* An address of its own for each number. */
static void
net_number(uint8_t net[NET_BYTES], unsigned n)
{
	char text[INET_ADDRSTRLEN];

	snprintf(text, sizeof(text), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	net_of(net, text);
}

static int
setup(void **state)
{
	*state = calloc(1, sizeof(struct rate_table));
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
a_bucket_holds_its_burst_and_not_one_more(void **state)
{
	struct bucket b = {0};

	(void)state;
	for (int i = 0; i < COMMANDS_BURST; i++) {
		assert_true(bucket_take(&b, COMMANDS_BURST, COMMANDS_EVERY_MS, NOW));
	}
	assert_false(bucket_take(&b, COMMANDS_BURST, COMMANDS_EVERY_MS, NOW));
	assert_false(
		bucket_take(&b, COMMANDS_BURST, COMMANDS_EVERY_MS, NOW + COMMANDS_EVERY_MS - 1));
	assert_true(bucket_take(&b, COMMANDS_BURST, COMMANDS_EVERY_MS, NOW + COMMANDS_EVERY_MS));
	assert_false(bucket_take(&b, COMMANDS_BURST, COMMANDS_EVERY_MS, NOW + COMMANDS_EVERY_MS));
}

static void
a_refused_attempt_costs_nothing(void **state)
{
	struct bucket b = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, NOW);
	}
	assert_true(bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, NOW + JOINS_EVERY_MS));
}

static void
a_bucket_is_full_after_a_long_rest_and_never_fuller(void **state)
{
	struct bucket b = {0};
	int taken = 0;

	(void)state;
	assert_true(bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, NOW));
	while (bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, UINT64_MAX / 2)) {
		taken++;
	}
	assert_int_equal(taken, JOINS_BURST);
}

static void
a_clock_that_falls_back_gives_nothing_away(void **state)
{
	struct bucket b = {0};

	(void)state;
	for (int i = 0; i < JOINS_BURST; i++) {
		assert_true(bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, NOW));
	}
	assert_false(bucket_take(&b, JOINS_BURST, JOINS_EVERY_MS, 0));
}

static void
ipv6_counts_by_its_first_half_and_ipv4_whole(void **state)
{
	uint8_t a[NET_BYTES], b[NET_BYTES];
	struct sockaddr local = {.sa_family = AF_UNIX};

	(void)state;
	net_of(a, "2001:db8:1:2::1");
	net_of(b, "2001:db8:1:2:ffff::9");
	assert_memory_equal(a, b, NET_BYTES);
	net_of(b, "2001:db8:1:3::1");
	assert_memory_not_equal(a, b, NET_BYTES);
	net_of(a, "192.0.2.1");
	net_of(b, "192.0.2.2");
	assert_memory_not_equal(a, b, NET_BYTES);
	net_of(b, "::ffff:192.0.2.1");
	assert_memory_equal(a, b, NET_BYTES);
	assert_false(rate_net(a, &local));
}

static void
a_customer_with_many_ipv6_networks_cannot_fill_it(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES];
	char text[64];
	int taken = 0;

	for (int i = 0; i < MAX_CONNECTIONS / MAX_PER_ADDRESS; i++) {
		snprintf(text, sizeof(text), "2001:db8:1:%x::1", (unsigned)i);
		net_of(net, text);
		for (int j = 0; j < MAX_PER_ADDRESS; j++) {
			taken += rate_enter(t, net, NOW) >= 0;
		}
	}
	assert_int_equal(taken, MAX_PER_SITE);
	assert_int_equal(rate_check(t, net), RATE_ADDRESS);
	net_of(net, "2001:db8:2::1");
	assert_true(rate_enter(t, net, NOW) >= 0);
	for (int i = 0; i < 2 * MAX_PER_SITE; i++) { /* IPv4 has no such sites */
		snprintf(text, sizeof(text), "192.0.%d.%d", i / 256, i % 256);
		net_of(net, text);
		assert_true(rate_enter(t, net, NOW) >= 0);
	}
}

static void
one_address_gets_its_share_and_others_theirs(void **state)
{
	struct rate_table *t = *state;
	uint8_t greedy[NET_BYTES], other[NET_BYTES];
	int place = 0;

	net_of(greedy, "192.0.2.1");
	net_of(other, "192.0.2.2");
	for (int i = 0; i < MAX_PER_ADDRESS; i++) {
		place = rate_enter(t, greedy, NOW);
		assert_true(place >= 0);
	}
	assert_int_equal(rate_check(t, greedy), RATE_ADDRESS);
	assert_int_equal(rate_enter(t, greedy, NOW), RATE_ADDRESS);
	assert_true(rate_enter(t, other, NOW) >= 0);
	rate_leave(t, place);
	assert_int_equal(rate_enter(t, greedy, NOW), place);
}

static void
all_addresses_together_have_a_limit(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES];
	int last = -1;

	for (unsigned n = 0; n < MAX_CONNECTIONS; n++) {
		net_number(net, n);
		last = rate_enter(t, net, NOW);
		assert_true(last >= 0);
	}
	net_number(net, MAX_CONNECTIONS);
	assert_int_equal(rate_enter(t, net, NOW), RATE_ALL);
	rate_leave(t, last);
	assert_true(rate_enter(t, net, NOW) >= 0);
}

static void
reconnecting_does_not_refill_the_join_attempts(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES];

	net_of(net, "192.0.2.1");
	for (int i = 0; i < JOINS_BURST; i++) {
		int place = rate_enter(t, net, NOW);

		assert_true(rate_join(t, place, NOW));
		rate_leave(t, place);
	}
	assert_false(rate_join(t, rate_enter(t, net, NOW), NOW));
}

static void
a_full_table_forgets_the_address_with_least_to_remember(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES], busy[NET_BYTES];

	net_number(busy, MAX_ADDRESSES + 1);
	int place = rate_enter(t, busy, NOW);

	for (int i = 0; i < JOINS_BURST; i++) {
		assert_true(rate_join(t, place, NOW));
	}
	rate_leave(t, place);
	for (unsigned n = 0; n < MAX_ADDRESSES + 16; n++) {
		net_number(net, n);
		place = rate_enter(t, net, NOW);
		assert_true(place >= 0);
		rate_leave(t, place);
	}
	assert_int_equal(t->connections, 0);
	assert_false(rate_join(t, rate_enter(t, busy, NOW), NOW));
}

/* Is `net` anywhere in the table's memory? */
static bool
remembered(const struct rate_table *t, const uint8_t net[NET_BYTES])
{
	return memmem(t, sizeof(*t), net, NET_BYTES) != NULL;
}

static void
an_address_is_erased_a_minute_after_its_last_attempt(void **state)
{
	struct rate_table *t = *state;
	uint8_t stays[NET_BYTES], quiet[NET_BYTES], busy[NET_BYTES];
	uint64_t last = NOW + 5000;
	int place;

	net_of(stays, "192.0.2.1");
	net_of(quiet, "2001:db8:1:2::1");
	net_of(busy, "192.0.2.3");
	assert_true(rate_enter(t, stays, NOW) >= 0);
	rate_leave(t, rate_enter(t, quiet, NOW));
	place = rate_enter(t, busy, NOW);
	for (int i = 0; i < JOINS_BURST; i++) {
		assert_true(rate_join(t, place, last));
	}
	assert_true(remembered(t, quiet));
	rate_forget(t, last);
	assert_false(remembered(t, quiet));
	assert_true(remembered(t, stays));
	rate_leave(t, place);
	rate_forget(t, last + REMEMBER_MS - 1);
	assert_true(remembered(t, busy));
	rate_forget(t, last + REMEMBER_MS);
	assert_false(remembered(t, busy));
	assert_true(remembered(t, stays));
	assert_int_equal(REMEMBER_MS, 60000);
}

/* As gateway/address.c does it each second. */
static void
looking_ahead_gives_no_address_more_joins(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES];
	unsigned joins = 0, hour = 3600;
	int place;

	net_number(net, 1);
	place = rate_enter(t, net, NOW);
	for (uint64_t ms = 0; ms < hour * 1000; ms += 500) {
		joins += rate_join(t, place, NOW + ms);
		if (ms % 1000 == 0) {
			rate_forget(t, NOW + ms + 1000);
		}
	}
	assert_in_range(joins, hour * 1000 / JOINS_EVERY_MS, hour * 1000 / JOINS_EVERY_MS + JOINS_BURST);
}

static void
places_of_forgotten_addresses_are_used_again_and_no_others(void **state)
{
	struct rate_table *t = *state;
	uint8_t net[NET_BYTES], loopback[NET_BYTES];
	int first, second, third;

	net_number(net, 1);
	first = rate_enter(t, net, NOW);
	net_of(loopback, "::1"); /* its first half is zero, as a free entry is */
	second = rate_enter(t, loopback, NOW);
	rate_leave(t, first);
	rate_forget(t, NOW);
	assert_int_equal(rate_enter(t, loopback, NOW), second);
	net_number(net, 2);
	third = rate_enter(t, net, NOW);
	assert_int_equal(third, first);
	rate_leave(t, second);
	rate_leave(t, second);
	rate_leave(t, third);
	rate_forget(t, NOW);
	assert_int_equal(t->used, 0);
	assert_int_equal(t->connections, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_holds_its_burst_and_not_one_more),
		cmocka_unit_test(a_refused_attempt_costs_nothing),
		cmocka_unit_test(a_bucket_is_full_after_a_long_rest_and_never_fuller),
		cmocka_unit_test(a_clock_that_falls_back_gives_nothing_away),
		cmocka_unit_test(ipv6_counts_by_its_first_half_and_ipv4_whole),
		cmocka_unit_test_setup_teardown(a_customer_with_many_ipv6_networks_cannot_fill_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(one_address_gets_its_share_and_others_theirs, setup,
						teardown),
		cmocka_unit_test_setup_teardown(all_addresses_together_have_a_limit, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reconnecting_does_not_refill_the_join_attempts,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_full_table_forgets_the_address_with_least_to_remember, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_is_erased_a_minute_after_its_last_attempt,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			places_of_forgotten_addresses_are_used_again_and_no_others, setup, teardown),
		cmocka_unit_test_setup_teardown(
			looking_ahead_gives_no_address_more_joins, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

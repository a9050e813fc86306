/* The plugin's table of live clients (broker-conf/records.h), with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker-conf/records.h"

/* Token number n of session `sid`. */
static struct token
token_of(unsigned n, uint8_t sid)
{
	struct token t = {.role = ROLE_AGENT};

	snprintf(t.client, sizeof(t.client), "%032x", n);
	memset(t.sid, sid, SID_LEN);
	return t;
}

static struct record *
put(struct records *rs, unsigned n, uint8_t sid, const void *context, uint64_t due)
{
	struct token t = token_of(n, sid);

	return records_put(rs, &t, context, due);
}

static struct record *
find(const struct records *rs, unsigned n)
{
	struct token t = token_of(n, 0);

	return records_find(rs, t.client);
}

static void
a_stranger_s_id_finds_nothing_whatever_its_length(void **state)
{
	struct records rs;
	char longer[CLIENT_TEXT + 2];

	(void)state;
	assert_int_equal(records_init(&rs, 4), 0);
	put(&rs, 1, 1, &rs, 10);
	snprintf(longer, sizeof(longer), "%032x0", 1);
	assert_null(records_find(&rs, NULL));
	assert_null(records_find(&rs, ""));
	assert_null(records_find(&rs, longer));
	longer[CLIENT_TEXT - 1] = '\0';
	assert_null(records_find(&rs, longer));
	assert_non_null(find(&rs, 1));
	assert_null(find(&rs, 2));
	records_finish(&rs);
}

static void
a_full_table_refuses_but_still_lets_an_id_be_taken_over(void **state)
{
	struct records rs;
	int old, fresh;

	(void)state;
	assert_int_equal(records_init(&rs, 2), 0);
	assert_non_null(put(&rs, 1, 1, &old, 10));
	assert_non_null(put(&rs, 2, 1, &old, 10));
	assert_null(put(&rs, 3, 1, &old, 10));
	assert_null(find(&rs, 3));
	assert_non_null(put(&rs, 2, 9, &fresh, 20));
	assert_ptr_equal(find(&rs, 2)->context, &fresh);
	assert_int_equal(rs.count, 2);
	records_finish(&rs);
}

static void
a_takeover_survives_the_farewell_of_the_old_connection(void **state)
{
	struct records rs;
	int old, fresh;
	struct token t = token_of(1, 1);

	(void)state;
	assert_int_equal(records_init(&rs, 4), 0);
	put(&rs, 1, 1, &old, 10);
	put(&rs, 1, 1, &fresh, 10);
	records_leave(&rs, t.client, &old);
	records_leave(&rs, NULL, &fresh);
	assert_int_equal(find(&rs, 1)->why, WHY_NONE);
	records_leave(&rs, t.client, &fresh);
	assert_int_equal(find(&rs, 1)->why, WHY_LEFT);
	assert_null(find(&rs, 1)->context);
	records_finish(&rs);
}

static void
records_come_due_in_order_and_never_early(void **state)
{
	enum { N = 500 };
	struct records rs;
	uint64_t last = 0;
	unsigned seen = 0;

	(void)state;
	assert_int_equal(records_init(&rs, N), 0);
	srand(1);
	for (unsigned i = 0; i < N; i++) {
		assert_non_null(put(&rs, i, (uint8_t)i, &rs, 1 + (uint64_t)rand() % 1000));
	}
	/* A third leave from the middle of the heap. */
	for (unsigned i = 0; i < N; i += 3) {
		records_remove(&rs, find(&rs, i));
	}
	for (uint64_t now = 0; now <= 1000; now++) {
		struct record *r;

		while ((r = records_due(&rs, now)) != NULL) {
			assert_int_equal(r->due, now);
			assert_true(r->due >= last);
			assert_int_equal(r->why, WHY_EXPIRED);
			last = r->due;
			seen++;
			records_remove(&rs, r);
		}
	}
	assert_int_equal(seen, N - (N + 2) / 3);
	assert_int_equal(rs.count, 0);
	records_finish(&rs);
}

static void
a_revocation_ends_every_client_of_that_session_and_no_other(void **state)
{
	struct records rs;
	uint8_t sid[SID_LEN];
	unsigned cut = 0;
	struct record *r;

	(void)state;
	assert_int_equal(records_init(&rs, 64), 0);
	for (unsigned i = 0; i < 30; i++) {
		put(&rs, i, (uint8_t)(i % 3), &rs, 1000);
	}
	memset(sid, 1, SID_LEN);
	records_revoke(&rs, sid);
	while ((r = records_due(&rs, 0)) != NULL) {
		assert_int_equal(r->token.sid[0], 1);
		assert_int_equal(r->why, WHY_REVOKED);
		records_remove(&rs, r);
		cut++;
	}
	assert_int_equal(cut, 10);
	assert_int_equal(rs.count, 20);
	records_finish(&rs);
}

static void
a_service_is_not_ended_by_a_revocation_of_the_zero_sid(void **state)
{
	struct records rs;
	struct token t = token_of(7, 0);
	uint8_t zero[SID_LEN] = {0};

	(void)state;
	assert_int_equal(records_init(&rs, 4), 0);
	t.role = ROLE_KEYSVC;
	records_put(&rs, &t, &rs, 1000);
	records_revoke(&rs, zero);
	assert_null(records_due(&rs, 999));
	records_finish(&rs);
}

static void
leaving_does_not_hide_that_a_client_was_revoked(void **state)
{
	struct records rs;
	struct token t = token_of(1, 1);

	(void)state;
	assert_int_equal(records_init(&rs, 4), 0);
	put(&rs, 1, 1, &rs, 1000);
	records_revoke(&rs, t.sid);
	records_leave(&rs, t.client, &rs);
	assert_int_equal(find(&rs, 1)->why, WHY_REVOKED);
	put(&rs, 1, 1, &rs, 1000);
	records_leave(&rs, t.client, &rs);
	records_revoke(&rs, t.sid);
	assert_int_equal(find(&rs, 1)->why, WHY_REVOKED);
	records_finish(&rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_s_id_finds_nothing_whatever_its_length),
		cmocka_unit_test(a_full_table_refuses_but_still_lets_an_id_be_taken_over),
		cmocka_unit_test(a_takeover_survives_the_farewell_of_the_old_connection),
		cmocka_unit_test(records_come_due_in_order_and_never_early),
		cmocka_unit_test(a_revocation_ends_every_client_of_that_session_and_no_other),
		cmocka_unit_test(a_service_is_not_ended_by_a_revocation_of_the_zero_sid),
		cmocka_unit_test(leaving_does_not_hide_that_a_client_was_revoked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

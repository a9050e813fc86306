/*
 * When the guard takes a gap in its own loop, or a jump of the clock, for a stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/guard/clocks.h"

#define NOW 100000

/* The clock was set by `moved` ms, `gap` ms after the last turn. */
static bool
broke(uint64_t gap, int64_t moved)
{
	int64_t offset = 1700000000000;

	return clocks_broke(NOW - gap, NOW, &offset, offset + moved);
}

static void
a_turn_in_time_with_steady_clocks_is_nothing(void **state)
{
	(void)state;
	assert_false(broke(0, 0));
	assert_false(broke(10, 0));
	assert_false(broke(10, 40));
}

static void
standing_still_for_more_than_a_second_is_a_stop(void **state)
{
	(void)state;
	assert_false(broke(GAP_MS, 0));
	assert_true(broke(GAP_MS + 1, 0));
	assert_true(broke(NOW, 0));
}

static void
a_turn_before_the_last_one_is_a_stop(void **state)
{
	int64_t offset = 0;

	(void)state;
	assert_true(clocks_broke(NOW + 1, NOW, &offset, 0));
}

static void
a_clock_set_by_more_than_five_seconds_is_a_stop_either_way(void **state)
{
	(void)state;
	assert_false(broke(10, JUMP_MS));
	assert_false(broke(10, -JUMP_MS));
	assert_true(broke(10, JUMP_MS + 1));
	assert_true(broke(10, -JUMP_MS - 1));
	assert_true(broke(10, 4 * 3600 * 1000));
}

static void
many_small_steps_of_the_clock_add_up(void **state)
{
	int64_t offset = 0;

	(void)state;
	for (int64_t moved = 1000; moved <= JUMP_MS; moved += 1000) {
		assert_false(clocks_broke(NOW, NOW, &offset, moved));
	}
	assert_true(clocks_broke(NOW, NOW, &offset, JUMP_MS + 1000));
}

static void
a_jump_is_told_once(void **state)
{
	int64_t offset = 0;

	(void)state;
	assert_true(clocks_broke(NOW, NOW, &offset, 60000));
	assert_false(clocks_broke(NOW, NOW + 10, &offset, 60000));
	assert_true(clocks_broke(NOW + 10, NOW + 20, &offset, 0));
}

static void
the_ends_of_the_number_range_do_no_harm(void **state)
{
	int64_t offset = INT64_MIN;

	(void)state;
	assert_true(clocks_broke(NOW, NOW, &offset, INT64_MAX));
	assert_int_equal(offset, INT64_MAX);
	assert_true(clocks_broke(0, UINT64_MAX, &offset, INT64_MIN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_in_time_with_steady_clocks_is_nothing),
		cmocka_unit_test(standing_still_for_more_than_a_second_is_a_stop),
		cmocka_unit_test(a_turn_before_the_last_one_is_a_stop),
		cmocka_unit_test(a_clock_set_by_more_than_five_seconds_is_a_stop_either_way),
		cmocka_unit_test(many_small_steps_of_the_clock_add_up),
		cmocka_unit_test(a_jump_is_told_once),
		cmocka_unit_test(the_ends_of_the_number_range_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

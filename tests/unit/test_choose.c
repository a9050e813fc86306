/*
 * Which serial port is meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/choose.h"

static void
the_only_port_needs_no_question(void **state)
{
	(void)state;
	assert_int_equal(choose_pick(1, NULL), 0);
	assert_int_equal(choose_pick(0, NULL), -1);
	assert_int_equal(choose_pick(2, NULL), -1);
}

static void
the_typed_number_is_the_one_on_the_screen(void **state)
{
	(void)state;
	assert_int_equal(choose_pick(3, "1\n"), 0);
	assert_int_equal(choose_pick(3, " 3 \n"), 2);
	assert_int_equal(choose_pick(3, "2"), 1);
}

static void
anything_else_chooses_nothing(void **state)
{
	static const char *const lines[] = {"",
					    "\n",
					    "0\n",
					    "4\n",
					    "-1\n",
					    "1x\n",
					    "x1",
					    "1 2\n",
					    "1.5",
					    "4294967297\n",
					    "99999999999999999999\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(choose_pick(3, lines[i]), -1);
	}
}

static void
a_named_port_is_found_by_its_whole_path(void **state)
{
	static const struct port ports[] = {{.path = "/dev/ttyUSB1", .serial = "FT1"},
					    {.path = "/dev/ttyUSB0", .serial = "FT0"}};

	(void)state;
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB0"), 1);
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB"), -1);
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB11"), -1);
	assert_int_equal(choose_known(ports, -1, "/dev/ttyUSB1"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_only_port_needs_no_question),
		cmocka_unit_test(the_typed_number_is_the_one_on_the_screen),
		cmocka_unit_test(anything_else_chooses_nothing),
		cmocka_unit_test(a_named_port_is_found_by_its_whole_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The simulated box against the replies and side effects that users have measured on real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/sim/model.h"

/* Sends commands separated by spaces; returns the last reply. */
static const char *
talk(struct sim_model *m, const char *commands)
{
	static char reply[SIM_REPLY];

	for (;;) {
		size_t len = strcspn(commands, " ");

		sim_model_command(m, commands, len, reply);
		if (commands[len] == '\0') {
			return reply;
		}
		commands += len + 1;
	}
}

static struct sim_model
box(const char *version)
{
	struct sim_model m;

	sim_model_init(&m, sim_firmware_find(version));
	return m;
}

static void
every_reply_seen_on_a_real_box_can_be_had(void **state)
{
	static const struct {
		const char *version;
		uint32_t battery;
		const char *commands, *reply;
	} seen[] = {
		{"2.106", 540, "", "540:0:0:100:100:0:L:0:2.106\n"},
		{"2.106", 541, "M2 A20 C20 D20", "541:40:0:40:40:2:L:0:2.106\n"},
		{"2.106", 546, "A20 B20", "546:40:40:100:100:0:L:0:2.106\n"},
		{"2.106", 746, "M5 A2 B15 C80", "746:4:30:160:100:5:L:0:2.106\n"},
		{"2.106", 666, "A100 B50 C75 D25", "666:200:100:150:50:0:L:0:2.106\n"},
		{"2.106", 666, "A100 B50 C75 D25 H", "666:0:0:150:50:0:H:0:2.106\n"},
		{"2.106", 666, "A100 B50 C75 D25 H L", "666:0:0:100:100:0:L:0:2.106\n"},
		{"2.106", 666, "M5 H A9 E", "666:0:0:100:100:0:L:0:2.106\n"},
		{"2.105", 512, "M1 A45 B10 C25 D75", "512:90:20:50:150:1:L:0:2.105\n"},
		{"2.105", 502, "A20 B80 C40 D60", "502:40:160:80:120:0:L:0:2.105\n"},
		{"2.116B", 32772, "", "32772:0:0:100:100:0:L:0:2.116B\n"},
		{"2.118B", 49664, "", "49664:0:0:100:100:0:L:0:0:2.118B\n"},
		{"2.119B", 344, "M15 A5 B6 C60 D58", "344:10:12:120:116:15:L:0:0:0:2.119B\n"},
		{"2.120B", 344, "M15 A5 B6 C60 D58", "344:10:12:120:116:15:L:0:0:0:0:0:2.120B\n"},
		{"2.131B", 762, "M3 H A9 W2 E", "762:0:0:100:100:0:L:0:0:0:0:0:2.131B\n"},
		{"2.120B", 344, "M15 Y A5 B6 C60 D58 Q3 J1 O2 W5 R3",
		 "344:10:12:120:116:15:D:3:1:2:5:3:2.120B\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct sim_model m = box(seen[i].version);

		m.battery = seen[i].battery;
		assert_string_equal(talk(&m, seen[i].commands), seen[i].reply);
	}
}

static void
a_new_box_prints_a_battery_seen_with_its_firmware(void **state)
{
	struct sim_model m = box("2.118B");

	(void)state;
	assert_string_equal(talk(&m, ""), "49664:0:0:100:100:0:L:0:0:2.118B\n");
}

static void
power_low_is_a_full_reset_on_nine_fields_only(void **state)
{
	struct sim_model old = box("2.106"), new = box("2.131B");

	(void)state;
	assert_string_equal(talk(&old, "M5 H C10 D20 A30 L"), "540:0:0:100:100:0:L:0:2.106\n");
	assert_string_equal(talk(&new, "M5 H C10 D20 A30 L"),
			    "762:0:0:20:40:5:L:0:0:0:0:0:2.131B\n");
}

static void
a_mode_change_zeroes_levels_and_resets_parameters_but_keeps_the_rest(void **state)
{
	struct sim_model m = box("2.120B");

	(void)state;
	assert_string_equal(talk(&m, "Y Q2 O1 W3 R1 C10 D20 A30 M7"),
			    "540:0:0:100:100:7:D:2:0:1:3:1:2.120B\n");
}

static void
kill_zeroes_the_levels_and_nothing_else(void **state)
{
	struct sim_model m = box("2.106");

	(void)state;
	assert_string_equal(talk(&m, "M9 H C10 D20 A30 B40 K"), "540:0:0:20:40:9:H:0:2.106\n");
}

static void
dynamic_power_zeroes_levels_and_bias(void **state)
{
	struct sim_model m = box("2.131B");

	(void)state;
	assert_string_equal(talk(&m, "Q2 A30 Y"), "762:0:0:100:100:0:D:0:0:0:0:0:2.131B\n");
}

static void
commands_that_a_firmware_lacks_change_nothing(void **state)
{
	struct sim_model old = box("2.106"), middle = box("2.119B");

	(void)state;
	assert_string_equal(talk(&old, "A10 A+ B+ Y J1 J U Q1 O1 W1 R1 Z V"),
			    "540:20:0:100:100:0:L:0:2.106\n");
	assert_false(old.fast);
	assert_string_equal(talk(&middle, "W1 R1 A+"), "540:2:0:100:100:0:L:0:0:0:2.119B\n");
}

static void
what_is_out_of_range_changes_nothing(void **state)
{
	static const char *const bad[] = {"A101", "B255", "C1",	 "C0", "D0",  "D101", "A-1",
					  "A4x",  "A",	  "M14", "M",  "M-1", "a50",  "K1",
					  "H9",	  "?",	  "A 5", "E0", "A+1"};
	struct sim_model m = box("2.106");

	(void)state;
	talk(&m, "M5 H A7 B8 C9 D10");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char reply[SIM_REPLY];

		sim_model_command(&m, bad[i], strlen(bad[i]), reply);
		assert_string_equal(reply, "540:14:16:18:20:5:H:0:2.106\n");
	}
}

static void
steps_stop_at_both_ends(void **state)
{
	struct sim_model m = box("2.120B");

	(void)state;
	assert_string_equal(talk(&m, "A- B100 B+ C2 C- D1 D-"),
			    "540:0:200:4:2:0:L:0:0:0:0:0:2.120B\n");
}

static void
mode_numbers_differ_by_firmware(void **state)
{
	struct sim_model old = box("2.106"), new = box("2.119B");

	(void)state;
	assert_int_equal(sim_model_mode_number(&old, "continuous"), 2);
	assert_int_equal(sim_model_mode_number(&new, "continuous"), 2);
	assert_int_equal(sim_model_mode_number(&old, "asplit"), 3);
	assert_int_equal(sim_model_mode_number(&new, "asplit"), 4);
	assert_int_equal(sim_model_mode_number(&old, "random"), 11);
	assert_int_equal(sim_model_mode_number(&new, "random"), 14);
	assert_int_equal(sim_model_mode_number(&old, "training"), 13);
	assert_int_equal(sim_model_mode_number(&new, "training"), 16);
	assert_int_equal(sim_model_mode_number(&old, "flo"), -1);
	assert_int_equal(sim_model_mode_number(&old, "nothing"), -1);
	assert_string_equal(talk(&new, "M16"), "540:0:0:100:100:16:L:0:0:0:2.119B\n");
	assert_string_equal(talk(&new, "M17"), "540:0:0:100:100:16:L:0:0:0:2.119B\n");
}

static void
line_feeds_of_other_senders_are_passed_over(void **state)
{
	struct sim_model m = box("2.106");
	char reply[SIM_REPLY];

	(void)state;
	sim_model_command(&m, "A40\n", 4, reply);
	assert_string_equal(reply, "540:80:0:100:100:0:L:0:2.106\n");
	sim_model_command(&m, "\nA50", 4, reply);
	assert_string_equal(reply, "540:100:0:100:100:0:L:0:2.106\n");
}

static void
a_line_that_begins_with_a_semicolon_is_not_answered(void **state)
{
	struct sim_model m = box("2.106");
	char reply[SIM_REPLY];

	(void)state;
	assert_int_equal(sim_model_command(&m, ";A40", 4, reply), 0);
	assert_int_equal(m.raw[SIM_A], 0);
}

static void
joined_channels_move_together(void **state)
{
	struct sim_model m = box("2.131B");

	(void)state;
	assert_string_equal(talk(&m, "J1 A30"), "762:60:60:100:100:0:L:0:1:0:0:0:2.131B\n");
	assert_string_equal(talk(&m, "J0 A10"), "762:20:60:100:100:0:L:0:0:0:0:0:2.131B\n");
}

static void
a_box_switched_off_gives_nothing_and_obeys_nothing(void **state)
{
	struct sim_model m = box("2.106");

	(void)state;
	talk(&m, "A30");
	sim_model_switch(&m, false);
	assert_string_equal(talk(&m, "A40"), "230:0:0:100:100:0:L:0:2.106\n");
	assert_int_equal(sim_model_output(&m, SIM_A), 0);
	sim_model_switch(&m, true);
	assert_string_equal(talk(&m, ""), "540:0:0:100:100:0:L:0:2.106\n");
}

static void
a_knob_makes_half_percents_and_never_more_than_all(void **state)
{
	struct sim_model m = box("2.106");

	(void)state;
	sim_model_turn(&m, SIM_A, 25);
	sim_model_turn(&m, SIM_B, 201);
	assert_string_equal(talk(&m, ""), "540:25:0:100:100:0:L:0:2.106\n");
}

static void
the_longest_status_line_fits(void **state)
{
	struct sim_model m = box("2.120B");
	char reply[SIM_REPLY];

	(void)state;
	talk(&m, "M16 Y A100 B100 C100 D100 Q3 J1 O2 W5 R3");
	m.battery = UINT32_MAX;
	m.mode = 255;
	assert_true(sim_model_status(&m, reply) < SIM_REPLY);
	assert_string_equal(reply, "4294967295:200:200:200:200:255:D:3:1:2:5:3:2.120B\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reply_seen_on_a_real_box_can_be_had),
		cmocka_unit_test(a_new_box_prints_a_battery_seen_with_its_firmware),
		cmocka_unit_test(power_low_is_a_full_reset_on_nine_fields_only),
		cmocka_unit_test(
			a_mode_change_zeroes_levels_and_resets_parameters_but_keeps_the_rest),
		cmocka_unit_test(kill_zeroes_the_levels_and_nothing_else),
		cmocka_unit_test(dynamic_power_zeroes_levels_and_bias),
		cmocka_unit_test(commands_that_a_firmware_lacks_change_nothing),
		cmocka_unit_test(what_is_out_of_range_changes_nothing),
		cmocka_unit_test(steps_stop_at_both_ends),
		cmocka_unit_test(mode_numbers_differ_by_firmware),
		cmocka_unit_test(line_feeds_of_other_senders_are_passed_over),
		cmocka_unit_test(a_line_that_begins_with_a_semicolon_is_not_answered),
		cmocka_unit_test(joined_channels_move_together),
		cmocka_unit_test(a_box_switched_off_gives_nothing_and_obeys_nothing),
		cmocka_unit_test(a_knob_makes_half_percents_and_never_more_than_all),
		cmocka_unit_test(the_longest_status_line_fits),
	};

	return cmocka_run_group_tests_name("sim_model", tests, NULL, NULL);
}

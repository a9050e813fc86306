/*
 * The questions of the first start, without a terminal and without a box: what each answer does,
 * what comes next, and that no way leads to a knob but through a confirmed zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/setup/dialog.h"

static struct dialog d;
static struct sight box;
static char said[DIALOG_TEXT];

static void
begin(bool host)
{
	struct options o;
	struct wish wish = {.setup = true, .host = host};

	values_default(&o);
	if (host) {
		assert_int_equal(values_set(&o, values_find("server"), "h"), 0);
	}
	box = (struct sight){.ok = false};
	dialog_begin(&d, &o, &wish);
}

static void
answer(const char *line)
{
	dialog_answer(&d, line, &box, said);
}

/* The box answers, at zero, with this power. */
static void
box_answers(uint8_t power)
{
	box = (struct sight){.ok = true, .zero = true, .power = power};
	for (int i = 0; i < 3; i++) {
		dialog_box(&d, &box);
	}
}

static void
at_the_knob(void)
{
	begin(true);
	dialog_reached(&d, NULL);
	box_answers(0);
	assert_int_equal(d.step, STEP_LEVEL);
}

static void
take(uint8_t level)
{
	assert_int_equal(d.step, STEP_LEVEL);
	box.level[d.channel] = level;
	answer("");
	assert_int_equal(d.step, STEP_TAKEN);
	answer("");
	box.level[0] = box.level[1] = 0;
}

static void
enter_alone_gives_the_safe_settings_and_the_levels_taken(void **state)
{
	struct options safe;

	(void)state;
	at_the_knob();
	take(23);
	assert_int_equal(d.step, STEP_ZERO);
	dialog_box(&d, &box);
	take(17);
	for (enum dialog_step s = STEP_HIGH; s <= STEP_WRITE; s++) {
		assert_int_equal(d.step, s);
		answer("");
	}
	assert_int_equal(d.step, STEP_DONE);
	assert_true(d.start);
	values_default(&safe);
	safe.settings.limits.cap[0][0] = 23;
	safe.settings.limits.cap[0][1] = 17;
	assert_true(settings_same(&d.o.settings, &safe.settings));
}

static void
a_server_is_asked_until_it_is_one(void **state)
{
	static const char *const bad[] = {"", "h:0", "https://h", "-h", "a b"};

	(void)state;
	begin(false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer(bad[i]);
		assert_int_equal(d.step, STEP_SERVER);
		assert_string_equal(said,
				    "That is no server's name. Expected is HOST, HOST:PORT or "
				    "[IPv6]:PORT.");
	}
	answer("queue.example:99");
	assert_int_equal(d.step, STEP_REACH);
	assert_string_equal(d.o.page, "https://queue.example/");
	dialog_reached(&d, "nothing answers");
	answer("2");
	assert_int_equal(d.step, STEP_SERVER);
	answer("other.example");
	assert_string_equal(d.o.page, "https://other.example/");
	assert_int_equal(d.o.port, 8883);
	dialog_reached(&d, "nothing answers");
	answer("");
	assert_int_equal(d.step, STEP_BOX);
}

static void
a_server_of_the_command_line_is_neither_asked_nor_doubted(void **state)
{
	(void)state;
	begin(true);
	assert_int_equal(d.step, STEP_REACH);
	dialog_reached(&d, "nothing answers");
	assert_int_equal(d.step, STEP_BOX);
}

static void
a_page_that_was_named_goes_with_its_server(void **state)
{
	static const struct {
		const char *before, *answer, *page;
		bool given; /* on the command line */
	} cases[] = {
		{"", "h", "https://x:8443/", true},
		{"", "h", "https://x:8443/", false},
		{"old", "", "https://x:8443/", false},
		{"old", "old:99", "https://x:8443/", false},
		{"old", "h", "https://h/", false},
		{"old", "h", "https://x:8443/", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(false);
		d.wish.page = cases[i].given;
		d.wish.ca = cases[i].given;
		(void)values_set(&d.begun, values_find("server"), cases[i].before);
		assert_int_equal(values_set(&d.begun, values_find("page"), "https://x:8443/"), 0);
		assert_int_equal(values_set(&d.begun, values_find("ca"), "/ca.pem"), 0);
		d.o = d.begun;
		answer(cases[i].answer);
		assert_int_equal(d.step, STEP_REACH);
		assert_string_equal(d.o.page, cases[i].page);
		/* So does the certificate file; that one is gone is said. */
		assert_string_equal(d.o.ca, strcmp(d.o.page, "https://h/") == 0 ? "" : "/ca.pem");
		assert_int_equal(*said == '\0', d.o.ca[0] != '\0');
	}
}

static void
a_server_that_was_mistyped_costs_nothing(void **state)
{
	(void)state;
	begin(false);
	assert_int_equal(values_set(&d.begun, values_find("server"), "old"), 0);
	assert_int_equal(values_set(&d.begun, values_find("page"), "https://x:8443/"), 0);
	assert_int_equal(values_set(&d.begun, values_find("ca"), "/ca.pem"), 0);
	d.o = d.begun;
	answer("odl");
	dialog_reached(&d, "its name is not known here");
	answer("2");
	answer("old");
	assert_int_equal(d.step, STEP_REACH);
	assert_string_equal(d.o.page, "https://x:8443/");
	assert_string_equal(d.o.ca, "/ca.pem");
}

static void
no_knob_without_a_confirmed_zero(void **state)
{
	(void)state;
	begin(true);
	dialog_reached(&d, NULL);
	box = (struct sight){.ok = true, .zero = false};
	for (int i = 0; i < 5; i++) {
		dialog_box(&d, &box);
		assert_int_equal(d.step, STEP_ZERO);
		answer("");
		answer("50");
		assert_int_equal(d.step, STEP_ZERO);
	}
	box.zero = true;
	dialog_box(&d, &box);
	assert_int_equal(d.step, STEP_LEVEL);
}

static void
once_more_goes_through_zero(void **state)
{
	(void)state;
	at_the_knob();
	box.level[0] = 60;
	answer("");
	answer("2");
	assert_int_equal(d.step, STEP_ZERO);
	assert_int_equal(d.channel, 0);
	assert_int_equal(d.o.settings.limits.cap[0][0], 0);
}

static void
a_cap_may_be_typed_kept_or_left_at_zero(void **state)
{
	static const char *const bad[] = {"101", "-1", "x", "4 4", "1e1", "0x10", "12%"};

	(void)state;
	at_the_knob();
	d.o.settings.limits.cap[0][0] = 44;
	d.o.settings.limits.cap[0][1] = 55;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer(bad[i]);
		assert_int_equal(d.step, STEP_LEVEL);
		assert_string_not_equal(said, "");
	}
	answer("k");
	assert_int_equal(d.o.settings.limits.cap[0][0], 44);
	dialog_box(&d, &box);
	answer("s");
	assert_int_equal(d.o.settings.limits.cap[0][1], 0);
	at_the_knob();
	answer("100");
	assert_int_equal(d.taken, 100);
	answer("");
	assert_int_equal(d.o.settings.limits.cap[0][0], 100);
}

static void
a_box_at_high_power_is_lowered_first_or_by_hand(void **state)
{
	(void)state;
	begin(true);
	dialog_reached(&d, NULL);
	box_answers(1);
	assert_int_equal(d.step, STEP_POWER);
	answer("2");
	assert_int_equal(d.step, STEP_POWER);
	answer("");
	assert_int_equal(d.step, STEP_LOWER);
	dialog_box(&d, &box);
	assert_int_equal(d.step, STEP_LOWER);
	box_answers(0);
	assert_int_equal(d.step, STEP_LEVEL);
	box.power = 1; /* by hand, at the knob */
	box.level[0] = 30;
	answer("");
	assert_int_equal(d.step, STEP_POWER);
	assert_int_equal(d.o.settings.limits.cap[0][0], 0);
}

static void
a_box_that_goes_away_is_waited_for_and_the_level_is_not_taken(void **state)
{
	(void)state;
	at_the_knob();
	box = (struct sight){.ok = false, .level = {70, 70}};
	answer("");
	assert_int_equal(d.step, STEP_LEVEL);
	dialog_box(&d, &box);
	assert_int_equal(d.step, STEP_BOX);
	answer("");
	assert_int_equal(d.step, STEP_BOX);
	box = (struct sight){.ok = true, .zero = false};
	dialog_box(&d, &box);
	dialog_box(&d, &box);
	assert_int_equal(d.step, STEP_ZERO);
}

static void
without_the_box_caps_are_typed_and_enter_keeps_them(void **state)
{
	char usual[VALUE_TEXT];

	(void)state;
	begin(true);
	dialog_reached(&d, NULL);
	d.o.settings.limits.cap[0][0] = 12;
	answer("s");
	assert_int_equal(d.step, STEP_LEVEL);
	dialog_default(&d, usual);
	assert_string_equal(usual, "12");
	answer("");
	assert_int_equal(d.o.settings.limits.cap[0][0], 12);
	dialog_box(&d, &box);
	answer("30");
	answer("1");
	assert_int_equal(d.o.settings.limits.cap[0][1], 30);
	assert_int_equal(d.step, STEP_HIGH);
}

static void
high_power_is_only_for_those_who_ask_and_ends_at_low(void **state)
{
	(void)state;
	at_the_knob();
	take(10);
	dialog_box(&d, &box);
	take(10);
	answer("2");
	box_answers(0);
	assert_int_equal(d.step, STEP_LEVEL);
	assert_int_equal(d.power, 1);
	box.level[0] = 9;
	answer("");
	assert_int_equal(d.step, STEP_LEVEL); /* still at low power */
	box_answers(1);
	take(4);
	box_answers(1);
	take(5);
	assert_int_equal(d.o.settings.limits.cap[1][0], 4);
	assert_int_equal(d.o.settings.limits.cap[1][1], 5);
	assert_int_equal(d.step, STEP_LOWER);
	box_answers(0);
	assert_int_equal(d.step, STEP_LOCK_POWER);
}

static void
a_box_that_comes_too_late_is_not_waited_for(void **state)
{
	(void)state;
	begin(true);
	dialog_reached(&d, NULL);
	answer("s");
	answer("10");
	answer("1");
	answer("10");
	answer("1");
	answer("2");
	box_answers(1); /* its menu was left, after s */
	answer("4");
	answer("1");
	answer("5");
	answer("1");
	assert_int_equal(d.o.settings.limits.cap[1][1], 5);
	assert_int_equal(d.step, STEP_LOCK_POWER);
}

static void
high_caps_of_before_are_kept_by_enter_and_cleared_by_no(void **state)
{
	(void)state;
	begin(true);
	d.o.settings.limits.cap[1][1] = 8;
	d.step = STEP_HIGH;
	answer("");
	assert_int_equal(d.o.settings.limits.cap[1][1], 8);
	d.step = STEP_HIGH;
	answer("1");
	assert_int_equal(d.o.settings.limits.cap[1][1], 0);
	d.step = STEP_HIGH;
	answer("3");
	assert_int_equal(d.step, STEP_HIGH);
}

static void
locks_and_asking_take_their_numbers_and_keep_what_there_was(void **state)
{
	(void)state;
	begin(true);
	d.step = STEP_LOCK_POWER;
	answer("2");
	answer("2");
	answer("2");
	assert_false(d.o.settings.limits.lock_power);
	assert_true(d.o.settings.limits.lock_mode);
	assert_false(d.o.settings.ask);
	d.step = STEP_LOCK_POWER;
	answer("");
	answer("");
	answer("");
	assert_false(d.o.settings.limits.lock_power);
	assert_true(d.o.settings.limits.lock_mode);
	assert_false(d.o.settings.ask);
	answer("2");
	assert_int_equal(d.step, STEP_DONE);
	assert_false(d.start);
}

static void
q_ends_every_question(void **state)
{
	(void)state;
	for (enum dialog_step s = STEP_SERVER; s < STEP_DONE; s++) {
		begin(true);
		d.step = s;
		answer("q");
		assert_int_equal(d.step, STEP_QUIT);
	}
}

static void
the_adapter_is_chosen_by_its_number(void **state)
{
	const struct port ports[] = {{.path = "/dev/ttyUSB0"}, {.path = "/dev/ttyUSB1"}};

	(void)state;
	begin(true);
	dialog_reached(&d, NULL);
	dialog_which(&d, ports, 2);
	answer("3");
	assert_string_equal(said, "Please type a number from 1 to 2.");
	answer("2");
	assert_int_equal(d.step, STEP_BOX);
	assert_string_equal(d.o.box, "/dev/ttyUSB1");
}

/* Whatever is typed, and whatever the box does: a cap is never above what was typed or taken. */
static void
no_way_through_sets_a_cap_that_nobody_chose(void **state)
{
	static const char *const lines[] = {"", "1", "2", "3", "s", "k", "40", "x", "0"};
	uint64_t x = 7;

	(void)state;
	for (int run = 0; run < 3000; run++) {
		begin(true);
		dialog_reached(&d, NULL);
		for (int i = 0; i < 60 && d.step < STEP_DONE; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			box = (struct sight){
				.ok = (x >> 60) != 0,
				.zero = (x >> 59 & 1) != 0,
				.level = {(uint8_t)(x >> 40) % 41, (uint8_t)(x >> 48) % 41},
				.power = x >> 58 & 1};
			dialog_box(&d, &box);
			answer(lines[(x >> 33) % 9]);
		}
		for (int p = 0; p < 4; p++) {
			assert_true(d.o.settings.limits.cap[p / 2][p % 2] <= 40);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enter_alone_gives_the_safe_settings_and_the_levels_taken),
		cmocka_unit_test(a_server_is_asked_until_it_is_one),
		cmocka_unit_test(a_server_of_the_command_line_is_neither_asked_nor_doubted),
		cmocka_unit_test(a_page_that_was_named_goes_with_its_server),
		cmocka_unit_test(a_server_that_was_mistyped_costs_nothing),
		cmocka_unit_test(no_knob_without_a_confirmed_zero),
		cmocka_unit_test(once_more_goes_through_zero),
		cmocka_unit_test(a_cap_may_be_typed_kept_or_left_at_zero),
		cmocka_unit_test(a_box_at_high_power_is_lowered_first_or_by_hand),
		cmocka_unit_test(a_box_that_goes_away_is_waited_for_and_the_level_is_not_taken),
		cmocka_unit_test(without_the_box_caps_are_typed_and_enter_keeps_them),
		cmocka_unit_test(high_power_is_only_for_those_who_ask_and_ends_at_low),
		cmocka_unit_test(a_box_that_comes_too_late_is_not_waited_for),
		cmocka_unit_test(high_caps_of_before_are_kept_by_enter_and_cleared_by_no),
		cmocka_unit_test(locks_and_asking_take_their_numbers_and_keep_what_there_was),
		cmocka_unit_test(q_ends_every_question),
		cmocka_unit_test(the_adapter_is_chosen_by_its_number),
		cmocka_unit_test(no_way_through_sets_a_cap_that_nobody_chose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

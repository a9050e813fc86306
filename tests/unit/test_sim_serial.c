/*
 * The simulated box's serial side: time on the line, the receive buffer, moods. No waiting: time is
 * an argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/sim/hand.h"

#define MS 1000000ull
#define START (5 * MS)

/* What the box said and did, and when it did so last. */
struct bench {
	struct sim_box box;
	char sent[1024], acted[256], lost[64];
	unsigned answers;
	uint64_t acted_at, first_at, sent_at;
};

static void
append(char *text, size_t cap, const char *bytes, size_t len)
{
	size_t used = strlen(text);

	assert_true(used + len < cap);
	memcpy(text + used, bytes, len);
	text[used + len] = '\0';
}

static void
on_command(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct bench *b = context;

	append(b->acted, sizeof(b->acted), bytes, len);
	b->acted_at = at;
}

static void
on_lost(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct bench *b = context;

	(void)at;
	append(b->lost, sizeof(b->lost), bytes, len);
}

static void
on_send(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct bench *b = context;

	if (b->sent[0] == '\0') {
		b->first_at = at;
	}
	append(b->sent, sizeof(b->sent), bytes, len);
	b->sent_at = at;
}

static void
on_answered(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct bench *b = context;

	(void)at;
	(void)bytes;
	(void)len;
	b->answers++;
}

static void
set_up(struct bench *b, const char *version)
{
	static const struct sim_events events = {on_command, on_lost, on_send, on_answered};

	memset(b, 0, sizeof(*b));
	sim_model_init(&b->box.model, sim_firmware_find(version));
	sim_serial_init(&b->box.serial, &b->box.model, 9600, &events, b);
	b->box.port.master = -1;
}

static void
hear(struct bench *b, const char *text, uint64_t at)
{
	assert_int_equal(sim_serial_hear(&b->box.serial, text, strlen(text), at), strlen(text));
}

static void
hand(struct bench *b, const char *text, uint64_t at)
{
	char line[SIM_HAND_LINE], why[640] = "";

	snprintf(line, sizeof(line), "%s", text);
	assert_int_equal(sim_hand(&b->box, line, at, why, sizeof(why)), 0);
}

static void
a_command_is_acted_on_when_its_last_byte_has_arrived(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hear(&b, "A40\r", START);
	sim_serial_run(&b.box.serial, START + 4 * 1041666 - 1);
	assert_int_equal(b.box.model.raw[SIM_A], 0);
	sim_serial_run(&b.box.serial, START + 4 * 1041666);
	assert_int_equal(b.box.model.raw[SIM_A], 80);
	assert_int_equal(b.acted_at, START + 4 * 1041666);
}

static void
a_status_line_takes_about_42_ms_from_the_command(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hear(&b, "A40\r", START);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_string_equal(b.sent, "540:80:0:100:100:0:L:0:2.106\n");
	assert_in_range(b.sent_at - START, 40 * MS, 44 * MS);
	/* the bytes come one after the other */
	assert_int_equal(b.sent_at - b.first_at, (strlen(b.sent) - 1) * 1041666);
	assert_int_equal(sim_serial_next(&b.box.serial), SIM_NEVER);
}

static void
five_characters_end_a_command_without_a_cr(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hear(&b, "A100\n\r", START);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_string_equal(b.acted, "A100\n\r");
	assert_int_equal(b.box.model.raw[SIM_A], 200);
	assert_int_equal(b.answers, 2); /* the CR that no longer fitted was a command of its own */
}

static void
what_arrives_while_it_answers_waits_its_turn(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hear(&b, "A40\rK\r", START);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_string_equal(b.acted, "A40\rK\r");
	assert_string_equal(b.sent, "540:80:0:100:100:0:L:0:2.106\n540:0:0:100:100:0:L:0:2.106\n");
}

static void
what_overruns_the_buffer_is_lost_in_silence_on_older_firmware(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hear(&b, "\rA10\rB20\r", START);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_string_equal(b.acted, "\rA10\r");
	assert_string_equal(b.lost, "20\r");
	assert_int_equal(b.answers, 2);
	/* and the rest spoils the next command */
	hear(&b, "K\r", START + 2000 * MS);
	sim_serial_run(&b.box.serial, START + 3000 * MS);
	assert_string_equal(b.acted, "\rA10\rBK\r");
	assert_int_equal(b.box.model.raw[SIM_A], 20);
}

static void
what_overruns_the_buffer_is_answered_err_on_newer_firmware(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.120B");
	hear(&b, "\rA10\rB20\r", START);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_string_equal(b.lost, "20\r");
	assert_int_equal(b.answers, 3);
	assert_string_equal(b.sent + strlen(b.sent) - 5, "\nERR\n");
	hear(&b, "K\r", START + 2000 * MS);
	sim_serial_run(&b.box.serial, START + 3000 * MS);
	assert_int_equal(b.box.model.raw[SIM_A], 0);
}

static void
an_open_menu_is_silent_and_then_answers_in_a_burst(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hand(&b, "menu open", START);
	hear(&b, "\r", START);
	hear(&b, "A9\r", START + 100 * MS);
	sim_serial_run(&b.box.serial, START + 500 * MS);
	assert_string_equal(b.acted, "");
	assert_string_equal(b.sent, "");
	hand(&b, "menu close", START + 500 * MS);
	sim_serial_run(&b.box.serial, START + 600 * MS);
	assert_string_equal(b.sent, "540:0:0:100:100:0:L:0:2.106\n540:18:0:100:100:0:L:0:2.106\n");
}

static void
a_mute_box_obeys_without_an_answer(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hand(&b, "mute 1", START);
	hear(&b, "A9\r", START);
	sim_serial_run(&b.box.serial, START + 500 * MS);
	assert_int_equal(b.box.model.raw[SIM_A], 18);
	assert_string_equal(b.sent, "");
	hear(&b, "\r", START + 500 * MS);
	sim_serial_run(&b.box.serial, START + 1000 * MS);
	assert_int_equal(b.answers, 1);
}

static void
a_late_box_answers_later_but_acts_at_once(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hand(&b, "late 300", START);
	hear(&b, "A9\r", START);
	sim_serial_run(&b.box.serial, START + 300 * MS);
	assert_int_equal(b.box.model.raw[SIM_A], 18);
	assert_string_equal(b.sent, "");
	sim_serial_run(&b.box.serial, START + 400 * MS);
	assert_int_equal(b.answers, 1);
	assert_in_range(b.sent_at - START, 338 * MS, 344 * MS);
}

static void
cut_extra_and_err_each_spoil_one_answer(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	hand(&b, "cut line", START);
	hear(&b, "\r", START);
	sim_serial_run(&b.box.serial, START + 100 * MS);
	assert_string_equal(b.sent, "540:0:0:100:10");
	hand(&b, "extra line", START + 100 * MS);
	sim_serial_run(&b.box.serial, START + 200 * MS);
	assert_string_equal(b.sent + 14, "540:0:0:100:100:0:L:0:2.106\n");
	hand(&b, "err", START + 200 * MS);
	hear(&b, "A9\r", START + 200 * MS);
	sim_serial_run(&b.box.serial, START + 300 * MS);
	assert_string_equal(b.sent + 14 + 28, "ERR\n");
	assert_int_equal(b.box.model.raw[SIM_A], 0);
}

static void
a_full_line_takes_no_more_bytes(void **state)
{
	static char flood[SIM_LINE + 100];
	struct bench b;

	(void)state;
	set_up(&b, "2.106");
	memset(flood, 'x', sizeof(flood));
	assert_int_equal(sim_serial_hear(&b.box.serial, flood, sizeof(flood), START), SIM_LINE);
	assert_int_equal(sim_serial_hear(&b.box.serial, "K", 1, START), 0);
}

static void
a_fast_box_answers_at_57600(void **state)
{
	struct bench b;

	(void)state;
	set_up(&b, "2.119B");
	hear(&b, "Z\r", START);
	sim_serial_run(&b.box.serial, START + 500 * MS);
	assert_int_equal(b.sent_at - b.first_at, (strlen(b.sent) - 1) * 173611);
}

static void
the_hand_turns_knobs_and_switches(void **state)
{
	struct bench b;
	const struct sim_model *m = &b.box.model;

	(void)state;
	set_up(&b, "2.106");
	hand(&b, "power high", START);
	hand(&b, "mode bsplit", START);
	hand(&b, "knob A 12.5", START);
	hand(&b, "knob D 7", START);
	hand(&b, "battery 320", START);
	hand(&b, "join on", START);
	hand(&b, "", START);
	assert_int_equal(m->power, 'H');
	assert_int_equal(m->mode, 4);
	assert_int_equal(m->raw[SIM_A], 25);
	assert_int_equal(m->raw[SIM_D], 14);
	assert_int_equal(m->battery, 320);
	assert_true(m->join);
	hand(&b, "mode 14", START); /* Microphone */
	assert_int_equal(m->mode, 14);
	hand(&b, "power off", START);
	assert_true(m->off);
}

static void
a_hand_that_is_not_understood_changes_nothing_and_says_what_is(void **state)
{
	static const char *const bad[] = {
		"jump",		"knob",	      "knob E 5",   "knob A",	     "knob A 101",
		"knob A 100.5", "knob A x",   "knob A 5.2", "mode",	     "mode flo",
		"mode 256",	"power",      "power warm", "power dynamic", "menu",
		"menu shut",	"join maybe", "battery",    "battery -1",    "late x",
		"late 9999999", "extra",      "cut",	    "mute",
	};
	struct bench b;
	struct sim_model before;

	(void)state;
	set_up(&b, "2.106");
	before = b.box.model;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[SIM_HAND_LINE], why[640] = "";

		snprintf(line, sizeof(line), "%s", bad[i]);
		assert_int_equal(sim_hand(&b.box, line, START, why, sizeof(why)), -1);
		assert_true(strlen(why) > 10);
		assert_int_equal(b.box.serial.extra + b.box.serial.cut + b.box.serial.mute, 0);
	}
	assert_memory_equal(&before, &b.box.model, sizeof(before));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_acted_on_when_its_last_byte_has_arrived),
		cmocka_unit_test(a_status_line_takes_about_42_ms_from_the_command),
		cmocka_unit_test(five_characters_end_a_command_without_a_cr),
		cmocka_unit_test(what_arrives_while_it_answers_waits_its_turn),
		cmocka_unit_test(what_overruns_the_buffer_is_lost_in_silence_on_older_firmware),
		cmocka_unit_test(what_overruns_the_buffer_is_answered_err_on_newer_firmware),
		cmocka_unit_test(an_open_menu_is_silent_and_then_answers_in_a_burst),
		cmocka_unit_test(a_mute_box_obeys_without_an_answer),
		cmocka_unit_test(a_late_box_answers_later_but_acts_at_once),
		cmocka_unit_test(cut_extra_and_err_each_spoil_one_answer),
		cmocka_unit_test(a_full_line_takes_no_more_bytes),
		cmocka_unit_test(a_fast_box_answers_at_57600),
		cmocka_unit_test(the_hand_turns_knobs_and_switches),
		cmocka_unit_test(a_hand_that_is_not_understood_changes_nothing_and_says_what_is),
	};

	return cmocka_run_group_tests_name("sim_serial", tests, NULL, NULL);
}

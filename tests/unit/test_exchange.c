/*
 * The conversation with the box, with a fake clock and a fake box that answers when the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/box/exchange.h"
#include "common/modes.h"

#define REPLY_MS 42
#define WRITES_MAX 512

/* A box of the facts, as far as the conversation needs it. */
struct fake_box {
	unsigned a, b, c, d, mode;
	char power;
	bool answers; /* else its menu is open: commands pile up in `pending` */
	unsigned battery;
	const char *version;
	unsigned err; /* so many replies are ERR, their commands not obeyed */
};

struct talk {
	struct exchange x;
	uint64_t now, start;
	bool beats;       /* the guard sends heartbeats */
	uint64_t beat_at;
	uint32_t seq, ordered; /* of frames; of the last that was no heartbeat */
	struct fake_box box;
	char pending[WRITES_MAX][CODEC_COMMAND]; /* written, not acted on */
	size_t pending_first, pending_last;
	uint64_t reply_at; /* 0 none */
	struct {
		char text[CODEC_COMMAND];
		uint64_t at; /* ms since the start */
	} wrote[WRITES_MAX];
	size_t writes;
	size_t seen; /* writes that the test has looked at */
};

static uint64_t
ms(const struct talk *t)
{
	return (t->now - t->start) / NS_MS;
}

static void
say(struct talk *t, const char *bytes)
{
	exchange_bytes(&t->x, bytes, strlen(bytes), t->now);
}

static void
box_says(struct talk *t)
{
	char line[CODEC_LINE];

	snprintf(line, sizeof(line), "%u:%u:%u:%u:%u:%u:%c:0:%s\n", t->box.battery, t->box.a, t->box.b,
		 t->box.c, t->box.d, t->box.mode, t->box.power, t->box.version);
	say(t, line);
}

static void
box_obeys(struct talk *t, const char *command)
{
	unsigned value = (unsigned)strtoul(command + 1, NULL, 10);

	switch (command[0]) {
	case 'A':
		t->box.a = 2 * value;
		break;
	case 'B':
		t->box.b = 2 * value;
		break;
	case 'C':
		t->box.c = 2 * value;
		break;
	case 'D':
		t->box.d = 2 * value;
		break;
	case 'M':
		t->box.mode = value;
		t->box.a = t->box.b = 0;
		break;
	case 'H':
	case 'L':
		t->box.power = command[0];
		t->box.a = t->box.b = 0;
		break;
	case 'K':
		t->box.a = t->box.b = 0;
		break;
	default:
		break;
	}
}

/* Acts on the oldest command and answers it. */
static void
box_turn(struct talk *t)
{
	if (t->pending_first == t->pending_last) {
		return;
	}
	if (t->box.err > 0) {
		t->box.err--;
		say(t, "ERR\n");
	} else {
		box_obeys(t, t->pending[t->pending_first]);
		box_says(t);
	}
	t->pending_first++;
	t->reply_at = t->pending_first < t->pending_last ? t->now + REPLY_MS * NS_MS : 0;
}

static void
write_due(struct talk *t)
{
	char out[CODEC_COMMAND];
	uint64_t wake;

	while (exchange_next(&t->x, out, t->now, &wake) > 0) {
		assert_true(t->writes < WRITES_MAX && t->pending_last < WRITES_MAX);
		strcpy(t->wrote[t->writes].text, out);
		t->wrote[t->writes++].at = ms(t);
		strcpy(t->pending[t->pending_last++], out);
		if (t->reply_at == 0) {
			t->reply_at = t->now + REPLY_MS * NS_MS;
		}
	}
	/* Who sleeps until `wake` misses nothing. */
	assert_true(wake > t->now);
}

static void
order_for(struct talk *t, uint8_t act, uint8_t value, uint64_t validity)
{
	struct box_order o = {.seq = ++t->seq, .act = act, .value = value,
			      .valid_until = t->now + validity};

	if (act != ACT_HEARTBEAT) {
		t->ordered = t->seq;
	}
	exchange_order(&t->x, &o, t->now);
}

static void
order(struct talk *t, uint8_t act, uint8_t value)
{
	order_for(t, act, value, MAX_VALIDITY);
	write_due(t);
}

static void
pass(struct talk *t, unsigned for_ms)
{
	for (unsigned i = 0; i < for_ms; i++) {
		t->now += NS_MS;
		if (t->beats && t->now >= t->beat_at) {
			t->beat_at = t->now + 250 * NS_MS;
			order_for(t, ACT_HEARTBEAT, 0, MAX_VALIDITY);
		}
		if (t->box.answers && t->reply_at != 0 && t->now >= t->reply_at) {
			box_turn(t);
		}
		write_due(t);
	}
}

/* The next write that the test has not looked at: its text, or "" when there is none. */
static const char *
next_write(struct talk *t)
{
	return t->seen < t->writes ? t->wrote[t->seen++].text : "";
}

static bool
wrote(const struct talk *t, const char *text)
{
	for (size_t i = t->seen; i < t->writes; i++) {
		if (strcmp(t->wrote[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

static bool
wrote_other_than_kill(const struct talk *t)
{
	for (size_t i = t->seen; i < t->writes; i++) {
		if (strcmp(t->wrote[i].text, "K\r") != 0) {
			return true;
		}
	}
	return false;
}

static void
look_from_here(struct talk *t)
{
	t->seen = t->writes;
}

static struct box_report
report(const struct talk *t)
{
	struct box_report r;

	exchange_report(&t->x, &r);
	return r;
}

static void
begin(struct talk *t)
{
	memset(t, 0, sizeof(*t));
	t->start = t->now = 5000 * NS_MS;
	t->beats = true;
	t->box = (struct fake_box){.c = 100, .d = 100, .power = 'L', .answers = true,
				   .battery = 540, .version = "2.106"};
	exchange_init(&t->x, t->now);
}

/* Until the next order will be written at once, and the next poll is 165 ms away. */
static void
settle(struct talk *t)
{
	while (t->x.flight != FLIGHT_NONE || t->now - t->x.last_byte != 40 * NS_MS) {
		pass(t, 1);
	}
	look_from_here(t);
}

/* Started, zero confirmed, ready, and nothing in flight. */
static void
begin_ready(struct talk *t)
{
	begin(t);
	t->x.poll_every = POLL_IDLE;
	pass(t, 1000);
	assert_false(t->x.killing);
	settle(t);
}

/* Ready, with A at `percent`. */
static void
begin_at(struct talk *t, uint8_t percent)
{
	begin_ready(t);
	order(t, ACT_LEVEL_A, percent);
	settle(t);
	assert_int_equal(report(t).done, t->ordered);
	assert_int_equal(report(t).a, 2 * percent);
}

/* ---- from the start ------------------------------------------------------------------------ */

static void
it_begins_with_k_and_obeys_nothing_until_zero_is_confirmed(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	t.box.a = 60;
	t.box.answers = false;
	for (int i = 0; i < 20; i++) {
		order(&t, ACT_LEVEL_A, 10);
		pass(&t, 100);
	}
	assert_string_equal(t.wrote[0].text, "K\r");
	assert_int_equal(t.wrote[0].at, 0);
	assert_false(wrote_other_than_kill(&t));
	assert_false(report(&t).zero);
	t.box.answers = true;
	pass(&t, 3000);
	assert_true(report(&t).zero);
	assert_false(wrote(&t, "A10\r")); /* dropped, not kept for later */
	order(&t, ACT_LEVEL_A, 11);
	pass(&t, 200);
	assert_true(wrote(&t, "A11\r"));
}

static void
it_is_starting_then_silent_while_no_reply_ever_came(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	t.box.answers = false;
	pass(&t, 490);
	assert_int_equal(report(&t).port, PORT_STARTING);
	pass(&t, 20);
	assert_int_equal(report(&t).port, PORT_SILENT);
	assert_int_equal(report(&t).fields, 0);
	assert_int_equal(report(&t).percent, 255);
	assert_int_equal(report(&t).modes, 0);
}

static void
without_heartbeats_it_writes_nothing_but_k(void **state)
{
	struct talk t;

	(void)state;
	begin(&t);
	t.beats = false;
	pass(&t, 5000);
	assert_false(wrote_other_than_kill(&t));
	assert_true(report(&t).zero);
	assert_in_range(t.writes, 20, 26); /* four a second once confirmed */
}

/* ---- kill ---------------------------------------------------------------------------------- */

static void
a_kill_is_written_at_once_and_again_after_60_and_120_ms(void **state)
{
	struct talk t;
	uint64_t began;

	(void)state;
	begin_at(&t, 40);
	began = ms(&t);
	order(&t, ACT_KILL, 0);
	pass(&t, 130);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(t.wrote[t.seen].at, began + 60 * i);
		assert_string_equal(next_write(&t), "K\r");
	}
}

static void
a_kill_does_not_wait_for_a_reply_in_flight(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	order(&t, ACT_LEVEL_A, 40);
	assert_string_equal(next_write(&t), "A40\r");
	order(&t, ACT_KILL, 0);
	assert_string_equal(next_write(&t), "K\r");
}

static void
a_kill_empties_the_mailbox(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	order(&t, ACT_LEVEL_A, 40); /* in flight */
	order(&t, ACT_LEVEL_B, 50); /* waits */
	order(&t, ACT_KILL, 0);
	pass(&t, 3000);
	assert_false(wrote(&t, "B50\r"));
	assert_true(report(&t).zero);
	assert_int_equal(report(&t).done, t.ordered);
}

static void
a_kill_is_repeated_every_250_ms_while_nobody_answers(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	pass(&t, 20);
	t.box.answers = false;
	look_from_here(&t);
	order(&t, ACT_KILL, 0);
	pass(&t, 10000);
	assert_false(wrote_other_than_kill(&t));
	for (size_t i = t.seen + 3; i < t.writes; i++) {
		assert_int_equal(t.wrote[i].at - t.wrote[i - 1].at, 250);
	}
	assert_true(t.writes - t.seen >= 40);
	assert_false(report(&t).zero);
	assert_int_equal(report(&t).port, PORT_SILENT);
}

static void
zero_is_confirmed_by_two_replies_to_ks_that_were_written_into_silence(void **state)
{
	struct talk t;
	uint64_t began;

	(void)state;
	begin_at(&t, 40);
	pass(&t, 20);
	look_from_here(&t);
	began = ms(&t);
	order(&t, ACT_KILL, 0);
	while (!report(&t).zero) {
		pass(&t, 1);
	}
	/* 0, 60 and 120 have replies up to 162; then two K's, each 60 ms after the last byte. */
	assert_int_equal(t.writes - t.seen, 5);
	assert_in_range(ms(&t) - began, 120 + 3 * REPLY_MS + 2 * 60, 120 + 3 * REPLY_MS + 2 * 60 + 2);
	assert_true(report(&t).done < t.ordered);
	pass(&t, 61);
	assert_int_equal(report(&t).done, t.ordered);
	assert_false(t.x.killing);
}

static void
a_reply_that_is_not_zero_starts_the_confirmation_anew(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	pass(&t, 20);
	t.box.answers = false;
	order(&t, ACT_KILL, 0);
	pass(&t, 1000);
	t.pending_first = t.pending_last;
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	pass(&t, 61);
	say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	pass(&t, 61);
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	pass(&t, 1);
	assert_false(report(&t).zero);
	pass(&t, 60);
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	assert_true(report(&t).zero);
}

/* The menu was open while polls and an order were written; when it closes, old answers come in a
 * burst, the first of which say zero though the box is at 40 percent in between. */
static void
a_burst_of_old_replies_confirms_nothing(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.answers = false;
	pass(&t, 2000);
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	pass(&t, 10);
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	pass(&t, 10);
	say(&t, "540:0:0:100:100:0:L:0:2.106\n");
	pass(&t, 10);
	say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	assert_false(report(&t).zero);
	assert_int_equal(report(&t).a, 80); /* the newest line is what is shown */
	t.pending_first = t.pending_last;
	t.reply_at = 0;
	t.box.answers = true;
	pass(&t, 59);
	assert_false(report(&t).zero);
	pass(&t, 1000);
	assert_true(report(&t).zero);
}

static void
a_real_menu_that_closes_ends_in_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.answers = false;
	pass(&t, 100);
	order(&t, ACT_LEVEL_A, 60);
	pass(&t, 3000);
	assert_int_equal(report(&t).port, PORT_SILENT);
	assert_false(report(&t).zero);
	t.box.answers = true;
	pass(&t, 3000);
	assert_int_equal(report(&t).port, PORT_OK);
	assert_true(report(&t).zero);
	assert_int_equal(t.box.a, 0);
	assert_false(t.x.killing);
}

static void
err_and_broken_lines_confirm_nothing(void **state)
{
	static const char *const lines[] = {"ERR\n", "540:0:0:100\n", "garbage\n"};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin_at(&t, 40);
		pass(&t, 20);
		t.box.answers = false;
		order(&t, ACT_KILL, 0);
		for (int n = 0; n < 20; n++) {
			pass(&t, 70);
			say(&t, lines[i]);
		}
		assert_false(report(&t).zero);
		assert_false(wrote_other_than_kill(&t));
	}
}

static void
an_order_right_after_the_confirmation_waits_for_the_quiet_behind_it(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_KILL, 0);
	while (!report(&t).zero) {
		pass(&t, 1);
	}
	look_from_here(&t);
	order(&t, ACT_LEVEL_A, 7);
	assert_string_equal(next_write(&t), "");
	pass(&t, 60);
	assert_string_equal(next_write(&t), "A7\r");
}

static void
an_order_right_after_a_confirmation_that_proves_wrong_is_dropped(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_KILL, 0);
	while (!report(&t).zero) {
		pass(&t, 1);
	}
	order(&t, ACT_LEVEL_A, 7);
	say(&t, "540:80:0:100:100:0:L:0:2.106\n");
	assert_false(report(&t).zero);
	pass(&t, 1000);
	assert_true(report(&t).zero);
	assert_false(wrote(&t, "A7\r"));
}

static void
a_second_kill_during_the_first_is_done_with_it(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	order(&t, ACT_KILL, 0);
	pass(&t, 50);
	order(&t, ACT_KILL, 0);
	pass(&t, 600);
	assert_int_equal(report(&t).done, t.ordered);
	assert_true(report(&t).zero);
}

static void
the_wearers_hand_on_the_knob_ends_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	assert_true(report(&t).zero);
	t.box.b = 3;
	pass(&t, 300);
	assert_false(report(&t).zero);
	assert_int_equal(report(&t).b, 3);
	t.box.b = 0;
	pass(&t, 300);
	assert_false(report(&t).zero); /* nobody wrote K since */
}

/* ---- validity ------------------------------------------------------------------------------ */

static void
when_heartbeats_stop_k_is_written_within_their_validity(void **state)
{
	struct talk t;
	uint64_t stopped;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	stopped = ms(&t);
	pass(&t, 1300);
	assert_int_equal(t.box.a, 0);
	while (strcmp(next_write(&t), "K\r") != 0) {
	}
	assert_in_range(t.wrote[t.seen - 1].at, stopped + 700, stopped + 1000);
	assert_false(wrote_other_than_kill(&t));
}

static void
an_order_that_expired_while_it_waited_becomes_k(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_PARAM_C, 60); /* in flight for 42 ms, then 30 ms of quiet */
	order_for(&t, ACT_LEVEL_A, 41, 71 * NS_MS);
	pass(&t, 150);
	assert_false(wrote(&t, "A41\r"));
	assert_true(wrote(&t, "K\r"));
	assert_int_equal(t.box.a, 0);
}

static void
an_order_that_is_valid_for_long_enough_is_written(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_PARAM_C, 60);
	order_for(&t, ACT_LEVEL_A, 41, 80 * NS_MS);
	pass(&t, 100);
	assert_true(wrote(&t, "A41\r"));
	assert_false(wrote(&t, "K\r"));
}

static void
heartbeats_out_of_a_backlog_do_not_count(void **state)
{
	struct talk t;
	struct box_order old;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	old = (struct box_order){.seq = ++t.seq, .valid_until = t.now + MAX_VALIDITY};
	pass(&t, 1000);
	look_from_here(&t);
	for (int i = 0; i < 100; i++) {
		exchange_order(&t.x, &old, t.now);
		pass(&t, 10);
	}
	assert_false(wrote_other_than_kill(&t));
}

static void
no_validity_reaches_further_than_a_second(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	order_for(&t, ACT_HEARTBEAT, 0, UINT64_MAX / 2);
	pass(&t, 999);
	assert_int_equal(t.box.a, 80);
	pass(&t, 50);
	assert_int_equal(t.box.a, 0);
}

static void
after_a_sleep_of_the_computer_the_first_write_is_k(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_PARAM_C, 60);
	order_for(&t, ACT_LEVEL_A, 60, MAX_VALIDITY);
	look_from_here(&t);
	t.now += 3600 * 1000 * NS_MS;
	write_due(&t);
	assert_string_equal(next_write(&t), "K\r");
	pass(&t, 1000);
	assert_false(wrote(&t, "A60\r"));
}

static void
when_heartbeats_come_back_orders_are_obeyed_again_from_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	pass(&t, 2000);
	t.beats = true;
	pass(&t, 100);
	assert_true(report(&t).zero);
	look_from_here(&t);
	order(&t, ACT_LEVEL_A, 5);
	pass(&t, 100);
	assert_true(wrote(&t, "A5\r"));
}

/* ---- the guard's end ----------------------------------------------------------------------- */

static void
the_guards_end_is_zero_confirmed_anew_then_over(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	assert_true(report(&t).zero);
	t.beats = false;
	exchange_close(&t.x, t.now);
	assert_false(exchange_over(&t.x));
	write_due(&t);
	assert_string_equal(next_write(&t), "K\r");
	pass(&t, 100);
	assert_false(exchange_over(&t.x));
	pass(&t, 400);
	assert_true(exchange_over(&t.x));
}

static void
without_an_answer_the_guards_end_is_never_over(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	t.box.answers = false;
	exchange_close(&t.x, t.now);
	pass(&t, 60000);
	assert_false(exchange_over(&t.x));
	assert_false(wrote_other_than_kill(&t));
	assert_true(t.writes - t.seen > 230);
	t.box.answers = true;
	t.pending_first = t.pending_last - 1;
	pass(&t, 1000);
	assert_true(exchange_over(&t.x));
}

static void
after_the_guards_end_no_order_counts(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	exchange_close(&t.x, t.now);
	order(&t, ACT_LEVEL_A, 50);
	pass(&t, 3000); /* heartbeats go on */
	assert_false(wrote_other_than_kill(&t));
}

static void
an_impossible_order_is_the_guards_end(void **state)
{
	static const uint8_t bad[][2] = {{ACT_LEVEL_A, 101}, {ACT_PARAM_C, 1}, {ACT_MODE, MODE_COUNT},
					 {ACT_POWER, 2},     {8, 0},           {255, 255}};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin_at(&t, 40);
		order(&t, bad[i][0], bad[i][1]);
		assert_string_equal(next_write(&t), "K\r");
		pass(&t, 1000);
		assert_true(exchange_over(&t.x));
	}
}

/* ---- orders and replies -------------------------------------------------------------------- */

static void
one_command_is_in_flight_and_the_newest_order_waits(void **state)
{
	struct talk t;
	uint32_t first;

	(void)state;
	begin_ready(&t);
	order(&t, ACT_LEVEL_A, 10);
	first = t.ordered;
	order(&t, ACT_LEVEL_A, 11);
	order(&t, ACT_LEVEL_A, 12);
	assert_string_equal(next_write(&t), "A10\r");
	assert_string_equal(next_write(&t), "");
	assert_true(report(&t).done < first);
	pass(&t, 50);
	assert_int_equal(report(&t).done, first);
	pass(&t, 50);
	assert_string_equal(next_write(&t), "A12\r");
}

static void
nothing_is_written_before_the_input_is_quiet(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	look_from_here(&t);
	for (int i = 0; i < 40; i++) {
		say(&t, "540:0:0:100:100:0:L:0:2.106\n");
		order(&t, ACT_LEVEL_A, 10);
		pass(&t, 5);
	}
	assert_string_equal(next_write(&t), "");
	pass(&t, 30);
	assert_string_equal(next_write(&t), "A10\r");
}

static void
a_late_reply_is_not_taken_for_the_answer(void **state)
{
	struct talk t;
	uint32_t done;

	(void)state;
	begin_at(&t, 40);
	t.box.answers = false;
	order(&t, ACT_LEVEL_A, 50);
	done = report(&t).done;
	say(&t, "540:76:0:100:100:0:L:0:2.106\n"); /* older than the order */
	pass(&t, 20);
	assert_int_equal(report(&t).done, done);
	assert_int_equal(report(&t).a, 80);
	say(&t, "540:100:0:100:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).done, t.ordered);
	assert_int_equal(report(&t).a, 100);
}

static void
a_reply_that_does_not_fit_is_checked_by_a_poll_which_is_believed(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	t.box.answers = false;
	order(&t, ACT_LEVEL_A, 50);
	assert_string_equal(next_write(&t), "A50\r");
	say(&t, "540:60:0:100:100:0:L:0:2.106\n"); /* the wearer's hand was faster */
	pass(&t, 99);
	assert_string_equal(next_write(&t), "");
	pass(&t, 1);
	assert_string_equal(next_write(&t), "\r");
	assert_true(report(&t).done < t.ordered);
	say(&t, "540:60:0:100:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).done, t.ordered);
	assert_int_equal(report(&t).a, 60);
}

static void
an_extra_line_while_nothing_is_in_flight_changes_no_level(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.x.flight = FLIGHT_NONE;
	say(&t, "540:20:0:100:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).a, 80);
}

static void
after_err_the_same_command_is_written_once_more(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	t.box.err = 1;
	order(&t, ACT_LEVEL_A, 50);
	pass(&t, 150);
	assert_string_equal(next_write(&t), "A50\r");
	assert_string_equal(next_write(&t), "A50\r");
	assert_int_equal(report(&t).done, t.ordered);
	assert_int_equal(report(&t).faults, 1);
	assert_int_equal(report(&t).a, 100);
}

static void
after_a_second_err_the_order_is_given_up(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.beats = false;
	t.box.err = 2;
	order(&t, ACT_LEVEL_A, 50);
	pass(&t, 400);
	assert_string_equal(next_write(&t), "A50\r");
	assert_string_equal(next_write(&t), "A50\r");
	assert_string_equal(next_write(&t), "\r");
	assert_false(wrote(&t, "A50\r"));
	assert_true(report(&t).done < t.ordered);
	assert_int_equal(report(&t).a, 80);
}

static void
an_order_that_expires_before_its_repetition_becomes_k(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.err = 1;
	order_for(&t, ACT_LEVEL_A, 50, 60 * NS_MS);
	pass(&t, 90);
	assert_string_equal(next_write(&t), "A50\r");
	assert_string_equal(next_write(&t), "K\r");
}

static void
err_for_ever_is_silence(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.err = 1000;
	pass(&t, 1200);
	assert_int_equal(report(&t).port, PORT_SILENT);
	assert_true(wrote(&t, "K\r"));
}

static void
a_cut_line_is_asked_for_once_more(void **state)
{
	static const char *const cut[] = {"540:100:0:1", "540:100:0:1\n", "540:100:0:100:100:0:L:0:2.1\n"};
	struct talk t;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin_at(&t, 40);
		t.box.answers = false;
		order(&t, ACT_LEVEL_A, 50);
		say(&t, cut[i]);
		pass(&t, 101);
		assert_string_equal(next_write(&t), "A50\r");
		assert_string_equal(next_write(&t), "\r");
		assert_int_equal(report(&t).faults, 1);
		say(&t, "540:100:0:100:100:0:L:0:2.106\n");
		assert_int_equal(report(&t).done, t.ordered);
		assert_int_equal(report(&t).port, PORT_OK);
	}
}

static void
silence_for_half_a_second_is_k_and_forgets_what_was_ordered(void **state)
{
	struct talk t;
	uint64_t at;

	(void)state;
	begin_at(&t, 40);
	t.box.answers = false;
	order(&t, ACT_PARAM_C, 60);
	at = ms(&t);
	pass(&t, 490);
	assert_false(wrote(&t, "K\r"));
	order(&t, ACT_LEVEL_A, 60);
	pass(&t, 20);
	assert_true(wrote(&t, "K\r"));
	assert_int_equal(t.wrote[t.writes - 1].at - at, 500);
	assert_int_equal(report(&t).port, PORT_SILENT);
	t.pending_first = t.pending_last - 1;
	t.box.answers = true;
	pass(&t, 2000);
	assert_int_equal(report(&t).port, PORT_OK);
	assert_false(wrote(&t, "A60\r"));
}

static void
mode_and_power_are_only_written_at_a_confirmed_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	order(&t, ACT_MODE, MODE_WAVE);
	pass(&t, 100);
	order(&t, ACT_POWER, 1);
	pass(&t, 100);
	assert_false(wrote(&t, "M5\r"));
	assert_false(wrote(&t, "H\r"));
	assert_true(report(&t).done < t.ordered);
	order(&t, ACT_KILL, 0);
	pass(&t, 500);
	order(&t, ACT_MODE, MODE_WAVE);
	pass(&t, 150);
	assert_int_equal(report(&t).mode, MODE_WAVE);
	order(&t, ACT_POWER, 1);
	pass(&t, 150);
	assert_int_equal(report(&t).power, 1);
	assert_int_equal(report(&t).done, t.ordered);
	assert_true(report(&t).zero);
}

static void
a_mode_that_the_firmware_lacks_is_not_written(void **state)
{
	struct talk t;
	uint32_t ordered;

	(void)state;
	begin_ready(&t);
	order(&t, ACT_MODE, MODE_FLO);
	ordered = t.ordered;
	pass(&t, 300);
	assert_false(wrote(&t, "M3\r"));
	assert_true(report(&t).done < ordered);
	assert_true(wrote(&t, "\r"));
}

static void
raising_ends_the_confirmed_zero_when_it_is_written_not_when_it_is_answered(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	order(&t, ACT_LEVEL_A, 0);
	settle(&t);
	assert_true(report(&t).zero);
	order(&t, ACT_LEVEL_A, 1);
	assert_string_equal(t.wrote[t.writes - 1].text, "A1\r");
	assert_false(report(&t).zero);
}

/* ---- who is speaking ----------------------------------------------------------------------- */

static void
a_version_that_was_cut_once_is_not_believed(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.answers = false;
	order(&t, ACT_LEVEL_A, 50);
	say(&t, "540:100:0:100:100:0:L:0:2.10\n");
	assert_string_equal(report(&t).version, "2.106");
	assert_true(report(&t).done < t.ordered);
	pass(&t, 40);
	say(&t, "540:100:0:100:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).done, t.ordered);
	assert_false(wrote(&t, "K\r"));
}

static void
another_box_on_the_same_cable_starts_from_zero(void **state)
{
	struct talk t;

	(void)state;
	begin_at(&t, 40);
	t.box.version = "2.105";
	t.box.a = 60;
	pass(&t, 2000);
	assert_true(wrote(&t, "K\r"));
	assert_string_equal(report(&t).version, "2.105");
	assert_int_equal(t.box.a, 0);
	assert_true(report(&t).zero);
}

static void
a_box_that_is_switched_off_is_said_to_be_off(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	assert_int_equal(report(&t).port, PORT_OK);
	t.box.battery = 230;
	pass(&t, 300);
	assert_int_equal(report(&t).port, PORT_OFF);
	t.box.battery = 540;
	pass(&t, 300);
	assert_int_equal(report(&t).port, PORT_OK);
}

/* ---- rhythm, noise ------------------------------------------------------------------------- */

static void
it_polls_as_often_as_it_is_told(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	t.x.poll_every = POLL_FAST;
	pass(&t, 1000);
	assert_in_range(t.writes - t.seen, 9, 11);
	t.x.poll_every = POLL_IDLE;
	look_from_here(&t);
	pass(&t, 1000);
	assert_in_range(t.writes - t.seen, 3, 5);
	while (t.seen < t.writes) {
		assert_string_equal(next_write(&t), "\r");
	}
}

static void
lines_may_end_in_cr_lf_or_both_and_may_come_in_pieces(void **state)
{
	struct talk t;
	uint32_t replies;

	(void)state;
	begin_ready(&t);
	replies = report(&t).replies;
	say(&t, "\n\r\n540:0:0:100:100:0:L:0:2.106\r\n540:0:0:100:100:0:L:0:2.106\r");
	say(&t, "\n\n540:0:0:1");
	say(&t, "00:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).replies, replies + 3);
	assert_int_equal(report(&t).faults, 0);
}

static void
a_line_without_end_costs_one_fault_and_no_memory(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	for (int i = 0; i < 10000; i++) {
		say(&t, "5");
	}
	say(&t, "\n540:0:0:100:100:0:L:0:2.106\n");
	assert_int_equal(report(&t).faults, 1);
}

static void
every_heartbeat_makes_a_report(void **state)
{
	struct talk t;

	(void)state;
	begin_ready(&t);
	t.x.news = false;
	order_for(&t, ACT_HEARTBEAT, 0, MAX_VALIDITY);
	assert_true(t.x.news);
	assert_int_equal(report(&t).seq, t.seq);
}

/* Whatever the cable says, and as long as nobody orders anything: polls and K. */
static void
noise_never_makes_it_write_anything_but_polls_and_k(void **state)
{
	static const char letters[] = "0123456789:LHDERKAB.\r\n\n\n";
	struct talk t;
	uint32_t r = 1;

	(void)state;
	begin_ready(&t);
	t.box.answers = false;
	for (int i = 0; i < 20000; i++) {
		char c[2] = {0};

		r = r * 1103515245 + 12345;
		c[0] = letters[(r >> 16) % (sizeof(letters) - 1)];
		say(&t, c);
		pass(&t, 1);
		if (t.writes > WRITES_MAX / 2) {
			t.writes = t.seen = t.pending_first = t.pending_last = 0;
		}
		for (; t.seen < t.writes; t.seen++) {
			assert_true(strcmp(t.wrote[t.seen].text, "\r") == 0 ||
				    strcmp(t.wrote[t.seen].text, "K\r") == 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_k_and_obeys_nothing_until_zero_is_confirmed),
		cmocka_unit_test(it_is_starting_then_silent_while_no_reply_ever_came),
		cmocka_unit_test(without_heartbeats_it_writes_nothing_but_k),
		cmocka_unit_test(a_kill_is_written_at_once_and_again_after_60_and_120_ms),
		cmocka_unit_test(a_kill_does_not_wait_for_a_reply_in_flight),
		cmocka_unit_test(a_kill_empties_the_mailbox),
		cmocka_unit_test(a_kill_is_repeated_every_250_ms_while_nobody_answers),
		cmocka_unit_test(zero_is_confirmed_by_two_replies_to_ks_that_were_written_into_silence),
		cmocka_unit_test(a_reply_that_is_not_zero_starts_the_confirmation_anew),
		cmocka_unit_test(a_burst_of_old_replies_confirms_nothing),
		cmocka_unit_test(a_real_menu_that_closes_ends_in_a_confirmed_zero),
		cmocka_unit_test(err_and_broken_lines_confirm_nothing),
		cmocka_unit_test(an_order_right_after_the_confirmation_waits_for_the_quiet_behind_it),
		cmocka_unit_test(an_order_right_after_a_confirmation_that_proves_wrong_is_dropped),
		cmocka_unit_test(a_second_kill_during_the_first_is_done_with_it),
		cmocka_unit_test(the_wearers_hand_on_the_knob_ends_a_confirmed_zero),
		cmocka_unit_test(when_heartbeats_stop_k_is_written_within_their_validity),
		cmocka_unit_test(an_order_that_expired_while_it_waited_becomes_k),
		cmocka_unit_test(an_order_that_is_valid_for_long_enough_is_written),
		cmocka_unit_test(heartbeats_out_of_a_backlog_do_not_count),
		cmocka_unit_test(no_validity_reaches_further_than_a_second),
		cmocka_unit_test(after_a_sleep_of_the_computer_the_first_write_is_k),
		cmocka_unit_test(when_heartbeats_come_back_orders_are_obeyed_again_from_zero),
		cmocka_unit_test(the_guards_end_is_zero_confirmed_anew_then_over),
		cmocka_unit_test(without_an_answer_the_guards_end_is_never_over),
		cmocka_unit_test(after_the_guards_end_no_order_counts),
		cmocka_unit_test(an_impossible_order_is_the_guards_end),
		cmocka_unit_test(one_command_is_in_flight_and_the_newest_order_waits),
		cmocka_unit_test(nothing_is_written_before_the_input_is_quiet),
		cmocka_unit_test(a_late_reply_is_not_taken_for_the_answer),
		cmocka_unit_test(a_reply_that_does_not_fit_is_checked_by_a_poll_which_is_believed),
		cmocka_unit_test(an_extra_line_while_nothing_is_in_flight_changes_no_level),
		cmocka_unit_test(after_err_the_same_command_is_written_once_more),
		cmocka_unit_test(after_a_second_err_the_order_is_given_up),
		cmocka_unit_test(an_order_that_expires_before_its_repetition_becomes_k),
		cmocka_unit_test(err_for_ever_is_silence),
		cmocka_unit_test(a_cut_line_is_asked_for_once_more),
		cmocka_unit_test(silence_for_half_a_second_is_k_and_forgets_what_was_ordered),
		cmocka_unit_test(mode_and_power_are_only_written_at_a_confirmed_zero),
		cmocka_unit_test(a_mode_that_the_firmware_lacks_is_not_written),
		cmocka_unit_test(raising_ends_the_confirmed_zero_when_it_is_written_not_when_it_is_answered),
		cmocka_unit_test(a_version_that_was_cut_once_is_not_believed),
		cmocka_unit_test(another_box_on_the_same_cable_starts_from_zero),
		cmocka_unit_test(a_box_that_is_switched_off_is_said_to_be_off),
		cmocka_unit_test(it_polls_as_often_as_it_is_told),
		cmocka_unit_test(lines_may_end_in_cr_lf_or_both_and_may_come_in_pieces),
		cmocka_unit_test(a_line_without_end_costs_one_fault_and_no_memory),
		cmocka_unit_test(every_heartbeat_makes_a_report),
		cmocka_unit_test(noise_never_makes_it_write_anything_but_polls_and_k),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

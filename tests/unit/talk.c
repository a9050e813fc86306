/*
 * A conversation with a fake clock and a fake box (talk.h). Tests only.
 */
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint64_t
talk_ms(const struct talk *t)
{
	return (t->now - t->start) / NS_MS;
}

void
talk_say(struct talk *t, const char *bytes)
{
	exchange_bytes(&t->x, bytes, strlen(bytes), t->now);
	t->stirred = true;
}

static void
box_says(struct talk *t)
{
	char line[CODEC_LINE];

	snprintf(line, sizeof(line), "%u:%u:%u:%u:%u:%u:%c:0:%s\n", t->box.battery, t->box.a,
		 t->box.b, t->box.c, t->box.d, t->box.mode, t->box.power, t->box.version);
	talk_say(t, line);
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
		talk_say(t, "ERR\n");
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
	bool asleep = !t->stirred && t->now < t->wake;

	while (exchange_next(&t->x, out, t->now, &t->wake) > 0) {
		assert_false(asleep); /* who sleeps until `wake` misses nothing */
		assert_true(t->writes < WRITES_MAX && t->pending_last < WRITES_MAX);
		strcpy(t->wrote[t->writes].text, out);
		t->wrote[t->writes++].at = talk_ms(t);
		strcpy(t->pending[t->pending_last++], out);
		if (t->reply_at == 0) {
			t->reply_at = t->now + REPLY_MS * NS_MS;
		}
	}
	assert_true(t->wake > t->now);
	t->stirred = false;
}

void
talk_write_due(struct talk *t)
{
	t->stirred = true;
	write_due(t);
}

void
talk_order_for(struct talk *t, uint8_t act, uint8_t value, uint64_t validity)
{
	struct box_order o = {
		.seq = ++t->seq, .act = act, .value = value, .valid_until = t->now + validity};

	if (act != ACT_HEARTBEAT) {
		t->ordered = t->seq;
	}
	exchange_order(&t->x, &o, t->now);
	t->stirred = true;
}

void
talk_order(struct talk *t, uint8_t act, uint8_t value)
{
	talk_order_for(t, act, value, MAX_VALIDITY);
	talk_write_due(t);
}

void
talk_pass(struct talk *t, unsigned for_ms)
{
	t->stirred = true;
	for (unsigned i = 0; i < for_ms; i++) {
		t->now += NS_MS;
		if (t->beats && t->now >= t->beat_at) {
			t->beat_at = t->now + 250 * NS_MS;
			talk_order_for(t, ACT_HEARTBEAT, 0, MAX_VALIDITY);
		}
		if (t->box.answers && t->reply_at != 0 && t->now >= t->reply_at) {
			box_turn(t);
		}
		write_due(t);
	}
}

const char *
talk_next_write(struct talk *t)
{
	return t->seen < t->writes ? t->wrote[t->seen++].text : "";
}

bool
talk_wrote(const struct talk *t, const char *text)
{
	for (size_t i = t->seen; i < t->writes; i++) {
		if (strcmp(t->wrote[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

bool
talk_wrote_other_than_kill(const struct talk *t)
{
	for (size_t i = t->seen; i < t->writes; i++) {
		if (strcmp(t->wrote[i].text, "K\r") != 0) {
			return true;
		}
	}
	return false;
}

void
talk_look_from_here(struct talk *t)
{
	t->seen = t->writes;
}

struct box_report
talk_report(const struct talk *t)
{
	struct box_report r;

	exchange_report(&t->x, &r);
	return r;
}

void
talk_begin(struct talk *t)
{
	memset(t, 0, sizeof(*t));
	t->start = t->now = 5000 * NS_MS;
	t->beats = true;
	t->box = (struct fake_box){.c = 100,
				   .d = 100,
				   .power = 'L',
				   .answers = true,
				   .battery = 540,
				   .version = "2.106"};
	exchange_init(&t->x, t->now);
}

void
talk_settle(struct talk *t)
{
	while (t->x.flight != FLIGHT_NONE || t->x.looked_not != ACT_HEARTBEAT ||
	       t->now - t->x.last_byte != 40 * NS_MS) {
		talk_pass(t, 1);
	}
	talk_look_from_here(t);
}

void
talk_begin_ready(struct talk *t)
{
	talk_begin(t);
	t->x.poll_every = POLL_IDLE;
	talk_pass(t, 1000);
	assert_false(t->x.killing);
	talk_settle(t);
}

void
talk_begin_at(struct talk *t, uint8_t percent)
{
	talk_begin_ready(t);
	talk_order(t, ACT_LEVEL_A, percent);
	talk_settle(t);
	assert_int_equal(talk_report(t).done, t->ordered);
	assert_int_equal(talk_report(t).a, 2 * percent);
}

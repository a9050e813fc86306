/*
 * For tests of the conversation with the box: a fake clock, a guard that sends heartbeats, and a
 * fake 2.106 that answers 42 ms after each command unless its menu is open. Every write is kept.
 */
#ifndef TETHER_TEST_TALK_H
#define TETHER_TEST_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/box/exchange.h"

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
	uint64_t wake; /* until then nothing was to be written, unless something happens: */
	bool stirred;  /* an order or bytes came, or the test did something, since that was said */
	bool beats;    /* the guard sends heartbeats */
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

/* As of a new process. */
void talk_begin(struct talk *t);
/* Started, zero confirmed, ready, and nothing in flight. */
void talk_begin_ready(struct talk *t);
/* Ready, with A at `percent`. */
void talk_begin_at(struct talk *t, uint8_t percent);

/* Lets time pass, in steps of a millisecond. */
void talk_pass(struct talk *t, unsigned for_ms);
/* Until the next order will be written at once, and the next poll is 165 ms away. */
void talk_settle(struct talk *t);
/* Milliseconds since the start. */
uint64_t talk_ms(const struct talk *t);

/* Bytes that arrive now, whatever the fake box is doing. */
void talk_say(struct talk *t, const char *bytes);
/* The guard's order, valid for a second; what it makes due is written. */
void talk_order(struct talk *t, uint8_t act, uint8_t value);
/* Another validity in ns; nothing is written before time passes. */
void talk_order_for(struct talk *t, uint8_t act, uint8_t value, uint64_t validity);
/* Writes what is due. */
void talk_write_due(struct talk *t);
struct box_report talk_report(const struct talk *t);

/* The next write that the test has not looked at, or "" when there is none. */
const char *talk_next_write(struct talk *t);
/* Is there such a write among those that the test has not looked at? */
bool talk_wrote(const struct talk *t, const char *text);
bool talk_wrote_other_than_kill(const struct talk *t);
/* Counts all writes so far as looked at. */
void talk_look_from_here(struct talk *t);

#endif

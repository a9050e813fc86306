/*
 * The conversation with the box: what to write, and when. Pure: bytes and time come in, commands
 * and a report go out, so all of it is tested with a fake clock. Box process only. Trusts the
 * guard's orders as far as their form goes; trusts nothing that comes from the cable.
 *
 * Times are CLOCK_BOOTTIME nanoseconds. Two states:
 *   killing  K is written until zero is confirmed; orders before that are dropped. So it is from
 * the start, after ACT_KILL, when the guard's validity runs out, when the box falls silent, when
 * another firmware answers, and for good when the guard has gone. Without validity it goes on, and
 * takes the box out of a mode in which zero acts late, once it is confirmed.
 *   ready    one command in flight; polls when there is nothing else, and before a level above zero
 * or a parameter, unless the last status is fresh and shows it. When that poll shows the wearer's
 * hand, the order is dropped, and counts as done.
 */
#ifndef TETHER_BOX_EXCHANGE_H
#define TETHER_BOX_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/box/codec.h"
#include "agent/frames.h"

#define NS_MS UINT64_C(1000000)

#define MAX_VALIDITY (1000 * NS_MS) /* no order reaches further ahead */
#define REPLY_TIMEOUT (500 * NS_MS) /* a reply takes 42 ms; its own menu keeps the box silent */
#define KILL_SECOND (60 * NS_MS)    /* after the first K: a reply takes 42 ms */
#define KILL_THIRD (120 * NS_MS)
#define KILL_REPEAT (250 * NS_MS) /* while nothing is confirmed */
#define KILL_QUIET (60 * NS_MS)	  /* no byte for so long: old replies of a burst are over */
#define ORDER_QUIET (30 * NS_MS)  /* the same before any other command; FTDI chips hold 16 ms */
#define CUT_LINE (100 * NS_MS)	  /* a line without its end for so long won't get one */
#define DOUBT (100 * NS_MS)	  /* the right reply may follow a late or extra one */
#define LOOK_FRESH (120 * NS_MS)  /* a status: ORDER_QUIET, and a busy computer's delay */
#define MAX_CALMS 8		  /* Pulse is asked for so often; the box takes it at once */
#define POLL_FAST (100 * NS_MS)	  /* until there is enough for the first element of a sid */
#define POLL_IDLE (250 * NS_MS)

enum flight {
	FLIGHT_NONE,  /* nothing written that is unanswered */
	FLIGHT_SENT,  /* `sent` is written, no line has come */
	FLIGHT_AGAIN, /* the box said ERR: write the same once more */
	FLIGHT_DOUBT  /* a line came that is broken or not the answer: from `check_at` on, poll */
};

struct exchange {
	/* the guard's word */
	uint32_t seq, done;
	uint64_t valid_until; /* of heartbeats and orders, the furthest */
	bool closing;	      /* the guard has gone or broke the protocol */
	bool waiting;	      /* `order` is in the mailbox */
	struct box_order order;

	/* the command under way, when ready */
	enum flight flight;
	struct box_order sent;
	bool counts;   /* its answer moves `done` */
	bool retried;  /* after an ERR */
	bool checking; /* the poll after a doubt: its answer is taken as it is */
	uint64_t looked_at; /* when `box` was heard, nothing was written since; else 0 */
	uint8_t looked_not; /* act of our write that it answers: of that one it says what we wrote */
	uint64_t check_at;

	/* the kill under way */
	bool killing;
	uint32_t kill_seq; /* of ACT_KILL; 0 when nobody ordered it */
	uint64_t kill_at;
	unsigned kills; /* K's written since kill_at */
	bool candidate; /* the K in flight was written into silence: its reply counts */
	unsigned zeros; /* successive ones that did */
	bool again;	/* they were counted anew for a stop that came meanwhile */
	unsigned calms; /* Pulses written without the guard's word */

	/* the line */
	char line[CODEC_LINE + 1];
	size_t len; /* CODEC_LINE + 1: too long */
	uint64_t last_byte;
	uint64_t last_write;
	uint64_t asked; /* oldest write, or wish to write, since the last valid line; 0 none */
	uint64_t poll_every;

	/* the box */
	struct status box;   /* fields 0: never heard */
	struct status other; /* another firmware's line, believed when it comes twice */
	bool zero;
	uint8_t port;
	uint64_t at;
	uint32_t replies, faults, own_kills;

	bool news; /* the guard should get a report */
};

/* Begins with a kill, without validity. */
void exchange_init(struct exchange *x, uint64_t now);

/* An order or heartbeat of the guard. An impossible one counts as the guard's end. */
void exchange_order(struct exchange *x, const struct box_order *o, uint64_t now);

/* The guard has gone: zero, whatever was confirmed before. */
void exchange_close(struct exchange *x, uint64_t now);

/* Bytes that have arrived. All that is there must be handed over before exchange_next(): that is
 * how input is drained before each command. */
void exchange_bytes(struct exchange *x, const char *bytes, size_t n, uint64_t now);

/* What to write now: its length (without NUL), 0 for nothing. Counts as written. *wake: when to ask
 * again at the latest. */
size_t exchange_next(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake);

/* The report as of now. */
void exchange_report(const struct exchange *x, struct box_report *r);

/* The guard has gone, zero is confirmed, and in a mode in which it acts at once. */
bool exchange_over(const struct exchange *x);

#endif

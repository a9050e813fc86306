/*
 * What the proofs of the limits (limits.c beside this file) are made of: any state, any settings,
 * any box, any call. Read by CBMC only, never compiled into a program.
 */
#ifndef TETHER_PROOFS_LIMITS_H
#define TETHER_PROOFS_LIMITS_H

#include "agent/guard/limits.h"

#include "common/modes.h"

/* Must hold, whatever the values. */
#define HOLDS(condition, text) __CPROVER_assert(condition, text)
/* An implication, in the order in which people read it. */
#define IF(condition, then) (!(condition) || (then))
/* Must be possible: an assertion of the contrary, which has to fail. A proof in which it does not
 * is about nothing. */
#define POSSIBLE(condition) __CPROVER_assert(!(condition), "possible: " #condition)

#define NO_POWER 255

enum call {
	CALL_ZERO, CALL_RESUME, CALL_RECAP, CALL_SEEN, CALL_ARM, CALL_AUTHORITY, CALL_WANT, CALL_LEVEL,
	CALL_PARAM, CALL_MODE, CALL_POWER, CALL_REPORT, CALL_TICK, CALL_NEXT,
	CALL_GUARD, /* the guard sets `end`, `authority` and `why` by itself */
	CALL_COUNT
};

/* One world: a state before and after one call, and everything that the call was given. */
struct world {
	struct limits was, is;
	struct limits_settings s;
	struct limits_box b;
	uint64_t now;
	enum call call;
	enum why why; /* what limits_zero was called with */
	bool latch;
	unsigned channel; /* of limits_level and limits_param; any value */
	uint8_t value;    /* of limits_level, _param, _mode and _power */
	uint8_t want[2];
	bool accepted;    /* what the call returned */
	struct limits_write w; /* of limits_next, else a heartbeat */
};

/* Any world before its call: every value that the types allow, limited only by the invariant and
 * by a machine that has been up for less than 34 years (2^40 ms). */
struct world any_world(void);

/* What holds in every reachable state. Proven in p00: limits_init makes it, every call keeps it. */
bool limits_invariant(const struct limits *l);

/* Carries out `call` on w->is. */
void make(struct world *w, enum call call);

/* Any call at all but limits_init. */
void make_any(struct world *w);

/* ---- words that the properties are made of ---- */

/* Where the box says the value of C now and then when asked for D. */
bool shows_c_as_d(uint8_t mode);

bool in_set(uint32_t set, uint8_t mode);
bool is_level(const struct limits_write *w);
bool is_param(const struct limits_write *w);

/* Of a level or a parameter: 0 A or C, 1 B or D. */
unsigned channel_of(const struct limits_write *w);

unsigned doubled(uint8_t percent);

/* The cap, written down a second time. */
uint8_t cap_of(const struct world *w, unsigned channel);

bool pending_change(const struct limits *l);
bool in_control(const struct world *w, const struct limits *l);

/* A kill pending and nothing wanted. */
bool at_zero(const struct limits *l);

/* The one mode that is written where locked: after a confirmed zero in a late mode. */
bool is_calm_pulse(const struct world *w);

/* Does the level that the box reports stand above where this channel is going? */
bool is_too_high(const struct world *w, unsigned channel);

/* Has the hand changed mode or power at the box while somebody is in control? */
bool is_changed_by_hand(const struct world *w, const struct limits *l);

/* Is it `limit` ms (0: never) since `since`? */
bool is_over(uint64_t since, uint32_t limit, uint64_t now);

#endif

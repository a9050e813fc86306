/*
 * What may be written to the box: every promise to the wearer lives here and nowhere else.
 *
 * Pure: no I/O, no clock, no allocation; time is an argument (milliseconds of CLOCK_BOOTTIME), and
 * there is no multiplication or division, so that a proof over all values takes seconds. Runs in
 * the guard. The promises are about what *we write*; the box's knobs stay the wearer's.
 *
 * Order of a turn: limits_report (what the box says), the partner's and wearer's calls,
 * limits_tick (timers), then limits_next (the one thing to write now).
 */
#ifndef TETHER_LIMITS_H
#define TETHER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/frames.h"

#define PARAM_MIN 2 /* C and D, every firmware (docs/BOX.md, section 2) */
#define LEVEL_MAX 100

/* What the wearer has set. */
struct limits_settings {
	uint8_t cap[2][2]; /* [power low, high][A, B], percent; 0 means 0 */
	bool lock_power, lock_mode;
	uint32_t modes;      /* allowed: bit per enum mode */
	uint32_t rise_ms;    /* at least this long between two upward steps of one percent */
	uint32_t hold_ms;    /* authority lasts this long after the echoed state was sent */
	uint32_t idle_ms;    /* 0 off: no setting changed for this long: zero, latched */
	uint32_t checkin_ms; /* 0 off: the wearer did not show for this long: zero, latched */
};

/* What the box said last, cut down to what the limits need. */
struct limits_box {
	bool ok;        /* it answers */
	bool settled;   /* no order of ours is on its way: what it says is what is */
	bool zero;      /* a `K` sent after the last limits_zero was confirmed twice */
	bool join;
	uint8_t raw[2];   /* A, B doubled, 0..200 */
	uint8_t param[2]; /* C, D in percent */
	uint8_t mode;     /* enum mode */
	bool late;        /* levels act late in it, zero too (mode_is_late) */
	uint8_t power;    /* 0 low, 1 high (dynamic counts as high) */
	uint32_t modes;   /* what this firmware can be set to */
	bool low_resets;  /* 9-field firmware: `L` resets the mode too */
};

/* All state. Members are read by the guard for display, written by limits.c only. */
struct limits {
	uint8_t target[2];   /* where A and B are going, percent; above 100 only if the box is */
	uint8_t written[2];  /* raw (doubled): our last write, or the box's own after a knob turn */
	uint8_t want[2];     /* the levels that the page wanted in its last message */
	bool hand[2];        /* the wearer's hand set this level: not raised, not cut to the cap */
	uint8_t param[2];    /* where C and D are going; 0 = leave alone */
	uint8_t param_at[2]; /* our last step on the way there; 0 = none yet: from what the box says */
	uint8_t mode;        /* mode to set after zero; MODE_OTHER = none */
	uint8_t power;       /* power to set after zero; 255 = none */
	uint8_t mode_was, power_was; /* as reported last */
	bool known;          /* they are, and nothing of ours has changed them since */
	bool kill;           /* zero wanted and not yet confirmed */
	bool calm;           /* set MODE_PULSE: zero was confirmed in a mode where it acts late */
	bool latched;        /* nothing above zero until the wearer resumes */
	bool armed;          /* the partner has taken control since the last zero it did not ask for */
	uint8_t why;         /* enum why of the last zero */
	uint32_t stops;      /* counts zeros */
	uint64_t authority;  /* valid until, ms */
	uint64_t changed;    /* when a setting last changed, ms */
	uint64_t seen;       /* when the wearer was last there, ms */
	uint64_t rise_at[2]; /* no upward step before, ms */
	uint64_t param_wait; /* no step of C or D before, ms */
	uint64_t end;        /* the session's end, ms; 0 = no session */
};

/* One thing to write; act is an enum box_act, ACT_HEARTBEAT = nothing. */
struct limits_write {
	uint8_t act;
	uint8_t value;
};

/* Everything zero, nobody in control, a kill pending. */
void limits_init(struct limits *l, uint64_t now);

/* The cap of a channel (0 A, 1 B) at the box's present power: with joined channels the lower of
 * the two. 0..100. */
uint8_t limits_cap(const struct limits_settings *s, const struct limits_box *b, unsigned channel);

/* ---- zero ---- */

/* Both outputs to zero, at once; targets, pending mode, power and parameters forgotten. Control
 * ends unless the partner asked (WHY_PARTNER, WHY_CHANGE). `latch`: the wearer must resume. Always allowed. */
void limits_zero(struct limits *l, enum why why, bool latch);

/* ---- the wearer ---- */

/* Takes the latch off. The partner must still take control anew. */
void limits_resume(struct limits *l, uint64_t now);

/* The wearer changed a cap: it now holds for a level set by hand too. */
void limits_recap(struct limits *l);

/* The wearer pressed a key. */
void limits_seen(struct limits *l, uint64_t now);

/* ---- the partner; all authentic, all false when refused ----
 * While the partner's own zero is being confirmed, targets are taken but nothing is written. */

/* Takes control, from zero. Refused while latched, while a kill is pending, without an answering
 * box, without authority, or after the end. It does not put the wearer's check-in off. */
bool limits_arm(struct limits *l, const struct limits_box *b, uint64_t now);

/* Authority lasts until `until` at least. */
void limits_authority(struct limits *l, uint64_t until);

/* Obeys the levels that the page wants now where its wish went down since its last message; never
 * raises. (Only where it went down: a knob that the wearer turned up is not fought.) */
void limits_want(struct limits *l, const uint8_t want[2]);

/* Sets a level's target (cut to the cap, not refused above it). */
bool limits_level(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
		  unsigned channel, uint8_t value, uint64_t now);

/* Sets the target of C (0) or D (1), cut to 2..100. */
bool limits_param(struct limits *l, unsigned channel, uint8_t value, uint64_t now);

/* Asks for a mode or a power: zero first, then the change, levels from zero. Refused where locked,
 * not allowed, or unknown to this firmware; when it is set already, true, and one that was still
 * pending is taken back. Power in Step or Training sets Pulse first, and is refused where the mode
 * is locked. */
bool limits_mode(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
		 uint8_t mode, uint64_t now);
bool limits_power(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
		  uint8_t power, uint64_t now);

/* ---- each turn ---- */

/* Takes in what the box reports: confirms zero (in Step and Training Pulse follows), and makes what
 * the wearer's hand did the target; a mode or power that it changed under somebody's control takes
 * both targets to zero. */
void limits_report(struct limits *l, const struct limits_box *b);

/* Timers: authority, idle, check-in, end of session, box gone silent; targets cut to the caps. */
void limits_tick(struct limits *l, const struct limits_settings *s, const struct limits_box *b,
		 uint64_t now);

/* The one thing to write now. Remembers it as written. Nothing but a heartbeat while the box does
 * not answer or an order is on its way, except for kill, at any time while one is pending. A level
 * down comes before everything that raises one; with nobody in control no level above zero. */
struct limits_write limits_next(struct limits *l, const struct limits_settings *s,
				const struct limits_box *b, uint64_t now);

#endif

/*
 * The questions of the first start: what is asked, how an answer is read, what comes next. Pure: no
 * terminal, no clock, no box. Runs before anything is started. Input: the wearer's lines (trusted),
 * and what the box process reports.
 */
#ifndef TETHER_SETUP_DIALOG_H
#define TETHER_SETUP_DIALOG_H

#include "agent/box/ports.h"
#include "agent/guard/guard.h"
#include "agent/options.h"
#include "agent/values.h"

#define MAX_PORTS 16	 /* more adapters than anybody has to choose from */
#define DIALOG_TEXT 2048 /* a question or a sentence, not yet broken into lines */

/* In this order; outputs are taken to zero on the way into each step but LEVEL. */
enum dialog_step {
	STEP_SERVER,
	STEP_REACH, /* the server is being tried: dialog_reached() */
	STEP_KEEP,  /* it did not answer: keep it? */
	STEP_BOX,   /* until the box answers */
	STEP_WHICH, /* several adapters */
	STEP_POWER, /* the box is at high power, caps at low power are next */
	STEP_LOWER, /* zero, then low power: until the box says so */
	STEP_ZERO,  /* until the box has confirmed zero */
	STEP_LEVEL, /* the wearer turns the knob of `channel` */
	STEP_TAKEN, /* the level was taken: right? */
	STEP_HIGH,  /* caps at high power too? */
	STEP_LOCK_POWER,
	STEP_LOCK_MODE,
	STEP_ADMIT,
	STEP_WRITE,
	STEP_DONE,
	STEP_QUIT
};

/* What is known of the box. */
struct sight {
	bool ok;	  /* it answers */
	bool zero;	  /* the last `K` is confirmed */
	uint8_t level[2]; /* percent */
	uint8_t power;	  /* 0 low, 1 high */
};

struct dialog {
	enum dialog_step step, next; /* next: after STEP_LOWER */
	struct options o;	     /* as chosen so far; o.box only what is to be saved */
	struct options begun;	     /* as it was before the first question */
	struct wish wish;
	bool without_box;	      /* caps are typed */
	uint8_t channel;	      /* 0 A, 1 B: whose cap is asked */
	uint8_t power;		      /* of that cap */
	uint8_t taken;		      /* percent, at STEP_TAKEN */
	bool start;		      /* at STEP_DONE: start now */
	struct port ports[MAX_PORTS]; /* at STEP_WHICH */
	int count, port;	      /* port: the one chosen, -1 none */
};

void dialog_begin(struct dialog *d, const struct options *o, const struct wish *wish);

/* The first words: what this is, how to stop. */
void dialog_welcome(const struct dialog *d, char out[DIALOG_TEXT]);

/* The question of this step, with its choices on lines of their own; "" when nothing is asked. */
void dialog_prompt(const struct dialog *d, char out[DIALOG_TEXT]);

/* What Enter alone stands for, for the brackets; "" when it stands for nothing. */
void dialog_default(const struct dialog *d, char out[VALUE_TEXT]);

/* One line of the wearer. `say` gets a sentence ("" none): what was expected, or what follows. */
void dialog_answer(struct dialog *d, const char *line, const struct sight *s,
		   char say[DIALOG_TEXT]);

/* The server answered (why NULL) or not. */
void dialog_reached(struct dialog *d, const char *why);

/* Several adapters are there, none is chosen: asks which. */
void dialog_which(struct dialog *d, const struct port *ports, int count);

/* The box has changed, or the step has. */
void dialog_box(struct dialog *d, const struct sight *s);

#endif

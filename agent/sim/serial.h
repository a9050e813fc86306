/*
 * The simulated box's serial side in time: bytes take their time on the line, five of them fit the
 * receive buffer, the box thinks before it answers. No input or output; time is an argument
 * (CLOCK_MONOTONIC, nanoseconds), so that tests need no waiting.
 */
#ifndef TETHER_SIM_SERIAL_H
#define TETHER_SIM_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/sim/model.h"

#define SIM_BUFFER 5 /* characters: a command ends at CR or when they fill it */
#define SIM_LINE 512 /* bytes on their way to the box; more stay with the sender */
#define SIM_THINK_NS                                                                               \
	7000000 /* 42.3 ms were measured for 4 bytes there and 30 back, 35 ms of line */
#define SIM_NEVER UINT64_MAX

/* What the serial side tells its owner, each with the moment it happened. */
struct sim_events {
	void (*command)(void *context, uint64_t at, const char *bytes, size_t len); /* acted on */
	void (*lost)(void *context, uint64_t at, const char *bytes, size_t len);    /* overran */
	void (*send)(void *context, uint64_t at, const char *bytes, size_t len); /* one byte out */
	void (*answered)(void *context, uint64_t at, const char *bytes, size_t len);
};

struct sim_serial {
	struct sim_model *model;
	const struct sim_events *events;
	void *context;
	uint64_t byte_ns; /* nanoseconds of one byte: start bit, 8 bits, stop bit */
	/* on the line to the box */
	struct {
		char byte;
		uint64_t due;
	} line[SIM_LINE];
	size_t line_first, line_count;
	uint64_t line_free; /* when the last byte on the line has arrived */
	/* in the box */
	char buffer[SIM_BUFFER];
	size_t buffered;
	bool overrun;
	/* the answer on its way */
	bool answering, silent; /* silent: takes its time, but nothing is sent */
	char reply[SIM_REPLY];
	size_t reply_len, reply_sent;
	uint64_t reply_due; /* when the next byte has left */
	/* moods */
	bool menu;	  /* the on-screen menu is open: nothing is read from the buffer */
	uint64_t late_ns; /* added to the thinking */
	unsigned mute;	  /* so many answers get lost; their commands are obeyed */
	unsigned cut;	  /* so many answers end in the middle */
	unsigned err;	  /* so many commands are answered ERR and not obeyed */
	unsigned extra;	  /* so many status lines come unasked */
};

/* `speed` in baud, 8N1, 300 or more. model, events and context stay the caller's. */
void sim_serial_init(struct sim_serial *s, struct sim_model *model, unsigned speed,
		     const struct sim_events *events, void *context);

/* Bytes that the sender wrote at `now`; returns how many found room on the line. */
size_t sim_serial_hear(struct sim_serial *s, const char *bytes, size_t n, uint64_t now);

/* Lets everything happen that is due at or before `now`, in its order. */
void sim_serial_run(struct sim_serial *s, uint64_t now);

/* When something is due next, or SIM_NEVER. */
uint64_t sim_serial_next(const struct sim_serial *s);

/* A mood has changed: what waited in the buffer may be answered now. */
void sim_serial_wake(struct sim_serial *s, uint64_t at);

#endif

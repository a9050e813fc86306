/*
 * The log of a simulated box: one line per thing that happened, `<ms> <what> ...`, where ms is
 * CLOCK_MONOTONIC in milliseconds with three decimals. Flushed per line.
 */
#ifndef TETHER_SIM_TRACE_H
#define TETHER_SIM_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "agent/sim/model.h"

struct sim_trace {
	FILE *file; /* NULL: nothing is written */
	uint8_t output[2], mode;
	char power;
};

/* Creates or empties `path` (NULL: no log) and remembers the state of *m. 0, or -1 with errno. */
int sim_trace_open(struct sim_trace *t, const char *path, const struct sim_model *m);
void sim_trace_close(struct sim_trace *t);

/* `<ms> <what> <text>` */
void sim_trace_text(struct sim_trace *t, uint64_t at, const char *what, const char *text);

/* `<ms> <what> "<bytes>"`: quotes, backslashes and what can't be printed are escaped as in C. */
void sim_trace_bytes(struct sim_trace *t, uint64_t at, const char *what, const char *bytes,
		     size_t len);

/* Lines for what differs from the last call: `power L`, `mode 5`, `level A=40 B=0` (the real
 * outputs in percent; halves show as 12.5). */
void sim_trace_state(struct sim_trace *t, uint64_t at, const struct sim_model *m);

#endif

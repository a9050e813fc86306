/*
 * Commands that wait until the guard's socket has room. Pure. Link process; the commands passed the
 * grammar, nothing else about them is trusted.
 */
#ifndef TETHER_LINK_OUT_H
#define TETHER_LINK_OUT_H

#include <stdint.h>

#include "common/command.h"

/* The socket itself holds some 250 frames; more than this behind it means a guard that hangs. */
#define MAX_LINK_OUT 32

struct link_out {
	struct command items[MAX_LINK_OUT];
	unsigned first, count;
};

/* Adds a command at the end. A stop empties the queue first: it is never behind anything, many
 * become one, and nothing asked before it is carried out after it.
 * 0, or -1 when the queue is full and the command was dropped. */
int link_out_put(struct link_out *q, const struct command *c);

/* The next command to send, or NULL; it stays until link_out_drop. */
const struct command *link_out_next(const struct link_out *q);
void link_out_drop(struct link_out *q);

#endif

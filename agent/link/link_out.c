/*
 * The queue of commands towards the guard. Link process; pure.
 */
#include "agent/link/link_out.h"

#include <stddef.h>

int
link_out_put(struct link_out *q, const struct command *c)
{
	if (c->op == OP_STOP) {
		q->count = 0;
	}
	if (q->count == MAX_LINK_OUT) {
		return -1;
	}
	q->items[(q->first + q->count) % MAX_LINK_OUT] = *c;
	q->count++;
	return 0;
}

const struct command *
link_out_next(const struct link_out *q)
{
	return q->count == 0 ? NULL : &q->items[q->first];
}

void
link_out_drop(struct link_out *q)
{
	if (q->count > 0) {
		q->first = (q->first + 1) % MAX_LINK_OUT;
		q->count--;
	}
}

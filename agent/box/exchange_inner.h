/*
 * Between the two halves of the conversation (exchange.c, exchange_lines.c).
 */
#ifndef TETHER_BOX_EXCHANGE_INNER_H
#define TETHER_BOX_EXCHANGE_INNER_H

#include "agent/box/exchange.h"

/* Begins a kill anew: K at once, whatever is in flight; mailbox and confirmation emptied. */
void exchange_kill(struct exchange *x, uint64_t now);

/* The command in flight has no answer to be believed: asks with a poll, from `from` on. */
void exchange_doubt(struct exchange *x, uint64_t from);

/* Would this order write over what the wearer's hand may have set? Zero never waits. */
bool exchange_overrides(const struct box_order *o);

#endif

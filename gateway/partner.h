/*
 * One partner's place in a session: an MQTT connection with the partner's own token, so that the
 * broker's rules hold even where the gateway has a fault.
 */
#ifndef TETHER_GATEWAY_PARTNER_H
#define TETHER_GATEWAY_PARTNER_H

#include "common/command.h"
#include "gateway/messages.h"
#include "gateway/mqtt.h"

struct page;
struct partner;

/* Connects with what the key service granted. The page hears PAGE_READY, then PAGE_STATE, and
 * PAGE_OVER once. NULL when memory or descriptors are short. */
struct partner *partner_open(const struct mqtt_broker *b, const struct answer *grant,
			     struct page *page);

/* Leaves the session. NULL is allowed. */
void partner_close(struct partner *p);

/* Publishes a command, written anew. Stops are never refused: when the line is full the newest one
 * waits in front of everything else. 0, or -1: not passed on. */
int partner_command(struct partner *p, const struct command *c, uint64_t now);

/* Sends what waits. Every TICK_MS. */
void partner_tick(struct partner *p);

#endif

/*
 * Limits per address, tied to libwebsockets' connections. Addresses are known here and nowhere
 * else.
 */
#ifndef TETHER_GATEWAY_ADDRESS_H
#define TETHER_GATEWAY_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <libwebsockets.h>

/* May the peer of this accepted socket connect? Counts nothing yet. */
bool address_allowed(int fd);

/* Counts the connection, which remembers its place. 0 or -1: over a limit. */
int address_enter(struct lws *wsi);

/* Ends what address_enter began; harmless without it. */
void address_leave(struct lws *wsi);

/* The connection's place, or -1. */
int address_of(struct lws *wsi);

/* May a connection at this place try a key now? */
bool address_join(int place, uint64_t now);

/* Erases addresses that there is no reason to remember any more (rate_forget). */
void address_tick(uint64_t now);

/* Connections now. */
unsigned address_connections(void);

#endif

/*
 * Limits per page and per address. Pure: no clock, no I/O; the time is an argument (milliseconds,
 * never falling). No address leaves this file.
 */
#ifndef TETHER_GATEWAY_RATE_H
#define TETHER_GATEWAY_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "gateway/limits.h"

/* A token bucket; all zero is a full one. */
struct bucket {
	uint64_t at;   /* when debt was brought up to date */
	uint32_t debt; /* milliseconds until it is full again */
};

/* Takes one token: true when there was one. `burst` tokens fit, one grows every `every` ms. */
bool bucket_take(struct bucket *b, uint32_t burst, uint32_t every, uint64_t now);

#define NET_BYTES 16
#define SITE_BYTES 6 /* an IPv6 /48 */
/* How long an address is remembered after its last attempt: a minute (docs/PRIVACY.md). */
#define REMEMBER_MS (JOINS_BURST * JOINS_EVERY_MS)

struct rate_entry {
	uint8_t net[NET_BYTES];
	bool held; /* false: free, and all zero */
	uint16_t connections;
	struct bucket joins;
};

/* About 330 kB; all zero is empty. Found by linear search: 8192 entries cost a small part of the
 * TLS handshake that follows, and nobody can choose addresses that collide. */
struct rate_table {
	struct rate_entry entry[MAX_ADDRESSES];
	unsigned used;	      /* no entry from here on was ever held */
	unsigned connections; /* of all addresses */
};

enum rate_error { RATE_ADDRESS = -1, RATE_ALL = -2 };

/* What counts as one address: IPv4 whole, IPv6 the first 64 bits. False for other families. */
bool rate_net(uint8_t net[NET_BYTES], const struct sockaddr *address);

/* May one more connection come from `net`? 0 or an enum rate_error. Changes nothing. */
int rate_check(const struct rate_table *t, const uint8_t net[NET_BYTES]);

/* Counts a connection. Its index >= 0, for rate_leave and rate_join, or an enum rate_error. */
int rate_enter(struct rate_table *t, const uint8_t net[NET_BYTES], uint64_t now);

/* The connection has ended. */
void rate_leave(struct rate_table *t, int index);

/* Erases every address without connections whose attempts to join have all been earned back: that
 * is REMEMBER_MS after its last one at the latest. Call it every second or so. */
void rate_forget(struct rate_table *t, uint64_t now);

/* May this address try a key now? Counts the attempt. */
bool rate_join(struct rate_table *t, int index, uint64_t now);

#endif

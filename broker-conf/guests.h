/*
 * Guests: clients without credentials that ask for a new session. Few, short-lived, limited per
 * network; the oldest makes room, so that a full table never locks people out. Pure.
 */
#ifndef TETHER_GUESTS_H
#define TETHER_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "broker-conf/limits.h"
#include "broker-conf/seed.h"
#include "common/token.h"

struct guest {
	const void *context; /* the broker's connection, compared only; NULL: this place is free */
	char id[CLIENT_TEXT + 1];
	uint8_t net[16]; /* IPv4 mapped into IPv6, or the first 8 bytes of IPv6 and zeros */
	uint64_t since;  /* boot milliseconds */
};

struct guests {
	unsigned count;
	struct guest guest[MAX_GUESTS];
	struct seed seed;
	/* Buckets of common/rate.h: all, networks, IPv6 sites. */
	uint64_t logins, net_logins[GUEST_BUCKETS], site_logins[GUEST_BUCKETS];
};

/* No guests, full buckets. 0, or -1 when there is no randomness. */
int guests_init(struct guests *g);

/* The network that limits count by: "192.0.2.7" and "::ffff:192.0.2.7" alone, "2001:db8::1" by its
 * first 64 bits. What is not an address (NULL too) shares one network of zeros. */
void guests_net(uint8_t net[16], const char *address);

/* May one more guest log in at `now` (boot milliseconds)? Counts it where it may: logins are
 * limited per network, per IPv6 /48 and in all. */
bool guests_admit(struct guests *g, const char *address, uint64_t now);

/* Lets a guest in. `id` has CLIENT_TEXT characters. When its network or the table is full, the
 * oldest of them leaves the table and its id is written to `out` (else out is ""); the caller
 * cuts it. */
void guests_enter(struct guests *g, const void *context, const char *id, const char *address,
		  uint64_t now, char out[CLIENT_TEXT + 1]);

/* The connection is gone. Anyone who is not in the table is ignored. */
void guests_leave(struct guests *g, const void *context);

#endif

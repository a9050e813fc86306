/*
 * Guests (guests.h). Runs in the broker; ids and addresses are strangers'.
 */
#include "broker-conf/guests.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "common/rate.h"

int
guests_init(struct guests *g)
{
	memset(g, 0, sizeof(*g));
	return seed_init(&g->seed);
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void
guests_net(uint8_t net[16], const char *address)
{
	memset(net, 0, 16);
	if (!address) {
		return;
	}
	if (inet_pton(AF_INET, address, net + 12) == 1) {
		memcpy(net, mapped, sizeof(mapped));
	} else if (inet_pton(AF_INET6, address, net) != 1) {
		memset(net, 0, 16);
	} else if (memcmp(net, mapped, sizeof(mapped)) != 0) {
		memset(net + 8, 0, 8);
	}
}

static uint64_t *
bucket_of(struct guests *g, uint64_t buckets[GUEST_BUCKETS], const uint8_t net[16])
{
	return &buckets[seed_hash(&g->seed, net, 16) % GUEST_BUCKETS];
}

bool
guests_admit(struct guests *g, const char *address, uint64_t now)
{
	static const struct rate all = {GUEST_EVERY_MS, GUEST_BURST};
	static const struct rate one = {GUEST_NET_EVERY_MS, GUEST_NET_BURST};
	static const struct rate site = {GUEST_SITE_EVERY_MS, GUEST_SITE_BURST};
	uint64_t *bucket, before;
	uint8_t net[16];

	guests_net(net, address);
	/* The smallest first: what it is refused takes nothing from the others. */
	bucket = bucket_of(g, g->net_logins, net);
	before = *bucket;
	if (rate_take(bucket, &one, now) != 0) {
		return false;
	}
	if (memcmp(net, mapped, sizeof(mapped)) != 0) {
		memset(net + 6, 0, 2);
		if (rate_take(bucket_of(g, g->site_logins, net), &site, now) != 0) {
			*bucket = before; /* shared by hash, with others too */
			return false;
		}
	}
	return rate_take(&g->logins, &all, now) == 0;
}

/* The oldest guest, of this network or (NULL) of all. *count receives how many there are. */
static struct guest *
oldest(struct guests *g, const uint8_t *net, unsigned *count)
{
	struct guest *found = NULL;

	*count = 0;
	for (struct guest *at = g->guest; at < g->guest + MAX_GUESTS; at++) {
		if (!at->context || (net && memcmp(at->net, net, sizeof(at->net)) != 0)) {
			continue;
		}
		(*count)++;
		if (!found || at->since < found->since) {
			found = at;
		}
	}
	return found;
}

static struct guest *
free_place(struct guests *g)
{
	struct guest *at = g->guest;

	while (at->context) {
		at++;
	}
	return at;
}

void
guests_enter(struct guests *g, const void *context, const char *id, const char *address,
	     uint64_t now, char out[CLIENT_TEXT + 1])
{
	uint8_t net[16];
	struct guest *victim, *place;
	unsigned count;

	out[0] = '\0';
	guests_net(net, address);
	victim = oldest(g, net, &count);
	if (count < MAX_GUESTS_PER_NET) {
		victim = g->count == MAX_GUESTS ? oldest(g, NULL, &count) : NULL;
	}
	if (victim) {
		memcpy(out, victim->id, sizeof(victim->id));
		guests_leave(g, victim->context);
	}
	place = free_place(g);
	place->context = context;
	memcpy(place->id, id, CLIENT_TEXT);
	place->id[CLIENT_TEXT] = '\0';
	memcpy(place->net, net, sizeof(place->net));
	place->since = now;
	g->count++;
}

void
guests_leave(struct guests *g, const void *context)
{
	for (struct guest *at = g->guest; at < g->guest + MAX_GUESTS; at++) {
		if (at->context == context && context) {
			memset(at, 0, sizeof(*at));
			g->count--;
			return;
		}
	}
}

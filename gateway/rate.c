/* See rate.h. Gateway process; addresses are the kernel's word, the rest is arithmetic. */
#include "gateway/rate.h"

#include <netinet/in.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void
bucket_settle(struct bucket *b, uint64_t now)
{
	uint64_t passed = now > b->at ? now - b->at : 0;

	b->debt = passed >= b->debt ? 0 : b->debt - (uint32_t)passed;
	b->at += passed; /* never back: rate_forget looks ahead, and no time counts twice */
}

bool
bucket_take(struct bucket *b, uint32_t burst, uint32_t every, uint64_t now)
{
	bucket_settle(b, now);
	if (b->debt + every > burst * every) {
		return false;
	}
	b->debt += every;
	return true;
}

bool
rate_net(uint8_t net[NET_BYTES], const struct sockaddr *address)
{
	memset(net, 0, NET_BYTES);
	if (address->sa_family == AF_INET) {
		memcpy(net, v4_mapped, sizeof(v4_mapped));
		memcpy(net + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
		return true;
	}
	if (address->sa_family != AF_INET6) {
		return false;
	}
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	bool mapped = memcmp(&six->sin6_addr, v4_mapped, sizeof(v4_mapped)) == 0;

	memcpy(net, &six->sin6_addr, mapped ? 16 : 8);
	return true;
}

/* Index of the address, or -1. */
static int
rate_find(const struct rate_table *t, const uint8_t net[NET_BYTES])
{
	for (unsigned i = 0; i < t->used; i++) {
		if (t->entry[i].held && memcmp(t->entry[i].net, net, NET_BYTES) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* Does the IPv6 /48 round the address have all that it may? */
static bool
site_is_full(const struct rate_table *t, const uint8_t net[NET_BYTES])
{
	unsigned connections = 0;

	if (memcmp(net, v4_mapped, sizeof(v4_mapped)) == 0) {
		return false;
	}
	for (unsigned i = 0; i < t->used; i++) {
		if (memcmp(t->entry[i].net, net, SITE_BYTES) == 0) {
			connections += t->entry[i].connections;
		}
	}
	return connections >= MAX_PER_SITE;
}

int
rate_check(const struct rate_table *t, const uint8_t net[NET_BYTES])
{
	int at = rate_find(t, net);

	if (t->connections >= MAX_CONNECTIONS) {
		return RATE_ALL;
	}
	if (site_is_full(t, net)) {
		return RATE_ADDRESS;
	}
	return at >= 0 && t->entry[at].connections >= MAX_PER_ADDRESS ? RATE_ADDRESS : 0;
}

/* An entry for a new address: a free one, else the one without connections that has the least
 * left to remember. There is one: MAX_ADDRESSES is above MAX_CONNECTIONS. */
static struct rate_entry *
rate_room(struct rate_table *t, uint64_t now)
{
	struct rate_entry *best = NULL;

	for (unsigned i = 0; i < t->used; i++) {
		if (!t->entry[i].held) {
			return &t->entry[i];
		}
	}
	if (t->used < MAX_ADDRESSES) {
		return &t->entry[t->used++];
	}
	for (unsigned i = 0; i < t->used; i++) {
		struct rate_entry *e = &t->entry[i];

		if (e->connections) {
			continue;
		}
		bucket_settle(&e->joins, now);
		if (!best || e->joins.debt < best->joins.debt) {
			best = e;
		}
	}
	return best;
}

int
rate_enter(struct rate_table *t, const uint8_t net[NET_BYTES], uint64_t now)
{
	int refused = rate_check(t, net), at = rate_find(t, net);

	if (refused) {
		return refused;
	}
	if (at < 0) {
		struct rate_entry *e = rate_room(t, now);

		if (!e) {
			return RATE_ALL;
		}
		*e = (struct rate_entry){.held = true};
		memcpy(e->net, net, NET_BYTES);
		at = (int)(e - t->entry);
	}
	t->entry[at].connections++;
	t->connections++;
	return at;
}

void
rate_leave(struct rate_table *t, int index)
{
	t->entry[index].connections--;
	t->connections--;
}

void
rate_forget(struct rate_table *t, uint64_t now)
{
	for (unsigned i = 0; i < t->used; i++) {
		struct rate_entry *e = &t->entry[i];

		bucket_settle(&e->joins, now);
		if (e->connections == 0 && e->joins.debt == 0) {
			*e = (struct rate_entry){0};
		}
	}
	while (t->used > 0 && !t->entry[t->used - 1].held) {
		t->used--;
	}
}

bool
rate_join(struct rate_table *t, int index, uint64_t now)
{
	return bucket_take(&t->entry[index].joins, JOINS_BURST, JOINS_EVERY_MS, now);
}

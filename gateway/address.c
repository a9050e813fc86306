/* See address.h. Gateway process. */
#include "gateway/address.h"

#include <sys/socket.h>

#include "common/clock.h"
#include "gateway/rate.h"

static struct rate_table table;

static bool
address_net(uint8_t net[NET_BYTES], int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
	       rate_net(net, (const struct sockaddr *)&peer);
}

bool
address_allowed(int fd)
{
	uint8_t net[NET_BYTES];

	return address_net(net, fd) && rate_check(&table, net) == 0;
}

int
address_enter(struct lws *wsi)
{
	uint8_t net[NET_BYTES];
	int place;

	if (!address_net(net, lws_get_socket_fd(wsi))) {
		return -1;
	}
	place = rate_enter(&table, net, clock_ms());
	if (place < 0) {
		return -1;
	}
	lws_set_opaque_user_data(wsi, (void *)(uintptr_t)(place + 1));
	return 0;
}

int
address_of(struct lws *wsi)
{
	return (int)(uintptr_t)lws_get_opaque_user_data(wsi) - 1;
}

void
address_leave(struct lws *wsi)
{
	int place = address_of(wsi);

	if (place >= 0) {
		rate_leave(&table, place);
		lws_set_opaque_user_data(wsi, NULL);
	}
}

bool
address_join(int place, uint64_t now)
{
	return place >= 0 && rate_join(&table, place, now);
}

void
address_tick(uint64_t now)
{
	rate_forget(&table, now + 1000); /* a second early rather than late: a promise is kept */
}

unsigned
address_connections(void)
{
	return table.connections;
}

/*
 * One epoll set for everything that libwebsockets does not watch itself: all MQTT sockets, the
 * timer, signals. libwebsockets is given the epoll descriptor alone, as a raw file, because it
 * closes what it adopts and libmosquitto closes its own sockets.
 */
#ifndef TETHER_GATEWAY_LOOP_H
#define TETHER_GATEWAY_LOOP_H

#include <stdint.h>

/* Embedded in its owner. `ready` gets EPOLL… bits. */
struct loop_watch {
	int fd; /* -1: not watched */
	uint32_t wanted;
	void (*ready)(struct loop_watch *w, uint32_t events);
};

/* Makes the set. Its descriptor, or -1. */
int loop_open(void);

/* Watches fd for `wanted` (EPOLLIN, EPOLLOUT), or changes what is wanted. 0 or -1. A descriptor
 * number that was closed and came back is taken on anew. */
int loop_watch(struct loop_watch *w, int fd, uint32_t wanted);

/* No `ready` comes after this, not even for events already fetched. The memory of *w must stay
 * valid until loop_run() has returned. */
void loop_forget(struct loop_watch *w);

/* Hands out what is ready now; never waits. */
void loop_run(void);

#endif

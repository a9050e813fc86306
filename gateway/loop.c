/* See loop.h. Gateway process. */
#include "gateway/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#define BATCH 64

static int set = -1;

int
loop_open(void)
{
	set = epoll_create1(EPOLL_CLOEXEC);
	return set;
}

int
loop_watch(struct loop_watch *w, int fd, uint32_t wanted)
{
	struct epoll_event event = {.events = wanted | EPOLLRDHUP, .data.ptr = w};

	if (w->fd == fd && w->wanted == wanted) {
		return 0;
	}
	w->fd = fd;
	w->wanted = wanted;
	if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0) {
		return 0;
	}
	return errno == ENOENT ? epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) : -1;
}

void
loop_forget(struct loop_watch *w)
{
	if (w->fd >= 0) {
		/* Fails harmlessly when its owner closed it first. */
		(void)epoll_ctl(set, EPOLL_CTL_DEL, w->fd, NULL);
		w->fd = -1;
	}
}

void
loop_run(void)
{
	struct epoll_event events[BATCH];
	int n = epoll_wait(set, events, BATCH, 0);

	for (int i = 0; i < n; i++) {
		struct loop_watch *w = events[i].data.ptr;

		if (w->fd >= 0) {
			w->ready(w, events[i].events);
		}
	}
}

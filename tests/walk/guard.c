/*
 * The guard's own loop (agent/guard/guard.c, as it is), on the walk's clock and with the walk's
 * children.
 */
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/walk/walk.h"

static int
walk_poll(struct pollfd *fds, nfds_t n, int ms)
{
	uint64_t until = walk.now + (uint64_t)ms * MS;

	do {
		walk_step();
	} while (walk.now < walk.guard_stalled || (walk.now < until && poll(fds, n, 0) == 0));
	return poll(fds, n, 0);
}

static int
walk_realtime(struct timespec *t)
{
	uint64_t ms = walk.now / MS + (uint64_t)walk.wall;

	*t = (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * MS)};
	return 0;
}

#define poll walk_poll
#define clock_gettime(id, t) walk_realtime(t)
#define child_start spawned_child_start
int spawned_child_start(struct child *c, const char *const argv[], unsigned flags, uint64_t now);
#include "agent/guard/guard.c" /* NOLINT(bugprone-suspicious-include) */
#undef poll
#undef clock_gettime
#undef child_start

struct guard subject;

uint64_t
clock_ns(void)
{
	return walk.now;
}

uint64_t
clock_ms(void)
{
	return walk.now / MS;
}

int64_t
clock_unix(void)
{
	return (int64_t)(walk.now / MS / 1000) + walk.wall / 1000;
}

int __wrap_secret_random(void *out, size_t n);
int
__wrap_secret_random(void *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((uint8_t *)out)[i] = (uint8_t)walk_random(256);
	}
	return 0;
}

int
child_start(struct child *c, const char *const argv[], unsigned flags, uint64_t now)
{
	int pair[2];

	(void)flags;
	if (frame_pair(pair) < 0) {
		return -1;
	}
	*c = (struct child){.fd = pair[0], .pidfd = -1, .started = now, .seen = now};
	if (strcmp(argv[2], "box") == 0) {
		walk_box_started(pair[1]);
	} else if (strcmp(argv[2], "link") == 0) {
		walk_link_started(pair[1]);
	} else {
		walk.sleep = pair[1];
	}
	return 0;
}

void
walk_guard_begin(void)
{
	static const struct options none;
	struct options o = none;
	static const char *const ui[] = {"", "", "ui", NULL};

	settings_default(&o.settings);
	guard_init(&subject, &o, clock_ms());
	subject.signal_fd = -1;
	(void)child_start(&subject.ui, ui, 0, clock_ms());
	walk.ui = walk.sleep;
	walk.sleep = -1;
}

void
walk_guard_turn(void)
{
	wait_and_read(&subject);
}

void
walk_guard_kill(void)
{
	child_stop(&subject.ui, true);
	child_stop(&subject.box, true);
	child_stop(&subject.link, true);
	child_stop(&subject.sleep, true);
	walk.guard_dead = true;
}

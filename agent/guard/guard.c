/*
 * The guard's loop: signals and the wearer first, then sleep, box, link; timers and clocks in each
 * turn; who asks for the status comes last. Runs in the guard. It never blocks: every socket is
 * non-blocking, every wait has an end.
 */
#include "agent/guard/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/guard/clocks.h"
#include "agent/single.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/spawn.h"

#define UI_END_MS 500 /* the screen's time to put the terminal back */
#define TURN_MS 10 /* the longest sleep while something moves */

void
guard_say(struct guard *g, const char *format, ...)
{
	struct ui_event event = {.unix_time = (uint32_t)clock_unix()};
	va_list ap;

	va_start(ap, format);
	vsnprintf(event.text, sizeof(event.text), format, ap);
	va_end(ap);
	if (g->ui.fd >= 0) {
		(void)frames_send(g->ui.fd, frames_to_ui, FRAME_UI_EVENT, &event);
	}
}

void
guard_zero(struct guard *g, enum why why, bool latch)
{
	limits_zero(&g->limits, why, latch);
	publish_soon(g);
	box_turn(g, g->turn_at);
}

void
guard_end(struct guard *g, const char *reason)
{
	if (g->life != LIFE_RUN) {
		return;
	}
	guard_say(g, "%s The outputs go to zero.", reason);
	g->life = LIFE_ENDING;
	g->over_at = g->turn_at + END_MS;
	guard_zero(g, WHY_ENDED, true);
	link_end_session(g, false);
}

int
child_start(struct child *c, const char *const argv[], unsigned flags, uint64_t now)
{
	int pair[2];

	if (frame_pair(pair) < 0) {
		return -1;
	}
	c->pid = spawn_child(argv, pair[1], flags, &c->pidfd);
	close(pair[1]);
	if (c->pid < 0) {
		close(pair[0]);
		c->fd = -1;
		return -1;
	}
	c->fd = pair[0];
	c->heard = false;
	c->started = c->seen = now;
	return 0;
}

bool
child_is_silent(const struct child *c, uint64_t now)
{
	return now - c->seen > (c->heard ? PEER_MS : BIRTH_MS);
}

void
child_heard(struct child *c, uint64_t now)
{
	c->heard = true;
	c->seen = now;
}

void
child_stop(struct child *c, bool force)
{
	if (c->fd >= 0) {
		close(c->fd);
	}
	if (c->pidfd >= 0) {
		if (force) {
			(void)pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
		}
		close(c->pidfd);
	}
	*c = (struct child){.fd = -1, .pidfd = -1};
}

/* Dead children leave no zombie; that one has gone is noticed at its socket. */
static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0) {
	}
}

static void
take_signals(struct guard *g)
{
	struct signalfd_siginfo info;

	while (read(g->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1) {
			guard_say(g, "Stop from outside (tether stop).");
			guard_zero(g, WHY_WEARER, true);
		} else if (info.ssi_signo == SIGCHLD) {
			reap();
		} else if (info.ssi_signo == SIGTSTP) {
			guard_zero(g, WHY_WEARER, true);
		} else {
			guard_end(g, "The program was told to end.");
		}
	}
}

static int
open_signals(void)
{
	sigset_t set;

	single_signals(&set); /* blocked already: what came since then is read now */
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		return -1;
	}
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int64_t
clock_difference(uint64_t now)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 - (int64_t)now;
}

/* Before any socket is read: did we stand still (stopped, suspended, starved), or did the clock
 * jump? Then what is in the sockets is old. */
static void
check_clocks(struct guard *g, uint64_t now)
{
	if (clocks_broke(g->turn_at, now, &g->clock_offset, clock_difference(now))) {
		g->turn_at = g->box.seen = g->link.seen = g->ui.seen = g->sleep.seen = now;
		if (g->limits.armed || g->limits.target[0] != 0 || g->limits.target[1] != 0) {
			guard_say(g, "The computer stood still or its clock jumped: outputs to zero.");
			guard_zero(g, WHY_CLOCK, false);
		}
	}
	g->turn_at = now;
}

static void
publish_turn(struct guard *g, uint64_t now)
{
	bool due = now - g->state_at >= STATE_MS;

	if (due || (g->fresh && now - g->state_at >= STATE_GAP_MS)) {
		g->fresh = false;
		publish_state(g, now);
		g->state_at = now;
		publish_view(g, now);
	} else if (now >= g->view_at) {
		publish_view(g, now);
	}
}

static void
session_turn(struct guard *g, uint64_t now)
{
	if (g->session.open && g->session.end <= now) {
		guard_say(g, "Four hours are over: the key has expired.");
		guard_zero(g, WHY_EXPIRED, false);
		link_end_session(g, false);
	}
}

/* Over when zero is confirmed and the key service knows, or when that takes too long: the box
 * process goes on by itself until zero is confirmed. */
static void
ending_turn(struct guard *g, uint64_t now)
{
	if (g->life != LIFE_ENDING) {
		return;
	}
	if (now >= g->over_at || ((!g->limits.kill || box_zero(g)) && !g->end_wanted && g->link.fd < 0)) {
		g->life = LIFE_OVER;
	}
}

static void
turn(struct guard *g, uint64_t now)
{
	ui_turn(g, now);
	session_turn(g, now);
	partner_turn(g, now);
	box_turn(g, now);
	link_turn(g, now);
	sleep_turn(g, now);
	save_turn(g, now);
	publish_turn(g, now);
	ending_turn(g, now);
}

static int
sleep_ms(const struct guard *g, uint64_t now)
{
	bool moving = g->limits.kill || g->limits.armed || g->fresh;
	uint64_t until = moving ? now + TURN_MS : now + BEAT_MS / 5;

	return until > now ? (int)(until - now) : 0;
}

static void
wait_and_read(struct guard *g)
{
	struct pollfd fds[] = {
		{.fd = g->signal_fd, .events = POLLIN},
		{.fd = g->ui.fd, .events = POLLIN},
		{.fd = g->box.fd, .events = POLLIN},
		{.fd = g->link.fd, .events = POLLIN},
		{.fd = g->sleep.fd, .events = POLLIN},
		{.fd = g->save.fd, .events = POLLIN},
		{.fd = status_fd(g, clock_ms()), .events = POLLIN},
	};
	uint64_t now;

	(void)poll(fds, sizeof(fds) / sizeof(fds[0]), sleep_ms(g, clock_ms()));
	now = clock_ms();
	check_clocks(g, now);
	take_signals(g);
	if (fds[1].revents != 0) {
		ui_read(g, now);
	}
	if (fds[4].revents != 0) {
		sleep_read(g, now);
	}
	if (fds[2].revents != 0 && g->box.fd == fds[2].fd) {
		box_read(g, now);
	}
	if (fds[3].revents != 0 && g->link.fd == fds[3].fd) {
		link_read(g, now);
	}
	if (fds[5].revents != 0) {
		save_read(g, now);
	}
	turn(g, now);
	if (fds[6].revents != 0) {
		status_read(g, now);
	}
}

static void
guard_init(struct guard *g, const struct options *o, uint64_t now)
{
	*g = (struct guard){
		.options = *o,
		.settings = o->settings,
		.saved = o->saved,
		.box = {.fd = -1, .pidfd = -1},
		.link = {.fd = -1, .pidfd = -1},
		.ui = {.fd = -1, .pidfd = -1},
		.sleep = {.fd = -1, .pidfd = -1},
		.save = {.fd = -1, .pidfd = -1},
		.leaving = {.fd = -1, .pidfd = -1},
		.turn_at = now,
		.clock_offset = clock_difference(now),
		.issue_wanted = true,
		.status_fd = -1,
	};
	session_close(&g->session);
	limits_init(&g->limits, now);
}

static int
start_ui(struct guard *g, uint64_t now)
{
	const char *kind = g->options.headless ? "headless" : g->options.plain ? "plain" : "tty";
	const char *const argv[] = {"tether-ui", "--child", "ui", kind, NULL};

	return child_start(&g->ui, argv, SPAWN_STDIO | SPAWN_SESSION, now);
}

/* The screen gets a moment to put the terminal back as it was; a stopped one is killed. False when
 * it could not do that. */
static bool
ui_finish(struct guard *g)
{
	struct pollfd gone = {.fd = g->ui.pidfd, .events = POLLIN};
	bool well;

	if (g->ui.fd < 0) {
		return false;
	}
	close(g->ui.fd);
	g->ui.fd = -1;
	well = poll(&gone, 1, UI_END_MS) == 1;
	child_stop(&g->ui, true);
	return well;
}

/* Where a screen is drawn on the terminal that errors go to, a line of ours or of a child would push
 * it out of place and hide STOP. What the wearer must know is said in the screen's own log. */
static void
hush(const struct options *o)
{
	int fd;

	if (o->headless || o->plain || !isatty(STDERR_FILENO)) {
		return;
	}
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)dup2(fd, STDERR_FILENO);
		close(fd);
	}
}

struct guard_over
guard_run(const struct options *o)
{
	static struct guard g; /* static: locked in memory as a whole */
	struct guard_over over = {.started = false};
	uint64_t now = clock_ms();

	if (secret_process() < 0) {
		log_error("this process could not be closed to debuggers");
		return over;
	}
	(void)secret_lock(&g, sizeof(g));
	guard_init(&g, o, now);
	g.signal_fd = open_signals();
	if (g.signal_fd < 0 || start_ui(&g, now) < 0) {
		log_error("could not start: %s", strerror(errno));
		return over;
	}
	over.started = true;
	hush(o);
	status_open(&g);
	while (g.life != LIFE_OVER) {
		wait_and_read(&g);
	}
	status_close(&g);
	over.zero = box_zero(&g);
	child_stop(&g.link, true);
	child_stop(&g.box, false);
	child_stop(&g.sleep, true);
	over.screen = ui_finish(&g);
	secret_wipe(&g, sizeof(g));
	return over;
}

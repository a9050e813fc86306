/*
 * A guard that can only stop (watch.h).
 */
#include "agent/setup/watch.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/modes.h"
#include "common/spawn.h"

#define LOOK_AGAIN_MS 1000
#define SILENT_MS 1500 /* a box that answers does so within a tenth of it */
#define FINISH_MS 2000
#define CALM_AGAIN_MS 1000 /* an order takes a tenth of it */

void
watch_init(struct watch *w)
{
	*w = (struct watch){.child = {.fd = -1, .pidfd = -1}};
}

static void
forget(struct watch *w, uint64_t now)
{
	w->report = (struct box_report){.port = PORT_STARTING};
	w->seq = w->kill_seq = 0;
	w->look_at = now + LOOK_AGAIN_MS;
}

static void
lost(struct watch *w, uint64_t now)
{
	pid_t pid = w->child.pid;

	child_stop(&w->child, true);
	(void)waitpid(pid, NULL, WNOHANG); /* one that hangs in its port is left to the guard */
	forget(w, now);
}

void
watch_port(struct watch *w, const char *path, const char *usb)
{
	if (w->child.fd >= 0) {
		(void)watch_finish(w);
	}
	forget(w, 0);
	w->look_at = 0;
	memset(w->path, 0, sizeof(w->path));
	memset(w->usb, 0, sizeof(w->usb));
	memcpy(w->path, path, strnlen(path, sizeof(w->path) - 1));
	memcpy(w->usb, usb, strnlen(usb, sizeof(w->usb) - 1));
}

static void
send_order(struct watch *w, enum box_act act, uint8_t value, uint64_t now)
{
	struct box_order order = {
		.seq = ++w->seq,
		.act = (uint8_t)act,
		.value = value,
		.valid_until = clock_ns() + VALID_MS * UINT64_C(1000000),
	};

	w->beat_at = now + BEAT_MS;
	if (act == ACT_KILL) {
		w->kill_seq = order.seq;
	}
	if (frames_send(w->child.fd, frames_to_box, FRAME_BOX_ORDER, &order) == FRAME_CLOSED) {
		lost(w, now);
	}
}

void
watch_kill(struct watch *w, uint64_t now)
{
	w->low_wanted = false;
	w->calm_at = now;
	if (w->child.fd >= 0) {
		send_order(w, ACT_KILL, 0, now);
	}
}

void
watch_low(struct watch *w, uint64_t now)
{
	watch_kill(w, now);
	w->low_wanted = true;
}

static bool
is_ok(const struct watch *w)
{
	return w->child.fd >= 0 && w->report.port == PORT_OK && w->report.at != 0;
}

/* Has the box confirmed the last `K`? Where levels act late that is not yet felt. */
static bool
is_confirmed(const struct watch *w)
{
	const struct box_report *r = &w->report;

	return is_ok(w) && r->zero && w->kill_seq != 0 && r->done >= w->kill_seq;
}

struct sight
watch_sight(const struct watch *w)
{
	const struct box_report *r = &w->report;

	return (struct sight){
		.ok = is_ok(w),
		.zero = is_confirmed(w) && !mode_is_late(r->mode, r->modes),
		.level = {(uint8_t)(r->a / 2), (uint8_t)(r->b / 2)},
		.power = r->power,
	};
}

static void
start(struct watch *w, uint64_t now)
{
	const char *const argv[] = {"tether-box-child", "--child", "box", w->path, w->usb, NULL};
	enum finding f = finding_before(w->path);

	w->look_at = now + LOOK_AGAIN_MS;
	if (f != FINDING_OK) {
		w->finding = f;
		return;
	}
	if (child_start(&w->child, argv, SPAWN_SESSION, now) == 0) {
		w->heard_at = now;
		watch_kill(w, now);
	}
}

/* What is to be said of a box process that runs. */
static void
judge(struct watch *w, uint64_t now)
{
	switch (w->report.port) {
	case PORT_OK:
		w->heard_at = now;
		w->finding = FINDING_OK;
		break;
	case PORT_OFF:
		w->heard_at = now;
		w->finding = FINDING_OFF;
		break;
	default:
		/* Starting: it waits for a busy port, and gives up by itself. */
		if (w->report.port == PORT_SILENT && now - w->heard_at > SILENT_MS) {
			w->finding = FINDING_SILENT;
		}
	}
}

/* What comes after a confirmed zero: Pulse, where the next step might still be one of before
 * (limits.c does the same), then low power where that is wanted. Else a heartbeat when due. */
static void
order_next(struct watch *w, uint64_t now)
{
	bool confirmed = is_confirmed(w), late = mode_is_late(w->report.mode, w->report.modes);

	if (confirmed && late && w->calm_at != 0 && now >= w->calm_at) {
		w->calm_at = now + CALM_AGAIN_MS;
		send_order(w, ACT_MODE, MODE_PULSE, now);
	} else if (confirmed && !late && w->low_wanted) {
		w->low_wanted = false;
		send_order(w, ACT_POWER, 0, now); /* low */
	} else if (now >= w->beat_at) {
		send_order(w, ACT_HEARTBEAT, 0, now);
	}
	if (confirmed && !late) {
		w->calm_at = 0; /* a mode that is set by hand from now on is the wearer's */
	}
}

void
watch_turn(struct watch *w, uint64_t now)
{
	if (w->path[0] == '\0') {
		return;
	}
	if (w->child.fd < 0) {
		if (now >= w->look_at) {
			start(w, now);
		}
		return;
	}
	if (child_is_silent(&w->child, now)) {
		lost(w, now);
		return;
	}
	judge(w, now);
	order_next(w, now);
}

static void
take_report(struct watch *w, const struct box_report *r, uint64_t now)
{
	w->report = *r;
	child_heard(&w->child, now);
	if (r->port >= PORT_GONE) {
		lost(w, now);
		w->finding = finding_after(w->path);
		if (w->finding == FINDING_OK) {
			w->finding = FINDING_NONE; /* it can be had again already */
		}
	}
}

void
watch_read(struct watch *w, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	struct box_report r;
	int rc = FRAME_OK;

	for (int i = 0; i < 16 && w->child.fd >= 0 && rc == FRAME_OK; i++) {
		rc = frame_recv(w->child.fd, frames_from_box, &type, buf);
		if (rc != FRAME_OK || type->type != FRAME_BOX_REPORT) {
			continue;
		}
		rc = frame_decode(type, buf, &r);
		if (rc == FRAME_OK && r.seq <= w->seq && r.done <= r.seq && r.power <= 1) {
			take_report(w, &r, now);
		} else {
			rc = FRAME_BAD;
		}
	}
	if (w->child.fd >= 0 && rc != FRAME_OK && rc != FRAME_EMPTY) {
		lost(w, now);
	}
}

/* The box process writes `K` by itself once its socket is closed, and ends when zero is confirmed.
 */
bool
watch_finish(struct watch *w)
{
	struct pollfd gone = {.fd = w->child.pidfd, .events = POLLIN};
	pid_t pid = w->child.pid;
	int status = -1;

	if (w->child.fd < 0) {
		return true;
	}
	close(w->child.fd);
	w->child.fd = -1;
	if (poll(&gone, 1, FINISH_MS) == 1) {
		(void)waitpid(pid, &status, 0);
	}
	child_stop(&w->child, false);
	return status == 0; /* any other end is not one with zero confirmed */
}

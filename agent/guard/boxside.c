/*
 * The guard's side of the box process: one order in flight, heartbeats with a time limit, and a
 * new process when it dies or hangs. Runs in the guard. Reports are not trusted beyond their form:
 * a wrong one can only make us write less.
 */
#include "agent/guard/guard.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/modes.h"
#include "common/spawn.h"

#define RESTART_MS 200
#define KILL_AGAIN_MS 1000
#define GONE_MS 1000 /* a pulled cable: look again this often */
#define DOWN_MS 1000 /* a knob that has been down for so long stays down */

bool
box_kill_sent(const struct guard *g)
{
	return g->kill_seq != 0 && g->kill_stops == g->limits.stops;
}

/* Is the pending zero one that nobody asked for? */
static bool
is_only_waited_for(const struct guard *g)
{
	return g->limits.kill && g->wait_stops != 0 && g->wait_stops == g->limits.stops;
}

struct limits_box
box_view(const struct guard *g)
{
	const struct box_report *r = &g->report;

	return (struct limits_box){
		.ok = g->box.fd >= 0 && r->port == PORT_OK && r->at != 0,
		.settled = r->done >= g->order_seq,
		.zero = r->zero && box_kill_sent(g) && r->done >= g->kill_seq,
		.join = r->join,
		.raw = {r->a, r->b},
		.param = {(uint8_t)(r->c >> 1), (uint8_t)(r->d >> 1)},
		.mode = r->mode,
		.late = mode_is_late(r->mode, r->modes) && !is_only_waited_for(g),
		.power = r->power,
		.modes = r->modes,
		.low_resets = r->fields == 9,
	};
}

bool
box_zero(const struct guard *g)
{
	/* Off is at zero, though nothing goes on until it is switched on and confirms anew. */
	return box_view(g).zero && (!g->limits.kill || g->report.port == PORT_OFF);
}

static void
send_order(struct guard *g, uint8_t act, uint8_t value, uint64_t now)
{
	struct box_order order = {
		.seq = ++g->seq,
		.act = act,
		.value = value,
		.valid_until = clock_ns() + VALID_MS * UINT64_C(1000000),
	};

	g->beat_at = now + BEAT_MS;
	if (act != ACT_HEARTBEAT) {
		g->order_seq = order.seq;
		g->order_at = now;
	}
	if (act == ACT_KILL) {
		g->kill_seq = order.seq;
		g->kill_stops = g->limits.stops;
	}
	if (frames_send(g->box.fd, frames_to_box, FRAME_BOX_ORDER, &order) != FRAME_OK) {
		box_lost(g, now, "it took no orders");
	}
}

void
box_lost(struct guard *g, uint64_t now, const char *reason)
{
	/* Pulled while it answered: what the box does then is not known until somebody has looked. */
	bool pulled = g->report.port >= PORT_GONE && g->report.at != 0;

	if (g->report.port < PORT_GONE) {
		log_warn("box process ended: %s", reason);
	}
	child_stop(&g->box, true);
	if (!g->limits.kill || g->limits.armed || pulled) {
		limits_zero(&g->limits, WHY_BOX, pulled);
	}
	g->report.port = g->report.port < PORT_GONE ? PORT_STARTING : g->report.port;
	g->report.seq = g->report.done = 0;
	g->report.zero = false;
	g->report.at = 0;
	g->report.kills = 0;
	g->seq = g->order_seq = g->kill_seq = 0;
	g->box_at = now + (g->report.port < PORT_GONE ? RESTART_MS : GONE_MS);
	publish_soon(g);
}

static void
start_box(struct guard *g, uint64_t now)
{
	/* Copies: what is locked as secret reads as zeros in a forked child (common/secret.h). */
	const struct options o = g->options;
	const char *const argv[] = {"tether-box-child", "--child", "box", o.box, o.usb, NULL};

	g->box_at = now + RESTART_MS;
	if (child_start(&g->box, argv, SPAWN_SESSION, now) < 0) {
		guard_say(g, "The program for the box could not be started.");
	}
}

/* A zero that nobody asked for, with nobody in control. The mode stays, which the hand may just have
 * chosen in the box's menu; but a Pulse that is due is still owed. */
static void
wait_for_zero(struct guard *g)
{
	bool owed = g->limits.calm || g->report.done < g->order_seq;

	guard_zero(g, (enum why)g->limits.why, false);
	g->wait_stops = owed ? 0 : g->limits.stops;
}

/* The wearer's hand had turned the box up, and down again. Nothing goes to zero there, but until
 * the box confirms it nobody may say that it is there: it is asked, once the hand has let go. */
static bool
is_down_again(const struct guard *g, uint64_t now)
{
	const struct box_report *r = &g->report;

	return !g->limits.armed && !g->limits.kill && r->port == PORT_OK && !r->zero && r->a == 0 &&
	       r->b == 0 && now - g->raised_at >= DOWN_MS;
}

/* Everything that may be wrong with the box process itself. */
static bool
box_is_well(struct guard *g, uint64_t now)
{
	if (child_is_silent(&g->box, now)) {
		box_lost(g, now, "it fell silent");
		return false;
	}
	if (g->report.done < g->order_seq && g->report.port == PORT_OK && now - g->order_at > ORDER_MS &&
	    !g->limits.kill) {
		guard_zero(g, WHY_BOX, false); /* an order got lost: start anew from zero */
	} else if (is_down_again(g, now)) {
		wait_for_zero(g);
	}
	return true;
}

/* One thing to write, or a heartbeat when it is time. A pending kill is ordered once per zero, since
 * the box repeats `K` by itself until zero is confirmed; and, unless it is, again after a second, lest
 * anything that went wrong between the two of us be waited for for ever. */
static void
order_next(struct guard *g, uint64_t now)
{
	struct limits_box b = box_view(g);
	struct limits_write w = limits_next(&g->limits, &g->settings.limits, &b, now);

	if (w.act == ACT_KILL && box_kill_sent(g) &&
	    (box_zero(g) || now - g->order_at < KILL_AGAIN_MS)) {
		w.act = ACT_HEARTBEAT;
	}
	if (w.act != ACT_HEARTBEAT || now >= g->beat_at) {
		send_order(g, w.act, w.value, now);
	}
}

void
box_turn(struct guard *g, uint64_t now)
{
	struct limits_box b = box_view(g);

	limits_tick(&g->limits, &g->settings.limits, &b, now);
	if (g->box.fd < 0) {
		if (now >= g->box_at && g->life != LIFE_OVER) {
			start_box(g, now);
		}
		return;
	}
	if (box_is_well(g, now)) {
		order_next(g, now);
	}
}

/* A report that claims what can't be is a bad child. */
static bool
report_is_sane(const struct guard *g, const struct box_report *r)
{
	return r->seq <= g->seq && r->done <= r->seq && r->port <= PORT_FAILED && r->power <= 1 &&
	       r->at <= clock_ns();
}

static void
tell_port(struct guard *g, uint8_t before, uint8_t after)
{
	static const char *const words[] = {
		[PORT_STARTING] = "Looking for the box.",
		[PORT_OK] = "The box answers.",
		[PORT_SILENT] = "The box does not answer. Is its menu open? Use its own knob.",
		[PORT_OFF] = "The box is switched off.",
		[PORT_GONE] = "The box is not there. Is the cable in? Use its own knob.",
		[PORT_BUSY] = "Another program has the box's port. Use the box's own knob.",
		[PORT_FAILED] = "The box's port can't be opened. Use the box's own knob.",
	};

	if (before != after) {
		guard_say(g, "%s", words[after]);
		publish_soon(g);
	}
}

/* Does the box say something that people should see at once? */
static bool
is_news(const struct box_report *before, const struct box_report *r)
{
	return r->a != before->a || r->b != before->b || r->c != before->c || r->d != before->d ||
	       r->mode != before->mode || r->power != before->power || r->join != before->join ||
	       r->zero != before->zero;
}

/* It went to zero without our order, be it since ours came too late: control ends as at any zero
 * that the partner did not ask for. With nobody in control it is only waited for. */
static void
box_killed(struct guard *g)
{
	if (!g->limits.armed) {
		if (!g->limits.kill) {
			wait_for_zero(g);
		}
		return;
	}
	if (g->report.port == PORT_OK) {
		guard_say(g, "The box was taken to zero: no order had reached it in time.");
	}
	guard_zero(g, WHY_BOX, false);
}

static void
take_report(struct guard *g, const struct box_report *r)
{
	struct box_report before = g->report;
	struct limits_box b;

	g->report = *r;
	if (r->port == PORT_STARTING && before.port >= PORT_GONE) {
		g->report.port = before.port; /* another try at it: as long as it lasts nothing is new */
	}
	if (r->a != 0 || r->b != 0) {
		g->raised_at = g->turn_at;
	}
	if (r->kills != before.kills) {
		box_killed(g);
	}
	b = box_view(g);
	limits_report(&g->limits, &b);
	tell_port(g, before.port, g->report.port);
	if (is_news(&before, r)) {
		publish_soon(g);
	}
}

void
box_read(struct guard *g, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	int rc;

	for (int i = 0; i < 16 && (rc = frame_recv(g->box.fd, frames_from_box, &type, buf)) != FRAME_EMPTY;
	     i++) {
		struct box_report r;

		if (rc == FRAME_OK && type->type == FRAME_BOX_ELEMENT) {
			rc = frame_decode(type, buf, &g->element);
		} else if (rc == FRAME_OK) {
			rc = frame_decode(type, buf, &r);
			if (rc == FRAME_OK && report_is_sane(g, &r)) {
				take_report(g, &r);
			} else {
				rc = FRAME_BAD;
			}
		}
		if (rc != FRAME_OK) {
			box_lost(g, now, rc == FRAME_CLOSED ? "it went away" : "it sent nonsense");
			return;
		}
		child_heard(&g->box, now);
	}
}

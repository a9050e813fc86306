/*
 * The conversation with the box (exchange.h): what its lines mean. Pure. Box process; the cable is
 * not trusted: lines may be cut, late, doubled or noise.
 */
#include "agent/box/exchange.h"

#include "agent/box/exchange_inner.h"

static void
take(struct exchange *x, const struct status *s)
{
	x->box = *s;
	x->news = true;
}

/* A reply to K counts when the K was written into silence. Any other line in between means that
 * old replies are still coming, so counting starts again. */
static void
line_while_killing(struct exchange *x, enum codec_line kind, const struct status *s)
{
	bool candidate = x->candidate;

	x->flight = FLIGHT_NONE;
	x->candidate = false;
	if (kind == CODEC_STATUS) {
		take(x, s);
	}
	if (kind != CODEC_STATUS || !candidate || !codec_fits(s, ACT_KILL, 0)) {
		x->zeros = 0;
		x->waiting = false;
		return;
	}
	if (x->zeros < 2) {
		x->zeros++;
	}
	x->zero = x->zeros == 2;
}

static bool
same_outputs(const struct status *x, const struct status *y)
{
	return x->a == y->a && x->b == y->b && x->mode == y->mode && x->power == y->power &&
	       x->join == y->join;
}

/* A poll shows a change that is none of ours: the waiting order was given before it was known. */
static bool
is_outdated(const struct exchange *x, const struct status *s)
{
	if (x->sent.act != ACT_HEARTBEAT || !x->waiting || !exchange_overrides(&x->order)) {
		return false;
	}
	return !same_outputs(s, &x->box) || (x->order.act == ACT_PARAM_C && s->c != x->box.c) ||
	       (x->order.act == ACT_PARAM_D && s->d != x->box.d);
}

static void
answered(struct exchange *x, const struct status *s)
{
	bool outdated = is_outdated(x, s);

	x->looked_at = x->at;
	x->looked_not = x->checking ? ACT_HEARTBEAT : x->sent.act;
	take(x, s);
	x->flight = FLIGHT_NONE;
	if (x->counts) {
		x->done = x->sent.seq;
	}
	if (outdated) {
		x->waiting = false;
		x->done = x->order.seq;
	}
}

static void
line_err(struct exchange *x, uint64_t now)
{
	if (x->flight == FLIGHT_SENT && !x->retried) {
		x->retried = true;
		x->flight = FLIGHT_AGAIN;
		return;
	}
	/* Refused twice: it is not done, and what the box is at now must be asked. */
	x->counts = false;
	exchange_doubt(x, now);
}

static bool
lowers(const struct exchange *x)
{
	const struct box_order *o = &x->sent;

	return (o->act == ACT_LEVEL_A && 2 * o->value < x->box.a) ||
	       (o->act == ACT_LEVEL_B && 2 * o->value < x->box.b);
}

/* A status in which nothing at all has moved: no hand was there, the command was lost on its way
 * (to one that it can't read the box just says its status). Once more; what lowers a level until
 * it is done or too old, and then K. */
static bool
was_lost(const struct exchange *x, const struct status *s)
{
	return x->checking && x->flight == FLIGHT_SENT && x->counts && (!x->retried || lowers(x)) &&
	       !codec_fits(s, x->sent.act, x->sent.value) && same_outputs(s, &x->box) &&
	       s->c == x->box.c && s->d == x->box.d;
}

static void
line_while_ready(struct exchange *x, enum codec_line kind, const struct status *s, uint64_t now)
{
	if (x->flight == FLIGHT_NONE) {
		return; /* an extra line; the next poll tells what is true */
	}
	if (kind == CODEC_ERR) {
		line_err(x, now);
	} else if (kind == CODEC_BAD) {
		exchange_doubt(x, now);
	} else if (was_lost(x, s)) {
		x->retried = true;
		x->checking = false;
		x->flight = FLIGHT_AGAIN;
	} else if ((x->checking && x->flight == FLIGHT_SENT) ||
		   codec_fits(s, x->sent.act, x->sent.value)) {
		answered(x, s);
	} else {
		exchange_doubt(x, now + DOUBT);
	}
}

/* A line of another firmware is a cut one, unless it comes twice in succession. */
static enum codec_line
recognise(struct exchange *x, const struct status *s, uint64_t now)
{
	if (x->box.fields == 0 || codec_same_box(&x->box, s)) {
		x->other.fields = 0;
		return CODEC_STATUS;
	}
	if (x->other.fields == 0 || !codec_same_box(&x->other, s)) {
		x->other = *s;
		return CODEC_BAD;
	}
	x->other.fields = 0;
	exchange_kill(x, now);
	return CODEC_STATUS;
}

static void
line_arrived(struct exchange *x, uint64_t now)
{
	struct status s;
	enum codec_line kind = codec_status(&s, x->line, x->len);

	x->len = 0;
	if (kind == CODEC_STATUS) {
		kind = recognise(x, &s, now);
	}
	if (kind == CODEC_STATUS) {
		x->replies++;
		x->at = now;
		x->asked = 0;
		if (s.a != 0 || s.b != 0) {
			x->zero = false;
		}
	} else {
		x->faults++;
	}
	x->news = true;
	if (x->killing) {
		line_while_killing(x, kind, &s);
	} else {
		line_while_ready(x, kind, &s, now);
	}
}

void
exchange_bytes(struct exchange *x, const char *bytes, size_t n, uint64_t now)
{
	for (size_t i = 0; i < n; i++) {
		x->last_byte = now;
		if (bytes[i] == '\r' || bytes[i] == '\n') {
			if (x->len > 0) {
				line_arrived(x, now);
			}
		} else if (x->len < sizeof(x->line)) {
			x->line[x->len++] = bytes[i];
		}
	}
}

/*
 * The conversation with the box (exchange.h): orders that come in, commands that go out. Pure. Box
 * process. The guard's orders are trusted once their form is right.
 */
#include "agent/box/exchange.h"

#include <string.h>

#include "agent/box/exchange_inner.h"
#include "common/modes.h"

static void
begin_kill(struct exchange *x, uint64_t now)
{
	x->killing = true;
	x->kill_at = now;
	x->kills = 0;
	x->zeros = 0;
	x->candidate = false;
	x->again = false;
	x->zero = false;
	x->waiting = false;
	x->flight = FLIGHT_NONE;
	x->news = true;
}

void
exchange_kill(struct exchange *x, uint64_t now)
{
	x->own_kills++;
	begin_kill(x, now);
}

void
exchange_doubt(struct exchange *x, uint64_t from)
{
	x->flight = FLIGHT_DOUBT;
	x->check_at = from;
}

void
exchange_init(struct exchange *x, uint64_t now)
{
	memset(x, 0, sizeof(*x));
	x->poll_every = POLL_FAST;
	begin_kill(x, now);
}

void
exchange_close(struct exchange *x, uint64_t now)
{
	if (!x->closing) {
		x->closing = true;
		exchange_kill(x, now);
	}
}

/* Until zero is confirmed an order is dropped: it was given before. After that too, where nobody
 * had ordered this zero: who gives it means to go on from where the box was. */
static bool
takes_orders(const struct exchange *x)
{
	return !x->killing || (x->zeros == 2 && x->kill_seq != 0);
}

void
exchange_order(struct exchange *x, const struct box_order *o, uint64_t now)
{
	uint64_t most = now + MAX_VALIDITY;
	uint64_t until = o->valid_until < most ? o->valid_until : most;

	if (x->closing) {
		return;
	}
	if (!codec_valid(o->act, o->value)) {
		exchange_close(x, now);
		return;
	}
	x->news = true;
	x->seq = o->seq;
	if (until > x->valid_until) {
		x->valid_until = until;
	}
	if (o->act == ACT_KILL) {
		/* One under way goes on, but what it has confirmed is not of now: the wearer's hand
		 * may have turned the box up since its last K. Once: a key that is held must not
		 * put off for as long what comes after zero (Pulse, where zero is felt late). */
		if (!x->killing) {
			begin_kill(x, now);
		} else if (x->zeros > 0 && !x->again) {
			x->again = true;
			x->zeros = 0;
			x->candidate = false;
			x->zero = false;
		}
		x->waiting = false; /* what waited for the end of that one */
		x->kill_seq = o->seq;
	} else if (o->act != ACT_HEARTBEAT && takes_orders(x)) {
		x->order = *o;
		x->order.valid_until = until;
		x->waiting = true;
	}
}

static bool
quiet(const struct exchange *x, uint64_t for_ns, uint64_t now)
{
	return x->last_byte == 0 || now - x->last_byte >= for_ns;
}

static void
sooner(uint64_t *wake, uint64_t at)
{
	if (at < *wake) {
		*wake = at;
	}
}

static void
wrote(struct exchange *x, uint64_t now)
{
	x->flight = FLIGHT_SENT;
	x->last_write = now;
	if (x->asked == 0) {
		x->asked = now;
	}
}

/* When the line is quiet; one that never is must not hold a kill up. */
static uint64_t
quiet_or_late(const struct exchange *x)
{
	uint64_t still = x->last_byte + KILL_QUIET, late = x->last_write + KILL_REPEAT;

	return still < late ? still : late;
}

static uint64_t
kill_due(const struct exchange *x)
{
	if (x->kills == 0) {
		return x->kill_at;
	}
	if (x->kills == 1) {
		return x->kill_at + KILL_SECOND;
	}
	if (x->kills == 2) {
		return x->kill_at + KILL_THIRD;
	}
	if (x->flight == FLIGHT_NONE && x->zeros < 2) {
		return quiet_or_late(x);
	}
	return x->last_write + KILL_REPEAT;
}

/* Where levels act late, zero may be felt a long step after it is confirmed. A box that is off, or
 * won't take Pulse, is not asked for ever. */
static bool
acts_late(const struct exchange *x)
{
	return mode_is_late(codec_mode(&x->box), codec_modes(&x->box)) && !codec_off(&x->box) &&
	       x->calms < MAX_CALMS;
}

/* With a guard Pulse is the guard's to order (limits.c); without its word nobody else would. */
static bool
must_calm(const struct exchange *x, uint64_t now)
{
	return x->zeros == 2 && x->flight == FLIGHT_NONE &&
	       (x->closing || now >= x->valid_until) && acts_late(x);
}

static size_t
kill_next(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake)
{
	bool calm = must_calm(x, now);
	uint64_t due = calm ? quiet_or_late(x) : kill_due(x);

	if (now < due) {
		sooner(wake, due);
		return 0;
	}
	if (calm) {
		/* Its answer ends the confirmation: K until there is another. */
		x->candidate = false;
		x->zeros = 0;
		x->calms++;
		wrote(x, now);
		return (size_t)codec_command(out, &x->box, ACT_MODE, MODE_PULSE);
	}
	x->candidate = x->kills >= 2 && quiet(x, KILL_QUIET, now);
	x->kills++;
	wrote(x, now);
	return (size_t)codec_command(out, &x->box, ACT_KILL, 0);
}

/* Ends the kill when it may end. The quiet after the second reply shows that it was the last. */
static bool
kill_ended(struct exchange *x, uint64_t now, uint64_t *wake)
{
	if (x->zeros < 2 || x->closing || now >= x->valid_until) {
		return false;
	}
	if (!quiet(x, KILL_QUIET, now)) {
		sooner(wake, x->last_byte + KILL_QUIET);
		return false;
	}
	x->killing = false;
	x->calms = 0;
	x->flight = FLIGHT_NONE;
	if (x->kill_seq != 0) {
		x->done = x->kill_seq;
		x->kill_seq = 0;
	}
	x->news = true;
	return true;
}

/* Mode and power take the outputs to other waveforms and strengths: only from a confirmed zero. */
static bool
may_write(const struct exchange *x, const struct box_order *o)
{
	return (o->act != ACT_MODE && o->act != ACT_POWER) || x->zero;
}

static size_t
send(struct exchange *x, char out[CODEC_COMMAND], const struct box_order *o, uint64_t now)
{
	int n = may_write(x, o) ? codec_command(out, &x->box, o->act, o->value) : -1;

	if (n < 0) {
		x->flight = FLIGHT_NONE;
		return 0;
	}
	if ((o->act == ACT_LEVEL_A || o->act == ACT_LEVEL_B) && o->value > 0) {
		x->news = x->news || x->zero; /* nobody is to call it zero until the answer comes */
		x->zero = false;
	}
	x->sent = *o;
	x->looked_at = 0;
	wrote(x, now);
	return (size_t)n;
}

/* A command of its own, not a repetition. */
static size_t
send_new(struct exchange *x, char out[CODEC_COMMAND], const struct box_order *o, uint64_t now)
{
	x->counts = o->act != ACT_HEARTBEAT;
	x->retried = false;
	x->checking = false;
	return send(x, out, o, now);
}

static const struct box_order poll_order = {.act = ACT_HEARTBEAT};

bool
exchange_overrides(const struct box_order *o)
{
	bool level = o->act == ACT_LEVEL_A || o->act == ACT_LEVEL_B;

	return (level && o->value > 0) || o->act == ACT_PARAM_C || o->act == ACT_PARAM_D;
}

/* What would override the wearer's hand is written on the heels of a status that can show it: the
 * answer to a write of ours says what we wrote, and a knob turned between two would never be seen. */
static bool
must_look(const struct exchange *x, uint64_t now)
{
	bool shown = x->looked_not == ACT_HEARTBEAT ||
		     (x->looked_not != x->order.act && !x->box.join);

	return exchange_overrides(&x->order) &&
	       (x->looked_at == 0 || now - x->looked_at > LOOK_FRESH || !shown);
}

/* Nothing in flight and the input quiet: the mailbox, else a poll when one is due. */
static size_t
send_next(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake)
{
	uint64_t due = x->last_write + x->poll_every;
	size_t n = 0;

	if (x->waiting && now >= x->order.valid_until) {
		exchange_kill(x, now);
		return kill_next(x, out, now, wake);
	}
	if (x->waiting && must_look(x, now)) {
		return send_new(x, out, &poll_order, now);
	}
	if (x->waiting) {
		x->waiting = false;
		n = send_new(x, out, &x->order, now);
	}
	if (n == 0 && now >= due) {
		n = send_new(x, out, &poll_order, now);
	}
	if (n == 0) {
		sooner(wake, due);
	}
	return n;
}

static size_t
send_again(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake)
{
	struct box_order o = x->sent;
	size_t n;

	if (o.act != ACT_HEARTBEAT && now >= o.valid_until) {
		exchange_kill(x, now);
		return kill_next(x, out, now, wake);
	}
	n = send(x, out, &o, now);
	return n > 0 ? n : send_next(x, out, now, wake);
}

/* Asks what is true; the order in doubt stays the one that the answer is for. */
static size_t
send_check(struct exchange *x, char out[CODEC_COMMAND], uint64_t now)
{
	x->checking = true;
	wrote(x, now);
	return (size_t)codec_command(out, &x->box, ACT_HEARTBEAT, 0);
}

static bool
something_to_say(const struct exchange *x, uint64_t now)
{
	return x->flight != FLIGHT_NONE || x->waiting || now >= x->last_write + x->poll_every;
}

static size_t
ready_next(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake)
{
	if (x->flight == FLIGHT_SENT) {
		return 0;
	}
	if (!quiet(x, ORDER_QUIET, now)) {
		/* What can't be asked for is not answered either: noise without end is silence. */
		if (x->asked == 0 && something_to_say(x, now)) {
			x->asked = now;
		}
		sooner(wake, x->last_byte + ORDER_QUIET);
		return 0;
	}
	if (x->flight == FLIGHT_AGAIN) {
		return send_again(x, out, now, wake);
	}
	if (x->flight == FLIGHT_NONE) {
		return send_next(x, out, now, wake);
	}
	if (now < x->check_at) {
		sooner(wake, x->check_at);
		return 0;
	}
	return send_check(x, out, now);
}

static bool
silent(const struct exchange *x, uint64_t now)
{
	return x->asked != 0 && now - x->asked >= REPLY_TIMEOUT;
}

/* A line whose end was lost: forgotten, or it would spoil the next one too. */
static void
drop_cut_line(struct exchange *x, uint64_t now, uint64_t *wake)
{
	if (x->len == 0) {
		return;
	}
	if (!quiet(x, CUT_LINE, now)) {
		sooner(wake, x->last_byte + CUT_LINE);
		return;
	}
	x->len = 0;
	x->faults++;
	x->news = true;
	if (!x->killing && x->flight == FLIGHT_SENT) {
		exchange_doubt(x, now);
	}
}

static void
watch_port(struct exchange *x, uint64_t now)
{
	uint8_t port = PORT_OK;

	if (silent(x, now)) {
		port = PORT_SILENT;
	} else if (x->replies == 0) {
		port = PORT_STARTING;
	} else if (codec_off(&x->box)) {
		port = PORT_OFF;
	}
	/* Switched on again: what was confirmed is not of what it does now. */
	if (port == PORT_OK && x->port == PORT_OFF && !x->killing) {
		exchange_kill(x, now);
	}
	x->news = x->news || port != x->port;
	x->port = port;
}

size_t
exchange_next(struct exchange *x, char out[CODEC_COMMAND], uint64_t now, uint64_t *wake)
{
	size_t n;

	*wake = UINT64_MAX;
	drop_cut_line(x, now, wake);
	watch_port(x, now);
	/* What was ordered before a silence is not what is wanted after it. */
	if (!x->killing && (now >= x->valid_until || silent(x, now))) {
		exchange_kill(x, now);
	}
	if (x->killing && !kill_ended(x, now, wake)) {
		n = kill_next(x, out, now, wake);
	} else {
		n = ready_next(x, out, now, wake);
	}
	if (!x->killing) {
		sooner(wake, x->valid_until);
	}
	if (x->asked != 0 && !silent(x, now)) {
		sooner(wake, x->asked + REPLY_TIMEOUT);
	}
	return n;
}

void
exchange_report(const struct exchange *x, struct box_report *r)
{
	memset(r, 0, sizeof(*r));
	r->seq = x->seq;
	r->done = x->done;
	r->port = x->port;
	r->zero = x->zero;
	r->at = x->at;
	r->replies = x->replies;
	r->faults = x->faults;
	r->kills = x->own_kills;
	r->battery = x->box.battery;
	r->percent = 255;
	r->a = x->box.a;
	r->b = x->box.b;
	r->c = x->box.c;
	r->d = x->box.d;
	r->mode = MODE_OTHER;
	r->power = x->box.power != 'L';
	r->join = x->box.join;
	r->fields = x->box.fields;
	memcpy(r->version, x->box.version, sizeof(r->version));
	if (x->box.fields != 0) {
		r->percent = codec_percent(&x->box);
		r->mode = codec_mode(&x->box);
		r->modes = codec_modes(&x->box);
	}
}

bool
exchange_over(const struct exchange *x)
{
	return x->closing && x->zeros == 2 && !acts_late(x);
}

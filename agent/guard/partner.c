/*
 * The partner's commands: who may speak, and what that means for the limits (docs/PROTOCOL.md,
 * "Authenticity"). Runs in the guard. Input: commands that the grammar accepted, not yet
 * authentic, from the link process.
 */
#include "agent/guard/guard.h"

#include <string.h>

#include "common/clock.h"
#include "common/modes.h"
#include "common/secret.h"

/* Control that was lost in the limits is lost here too. */
static void
drop_control(struct guard *g)
{
	if (g->session.control != NO_PAGE && !g->limits.armed) {
		g->session.control = NO_PAGE;
		publish_soon(g);
	}
}

/* Does anything wait for the pending zero to be confirmed? */
static bool
something_waits(const struct limits *l)
{
	return l->target[0] != 0 || l->target[1] != 0 || l->param[0] != 0 || l->param[1] != 0 ||
	       l->mode != MODE_OTHER || l->power <= 1;
}

/* Anyone may stop, at any time. Many at once are one: while a kill is pending there is nothing
 * more to do, unless something was asked since it began. */
static void
partner_stop(struct guard *g)
{
	enum why why = g->limits.latched ? (enum why)g->limits.why : WHY_PARTNER;

	if (!g->limits.kill || something_waits(&g->limits)) {
		guard_say(g, "The partner pressed stop.");
		guard_zero(g, why, false);
	}
}

static void
partner_hello(struct guard *g, int page, uint64_t until, uint64_t now)
{
	struct session *s = &g->session;

	if (s->control == page) {
		limits_authority(&g->limits, until);
		return;
	}
	if (g->limits.latched || s->control != NO_PAGE || (s->asking != NO_PAGE && s->asking != page) ||
	    until <= now) {
		return;
	}
	if (s->asking == NO_PAGE) {
		s->asking_since = now;
		s->hasty = false;
		secret_random(s->nonce, NONCE_LEN);
	}
	s->asking = page;
	s->refused = NO_PAGE;
	s->asking_until = until;
	if (g->settings.ask && !s->pages[page].allowed) {
		guard_say(g, "A partner asks for control. Compare the check words.");
	}
	publish_soon(g);
}

static void
partner_bye(struct guard *g, int page)
{
	struct session *s = &g->session;

	if (s->asking == page) {
		s->asking = NO_PAGE;
	}
	if (s->control == page) {
		guard_say(g, "The partner gave control up.");
		guard_zero(g, WHY_BYE, false);
	}
	publish_soon(g);
}

/* Something that changes a setting; the beacon has shown that the page is there now. */
static void
partner_change(struct guard *g, const struct command *c, uint64_t now)
{
	const struct limits_settings *set = &g->settings.limits;
	struct limits_box b = box_view(g);
	bool taken = false;

	switch (c->op) {
	case OP_LEVEL:
		taken = limits_level(&g->limits, set, &b, c->channel, c->value, now);
		break;
	case OP_PARAM:
		taken = limits_param(&g->limits, c->channel, c->value, now);
		break;
	case OP_MODE:
		taken = limits_mode(&g->limits, set, &b, c->value, now);
		break;
	case OP_POWER:
		taken = limits_power(&g->limits, set, &b, c->value, now);
		break;
	default:
		break;
	}
	if (!taken) {
		g->session.bad++;
	}
	publish_soon(g);
}

/* A page answers each state at once with `alive`: that is one way to it and one back. */
static void
measure(struct guard *g, const struct command *c, uint64_t until, uint64_t now)
{
	uint64_t sent = until - g->settings.limits.hold_ms;

	if (c->op == OP_ALIVE && until != 0) {
		g->rtt_ms = now - sent < RTT_NONE ? (uint16_t)(now - sent) : RTT_NONE;
	}
}

/* The order matters: stop before everything, then authentic or not, then downward, then the rest. */
void
partner_command(struct guard *g, const struct command *c, uint64_t now)
{
	struct session *s = &g->session;
	uint64_t until;
	int page;

	if (c->op == OP_STOP) {
		partner_stop(g);
		return;
	}
	drop_control(g);
	page = session_accept(s, c, g->settings.limits.hold_ms, &until);
	if (page == NO_PAGE) {
		return;
	}
	if (page == s->control) {
		limits_want(&g->limits, c->want);
		limits_authority(&g->limits, until);
		measure(g, c, until, now);
	} else if (page == s->asking && until > s->asking_until) {
		s->asking_until = until;
	}
	if (c->op == OP_HELLO) {
		partner_hello(g, page, until, now);
	} else if (c->op == OP_BYE) {
		partner_bye(g, page);
	} else if (c->op != OP_ALIVE && page == s->control && until > now) {
		partner_change(g, c, now);
	} else if (c->op != OP_ALIVE) {
		s->bad++;
	}
}

void
partner_allow(struct guard *g, bool allow, uint64_t now)
{
	struct session *s = &g->session;

	if (s->asking == NO_PAGE) {
		return;
	}
	if (allow && now - s->asking_since < LOOK_MS) {
		if (!s->hasty) {
			guard_say(g, "The question has only just come: compare the words first.");
		}
		s->hasty = true;
		s->asking_since = now; /* a key that is held down is no answer */
		return;
	}
	if (allow) {
		s->pages[s->asking].allowed = true;
		partner_turn(g, now);
		return;
	}
	guard_say(g, "You refused the partner.");
	s->pages[s->asking].allowed = false;
	s->refused = s->asking;
	s->asking = NO_PAGE;
	if (!g->limits.kill) {
		g->limits.why = WHY_REFUSED;
	}
	publish_soon(g);
}

void
partner_hold(struct guard *g, uint64_t now)
{
	uint64_t latest = now + g->settings.limits.hold_ms;

	if (g->limits.authority > latest) {
		g->limits.authority = latest;
	}
	if (g->session.asking_until > latest) {
		g->session.asking_until = latest;
	}
}

/* A page that asks comes into control when it is allowed and the outputs are confirmed at zero; one
 * that has lost control in the limits loses it here too. */
void
partner_turn(struct guard *g, uint64_t now)
{
	struct session *s = &g->session;
	struct limits_box b = box_view(g);

	drop_control(g);
	if (g->limits.latched) {
		s->asking = NO_PAGE; /* who asked before a stop must ask again after it */
	}
	if (s->asking == NO_PAGE) {
		return;
	}
	if (s->asking_until <= now) {
		guard_say(g, "The partner who asked has gone.");
		s->asking = NO_PAGE;
		publish_soon(g);
		return;
	}
	if ((g->settings.ask && !s->pages[s->asking].allowed) || sleep_is_near(g, now)) {
		return;
	}
	g->limits.authority = s->asking_until;
	if (limits_arm(&g->limits, &b, now)) {
		guard_say(g, "The partner is in control.");
		s->control = s->asking;
		g->live_at = now;
		g->rtt_ms = RTT_NONE;
		s->asking = NO_PAGE;
		publish_soon(g);
	}
}

/*
 * What others are told: the signed state for the partner, the view for the ui. Runs in the guard.
 */
#include "agent/guard/guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/encode.h"
#include "common/modes.h"

#define NOT_RUNNING 0xffffffffu

enum guard_phase
guard_phase(const struct guard *g, uint64_t now)
{
	const struct limits *l = &g->limits;

	if (g->life != LIFE_RUN || (!g->session.open && !g->issue_wanted) || l->why == WHY_ENDED ||
	    l->why == WHY_EXPIRED || l->why == WHY_REVOKED) {
		return GUARD_ENDED;
	}
	if (l->latched && g->report.port < PORT_GONE) {
		return GUARD_STOPPED;
	}
	if (!box_view(g).ok) {
		return GUARD_FAULT;
	}
	if (l->armed && l->authority > now) {
		return GUARD_LIVE;
	}
	return g->session.asking != NO_PAGE ? GUARD_ASKING : GUARD_WAITING;
}

void
publish_soon(struct guard *g)
{
	g->fresh = true;
}

/* Appends to a text that may already be full; -1 stays -1. */
__attribute__((format(printf, 4, 5))) static int
add(char *out, size_t size, int at, const char *format, ...)
{
	va_list ap;
	int n;

	if (at < 0) {
		return -1;
	}
	va_start(ap, format);
	n = vsnprintf(out + at, size - (size_t)at, format, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size - (size_t)at ? -1 : at + n;
}

static int
add_modes(char *out, size_t size, int at, uint32_t modes)
{
	const char *comma = "";

	at = add(out, size, at, ",\"modes\":[");
	for (unsigned m = 0; m < MODE_COUNT; m++) {
		if ((modes >> m & 1) != 0) {
			at = add(out, size, at, "%s\"%s\"", comma, mode_name(m));
			comma = ",";
		}
	}
	return add(out, size, at, "]");
}

static uint32_t
seconds_left(uint64_t end, uint64_t now)
{
	return end > now ? (uint32_t)((end - now + 999) / 1000) : 0;
}

/* Milliseconds until a limit that counts from `since`, or UINT64_MAX when it does not run. */
static uint64_t
limit_left(const struct guard *g, uint64_t since, uint32_t limit, uint64_t now)
{
	if (limit == 0 || !g->limits.armed) {
		return UINT64_MAX;
	}
	return since + limit > now ? since + limit - now : 0;
}

static int
idle_soon(const struct guard *g, uint64_t now)
{
	uint64_t left = limit_left(g, g->limits.changed, g->settings.limits.idle_ms, now);

	return left <= IDLE_WARN_MS ? (int)(left / 1000) : -1;
}

static int
add_page(const struct guard *g, char *out, size_t size, int at)
{
	const struct session *s = &g->session;
	int page = session_page(s);
	char text[HEX_LEN(PAGE_ID) + 1] = "", nonce[HEX_LEN(NONCE_LEN) + 1] = "";
	uint8_t mark[PAGE_ID];
	uint32_t n = 0;

	if (page != NO_PAGE && auth_mark(mark, &s->keys, s->pages[page].id) == 0) {
		hex_encode(text, mark, PAGE_ID);
		n = s->pages[page].n;
	}
	if (s->control != NO_PAGE || s->asking != NO_PAGE) {
		hex_encode(nonce, s->nonce, NONCE_LEN);
	}
	return add(out, size, at, ",\"page\":\"%s\",\"nonce\":\"%s\",\"n\":%u", text, nonce,
		   n);
}

/* Levels as people read them: half of the raw value. */
static unsigned
percent(uint8_t raw)
{
	return raw / 2u > LEVEL_MAX ? LEVEL_MAX : raw / 2u;
}

/* The JSON of a state (docs/PROTOCOL.md, "States"). Its length, or -1. */
int
state_write(const struct guard *g, uint32_t beacon, uint64_t now, char *out, size_t size)
{
	const struct limits_settings *set = &g->settings.limits;
	const struct limits *l = &g->limits;
	const struct box_report *r = &g->report;
	struct limits_box b = box_view(g);
	int at = add(out, size, 0, "{\"v\":1,\"beacon\":%u,\"guard\":\"%s\",\"why\":\"%s\",\"box\":\"%s\"",
		     beacon, guard_phase_name(guard_phase(g, now)), why_name(l->why),
		     box_port_name(r->port < PORT_GONE ? r->port : PORT_GONE));

	at = add(out, size, at, ",\"a\":%u,\"b\":%u,\"ta\":%u,\"tb\":%u,\"capa\":%u,\"capb\":%u",
		 percent(r->a), percent(r->b), l->target[0], l->target[1], limits_cap(set, &b, 0),
		 limits_cap(set, &b, 1));
	at = add(out, size, at, ",\"c\":%u,\"d\":%u,\"mode\":\"%s\"", percent(r->c), percent(r->d),
		 mode_name(r->mode));
	at = add_modes(out, size, at, set->modes & r->modes);
	at = add(out, size, at, ",\"power\":\"%s\",\"lockp\":%s,\"lockm\":%s,\"join\":%s,\"bat\":%d",
		 r->power == 0 ? "low" : "high", set->lock_power ? "true" : "false",
		 set->lock_mode ? "true" : "false", r->join ? "true" : "false",
		 r->percent <= 100 ? r->percent : -1);
	at = add(out, size, at, ",\"left\":%u,\"idle\":%d", seconds_left(g->session.end, now),
		 idle_soon(g, now));
	at = add_page(g, out, size, at);
	return add(out, size, at, ",\"stops\":%u,\"bad\":%u}", l->stops, g->session.bad);
}

/* Signs and hands a state to the link; one that the link can't take now is not queued, since the
 * next says more. */
void
publish_state(struct guard *g, uint64_t now)
{
	struct link_state m = {0};
	char json[MAX_STATE], text[B64_LEN(AUTH_MAC) + 1];
	uint8_t mac[AUTH_MAC];
	size_t head = B64_LEN(AUTH_MAC) + 1;
	int len;

	if (g->link.fd < 0 || g->job != JOB_AGENT || g->link_status.phase != LINK_CONNECTED) {
		return;
	}
	g->state_at = now;
	len = state_write(g, session_beacon(&g->session, now), now, json, sizeof(json) - head);
	if (len < 0 || auth_state_mac(mac, &g->session.keys, json, (size_t)len) < 0) {
		return;
	}
	b64_encode(text, mac, AUTH_MAC);
	memcpy(m.bytes, text, head - 1);
	m.bytes[head - 1] = '.';
	memcpy(m.bytes + head, json, (size_t)len);
	m.len = (uint16_t)(head + (size_t)len);
	(void)frames_send(g->link.fd, frames_to_link, FRAME_LINK_STATE, &m);
}

static void
view_session(const struct guard *g, struct ui_view *v, uint64_t now)
{
	const struct session *s = &g->session;
	uint64_t idle = limit_left(g, g->limits.changed, g->settings.limits.idle_ms, now);
	uint64_t seen = limit_left(g, g->limits.seen, g->settings.limits.checkin_ms, now);
	int page = session_page(s);

	v->left = s->open ? seconds_left(s->end, now) : 0;
	v->idle_left = idle == UINT64_MAX ? NOT_RUNNING : (uint32_t)(idle / 1000);
	v->checkin_left = seen == UINT64_MAX ? NOT_RUNNING : (uint32_t)(seen / 1000);
	v->bad = s->bad;
	v->live_s = s->control == NO_PAGE ? NOT_RUNNING : (uint32_t)((now - g->live_at) / 1000);
	v->rtt_ms = s->control == NO_PAGE ? RTT_NONE : g->rtt_ms;
	if (page != NO_PAGE && page != s->refused) {
		(void)auth_words(v->words, &s->keys, s->pages[page].id, s->nonce);
	}
	if (s->open && link_write(v->link_text, g->options.page, s->key, s->secret) < 0) {
		v->link_text[0] = '\0';
	}
}

static void
view_settings(const struct guard *g, struct ui_view *v)
{
	const struct limits_settings *set = &g->settings.limits;

	memcpy(v->cap, set->cap, sizeof(v->cap));
	v->lock_power = set->lock_power;
	v->lock_mode = set->lock_mode;
	v->ask = g->settings.ask;
	v->modes = set->modes & g->report.modes;
	v->modes_allowed = set->modes;
	v->modes_present = g->report.modes;
	v->hold_s = (uint16_t)(set->hold_ms / 1000);
	v->idle_min = (uint16_t)(set->idle_ms / 60000);
	v->checkin_min = (uint16_t)(set->checkin_ms / 60000);
	v->rise_ms = (uint16_t)set->rise_ms;
	v->unsaved = !g->options.demo && !settings_same(&g->settings, &g->saved);
}

void
view_fill(const struct guard *g, struct ui_view *view, uint64_t now)
{
	const struct box_report *r = &g->report;

	*view = (struct ui_view){
		.phase = (uint8_t)guard_phase(g, now),
		.why = g->limits.why,
		.port = r->port,
		.link = g->link_status.phase,
		.zero = box_zero(g),
		.going = g->limits.kill,
		.latched = g->limits.latched,
		.join = r->join,
		.level = {(uint8_t)percent(r->a), (uint8_t)percent(r->b)},
		.target = {g->limits.target[0], g->limits.target[1]},
		.param = {(uint8_t)percent(r->c), (uint8_t)percent(r->d)},
		.mode = r->mode,
		.power = r->power,
		.percent = r->percent,
		.stops = g->limits.stops,
	};
	view_settings(g, view);
	view_session(g, view, now);
	memcpy(view->version, r->version, sizeof(view->version));
	memcpy(view->note, g->link_status.why, sizeof(view->note));
}

void
publish_view(struct guard *g, uint64_t now)
{
	struct ui_view v;

	g->view_at = now + BEAT_MS;
	if (g->ui.fd < 0 || g->ui_stalled) {
		return;
	}
	view_fill(g, &v, now);
	(void)frames_send(g->ui.fd, frames_to_ui, FRAME_UI_VIEW, &v);
}

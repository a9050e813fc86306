/*
 * JSON lines for a ui without a screen; see headless.h. Runs in the ui. Input: standard input of a
 * program that the wearer runs.
 */
#include "agent/ui/headless.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>

#include "agent/ui/order.h"
#include "agent/ui/view.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/modes.h"
#include "common/sandbox.h"

struct headless {
	struct ui_peer *peer;
	int input; /* -1: ended */
	char line[UI_LINE + 1];
	size_t line_len;      /* UI_LINE + 1: too long, its end is skipped */
	bool broken;	      /* standard output has gone */
	char shown[UI_EVENT]; /* the last state event */
	char link[MAX_LINK];
	uint32_t log_shown;
	uint64_t state_at; /* no state event before */
};

static void
add_pair(cJSON *object, const char *name, const uint8_t value[2])
{
	const int numbers[] = {value[0], value[1]};

	cJSON_AddItemToObject(object, name, cJSON_CreateIntArray(numbers, 2));
}

/* A number, or null for the value that stands for none. */
static void
add_maybe(cJSON *object, const char *name, uint32_t value, uint32_t none)
{
	if (value == none) {
		cJSON_AddNullToObject(object, name);
	} else {
		cJSON_AddNumberToObject(object, name, value);
	}
}

static const char *
server_name(unsigned link)
{
	static const char *const names[] = {"connecting", "connected", "refused", "lost", "done"};

	return link < sizeof(names) / sizeof(names[0]) ? names[link] : "lost";
}

static void
add_state(cJSON *o, const struct ui_view *v)
{
	cJSON_AddStringToObject(o, "event", "state");
	cJSON_AddStringToObject(o, "phase", guard_phase_name(v->phase));
	cJSON_AddStringToObject(o, "why", why_name(v->why));
	cJSON_AddStringToObject(o, "box", box_port_name(v->port));
	cJSON_AddStringToObject(o, "server", server_name(v->link));
	cJSON_AddBoolToObject(o, "zero", v->zero);
	cJSON_AddBoolToObject(o, "latched", v->latched);
	cJSON_AddBoolToObject(o, "join", v->join);
}

static void
add_box(cJSON *o, const struct ui_view *v)
{
	cJSON *caps = cJSON_AddObjectToObject(o, "caps");
	cJSON *modes = cJSON_AddArrayToObject(o, "modes");

	add_pair(o, "level", v->level);
	add_pair(o, "target", v->target);
	add_pair(o, "cap", v->cap[v->power == 0 ? 0 : 1]);
	add_pair(caps, "low", v->cap[0]);
	add_pair(caps, "high", v->cap[1]);
	add_pair(o, "param", v->param);
	cJSON_AddStringToObject(o, "mode", mode_name(v->mode));
	cJSON_AddStringToObject(o, "power", ui_power(v));
	for (unsigned m = 0; m < MODE_COUNT; m++) {
		if ((v->modes >> m & 1) != 0) {
			cJSON_AddItemToArray(modes, cJSON_CreateString(mode_name(m)));
		}
	}
	add_maybe(o, "battery", v->percent, 255);
	cJSON_AddStringToObject(o, "version", v->version);
}

static void
add_settings(cJSON *o, const struct ui_view *v)
{
	cJSON_AddBoolToObject(o, "ask", v->ask);
	cJSON_AddBoolToObject(o, "lock_power", v->lock_power);
	cJSON_AddBoolToObject(o, "lock_mode", v->lock_mode);
	cJSON_AddNumberToObject(o, "hold", v->hold_s);
	cJSON_AddNumberToObject(o, "idle_min", v->idle_min);
	cJSON_AddNumberToObject(o, "checkin_min", v->checkin_min);
	cJSON_AddNumberToObject(o, "rise", v->rise_ms);
	cJSON_AddBoolToObject(o, "unsaved", v->unsaved);
}

static void
add_session(cJSON *o, const struct ui_view *v)
{
	char advice[UI_ADVICE], warning[UI_ADVICE];

	ui_advice(v, advice);
	ui_warning(v, warning);
	add_maybe(o, "left", v->left, UI_NEVER);
	add_maybe(o, "idle", v->idle_left, UI_NEVER);
	add_maybe(o, "checkin", v->checkin_left, UI_NEVER);
	add_maybe(o, "live", v->live_s, UI_NEVER);
	add_maybe(o, "rtt", v->rtt_ms, UINT16_MAX);
	cJSON_AddNumberToObject(o, "stops", v->stops);
	cJSON_AddNumberToObject(o, "bad", v->bad);
	cJSON_AddStringToObject(o, "words", v->words);
	cJSON_AddStringToObject(o, "note", v->note);
	cJSON_AddStringToObject(o, "sentence", ui_sentence(v));
	cJSON_AddStringToObject(o, "advice", advice);
	cJSON_AddStringToObject(o, "warning", warning);
}

/* Writes the object as one line and frees it. Its length, or -1 when it could not be written. */
static int
line_of(cJSON *object, char out[UI_EVENT])
{
	size_t len;
	int ok = object != NULL && cJSON_PrintPreallocated(object, out, UI_EVENT - 2, 0);

	cJSON_Delete(object);
	if (!ok) {
		return -1;
	}
	len = strlen(out);
	out[len] = '\n';
	out[len + 1] = '\0';
	return (int)len + 1;
}

int
ui_state_line(const struct ui_view *view, char out[UI_EVENT])
{
	cJSON *o = cJSON_CreateObject();

	add_state(o, view);
	add_box(o, view);
	add_settings(o, view);
	add_session(o, view);
	return line_of(o, out);
}

/* Waits while nobody reads: then we are silent, and the guard stops. */
static void
write_line(struct headless *h, const char *line, int len)
{
	while (len > 0 && !h->broken) {
		ssize_t n = write(STDOUT_FILENO, line, (size_t)len);

		if (n >= 0) {
			line += n;
			len -= (int)n;
		} else if (errno != EINTR) {
			h->broken = true;
		}
	}
}

static void
write_text(struct headless *h, const char *event, const char *field, const char *text,
	   uint32_t time)
{
	char out[UI_EVENT];
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "event", event);
	if (time != 0) {
		cJSON_AddNumberToObject(o, "time", time);
	}
	cJSON_AddStringToObject(o, field, text);
	write_line(h, out, line_of(o, out));
}

static void
show_log(struct headless *h)
{
	const struct ui_peer *p = h->peer;

	if (p->log_count - h->log_shown > UI_LOG) {
		h->log_shown = p->log_count - UI_LOG;
	}
	while (h->log_shown != p->log_count) {
		const struct ui_event *e = &p->log[h->log_shown++ % UI_LOG];

		write_text(h, "log", "text", e->text, e->unix_time);
	}
}

static void
show_state(struct headless *h, uint64_t now)
{
	const struct ui_view *v = &h->peer->view;
	char out[UI_EVENT];
	int len;

	if (!h->peer->seen) {
		return;
	}
	if (strcmp(h->link, v->link_text) != 0) {
		memcpy(h->link, v->link_text, sizeof(h->link));
		write_text(h, "link", "link", h->link, 0);
	}
	if (now < h->state_at) {
		return;
	}
	len = ui_state_line(v, out);
	if (len > 0 && strcmp(h->shown, out) != 0) {
		memcpy(h->shown, out, (size_t)len + 1);
		h->state_at = now + UI_STATE_MS;
		write_line(h, out, len);
	}
}

static void
obey_line(struct headless *h)
{
	struct ui_input in;
	char why[UI_WHY];

	if (ui_order_parse(&in, h->line, h->line_len, why) == 0) {
		ui_peer_send(h->peer, &in);
	} else {
		write_text(h, "error", "text", why, 0);
	}
}

static void
end_line(struct headless *h)
{
	if (h->line_len > 0) {
		obey_line(h);
	}
	h->line_len = 0;
}

/* The end of the input ends a line too: a stop is one without its newline. */
static void
read_input(struct headless *h)
{
	char bytes[1024];
	ssize_t n = read(h->input, bytes, sizeof(bytes));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		h->input = -1;
		end_line(h);
	}
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			end_line(h);
		} else if (h->line_len < sizeof(h->line)) {
			h->line[h->line_len++] = bytes[i];
		}
	}
}

int
ui_headless(struct ui_peer *peer)
{
	struct headless h = {.peer = peer, .input = STDIN_FILENO};
	const char *why;
	int rc, wait = 0;

	signal(SIGPIPE, SIG_IGN);
	if (sandbox_seal(SANDBOX_BASE, &why) != 0) {
		log_error("no sandbox: %s", why);
		return 1;
	}
	for (;;) {
		struct pollfd fds[] = {
			{h.input, POLLIN, 0}, {peer->fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};

		(void)poll(fds, 3, wait);
		if (fds[0].revents != 0) {
			read_input(&h);
		}
		rc = ui_peer_read(peer);
		show_log(&h);
		show_state(&h, clock_ms());
		if (rc < 0 || h.broken || (fds[2].revents & (POLLERR | POLLHUP)) != 0) {
			return rc == -1 ? 0 : 1;
		}
		wait = ui_peer_alive(peer, clock_ms());
	}
}

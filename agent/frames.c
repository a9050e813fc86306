/*
 * Field lists of the agent's frames. Runs in all of its processes. Input: frames of our own
 * processes, of which all but the guard may have been taken over; every value is checked by its
 * receiver, this file only checks the form.
 */
#include "agent/frames.h"

#include <string.h>

static void
order_fields(struct wire *w, void *message)
{
	struct box_order *m = message;

	wire_u32(w, &m->seq);
	wire_u8(w, &m->act);
	wire_u8(w, &m->value);
	wire_u64(w, &m->valid_until);
}

static void
report_fields(struct wire *w, void *message)
{
	struct box_report *m = message;

	wire_u32(w, &m->seq);
	wire_u32(w, &m->done);
	wire_u8(w, &m->port);
	wire_bool(w, &m->zero);
	wire_u64(w, &m->at);
	wire_u32(w, &m->replies);
	wire_u32(w, &m->faults);
	wire_u32(w, &m->kills);
	wire_u32(w, &m->battery);
	wire_u8(w, &m->percent);
	wire_u8(w, &m->a);
	wire_u8(w, &m->b);
	wire_u8(w, &m->c);
	wire_u8(w, &m->d);
	wire_u8(w, &m->mode);
	wire_u8(w, &m->power);
	wire_bool(w, &m->join);
	wire_u8(w, &m->fields);
	wire_u32(w, &m->modes);
	wire_text(w, m->version, sizeof(m->version));
}

static void
element_fields(struct wire *w, void *message)
{
	struct box_element *m = message;

	wire_bytes(w, m->bytes, sizeof(m->bytes));
	wire_u32(w, &m->polls);
}

static void
setup_fields(struct wire *w, void *message)
{
	struct link_setup *m = message;

	wire_u8(w, &m->job);
	wire_text(w, m->host, sizeof(m->host));
	wire_u16(w, &m->port);
	wire_text(w, m->ca, sizeof(m->ca));
	wire_text(w, m->client, sizeof(m->client));
	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_text(w, m->token, sizeof(m->token));
	wire_bytes(w, m->agent_element, sizeof(m->agent_element));
	wire_bytes(w, m->link_element, sizeof(m->link_element));
}

static void
status_fields(struct wire *w, void *message)
{
	struct link_status *m = message;

	wire_u8(w, &m->phase);
	wire_u32(w, &m->refused);
	wire_u16(w, &m->retry);
	wire_text(w, m->why, sizeof(m->why));
}

static void
issued_fields(struct wire *w, void *message)
{
	struct link_issued *m = message;

	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_text(w, m->key, sizeof(m->key));
	wire_text(w, m->client, sizeof(m->client));
	wire_text(w, m->token, sizeof(m->token));
	wire_u32(w, &m->left);
	wire_text(w, m->latest, sizeof(m->latest));
	wire_text(w, m->oldest, sizeof(m->oldest));
}

static void
command_fields(struct wire *w, void *message)
{
	struct command *m = message;

	wire_u8(w, &m->op);
	wire_u8(w, &m->channel);
	wire_u8(w, &m->value);
	wire_bytes(w, m->want, sizeof(m->want));
	wire_bytes(w, m->page, sizeof(m->page));
	wire_u32(w, &m->n);
	wire_u32(w, &m->beacon);
	wire_bytes(w, m->mac, sizeof(m->mac));
}

static void
state_fields(struct wire *w, void *message)
{
	struct link_state *m = message;

	wire_u16(w, &m->len);
	wire_bytes(w, m->bytes, sizeof(m->bytes));
	if (m->len > sizeof(m->bytes)) {
		w->bad = true;
	}
}

static void
no_fields(struct wire *w, void *message)
{
	(void)w;
	(void)message;
}

static void
view_fields(struct wire *w, void *message)
{
	struct ui_view *m = message;

	wire_u8(w, &m->phase);
	wire_u8(w, &m->why);
	wire_u8(w, &m->port);
	wire_u8(w, &m->link);
	wire_bool(w, &m->zero);
	wire_bool(w, &m->going);
	wire_bool(w, &m->latched);
	wire_bool(w, &m->join);
	wire_bool(w, &m->lock_power);
	wire_bool(w, &m->lock_mode);
	wire_bool(w, &m->ask);
	wire_bytes(w, m->level, sizeof(m->level));
	wire_bytes(w, m->target, sizeof(m->target));
	wire_bytes(w, m->param, sizeof(m->param));
	wire_bytes(w, m->cap, sizeof(m->cap));
	wire_u8(w, &m->mode);
	wire_u8(w, &m->power);
	wire_u8(w, &m->percent);
	wire_u32(w, &m->modes);
	wire_u32(w, &m->modes_allowed);
	wire_u32(w, &m->modes_present);
	wire_u32(w, &m->left);
	wire_u32(w, &m->idle_left);
	wire_u32(w, &m->checkin_left);
	wire_u32(w, &m->live_s);
	wire_u16(w, &m->rtt_ms);
	wire_bool(w, &m->unsaved);
	wire_u32(w, &m->stops);
	wire_u32(w, &m->bad);
	wire_u16(w, &m->hold_s);
	wire_u16(w, &m->idle_min);
	wire_u16(w, &m->checkin_min);
	wire_u16(w, &m->rise_ms);
	wire_text(w, m->words, sizeof(m->words));
	wire_text(w, m->link_text, sizeof(m->link_text));
	wire_text(w, m->version, sizeof(m->version));
	wire_text(w, m->note, sizeof(m->note));
}

static void
event_fields(struct wire *w, void *message)
{
	struct ui_event *m = message;

	wire_u32(w, &m->unix_time);
	wire_text(w, m->text, sizeof(m->text));
}

static void
input_fields(struct wire *w, void *message)
{
	struct ui_input *m = message;

	wire_u8(w, &m->action);
	wire_u8(w, &m->power);
	wire_u32(w, &m->value);
}

static void
sleep_setup_fields(struct wire *w, void *message)
{
	struct sleep_setup *m = message;

	wire_text(w, m->bus, sizeof(m->bus));
}

static void
hold_fields(struct wire *w, void *message)
{
	struct sleep_hold *m = message;

	wire_bool(w, &m->hold);
}

static void
sleep_status_fields(struct wire *w, void *message)
{
	struct sleep_status *m = message;

	wire_u8(w, &m->phase);
	wire_text(w, m->why, sizeof(m->why));
}

static void
save_order_fields(struct wire *w, void *message)
{
	struct save_order *m = message;

	wire_text(w, m->host, sizeof(m->host));
	wire_u16(w, &m->port);
	wire_text(w, m->ca, sizeof(m->ca));
	wire_text(w, m->page, sizeof(m->page));
	wire_bytes(w, m->cap, sizeof(m->cap));
	wire_bool(w, &m->lock_power);
	wire_bool(w, &m->lock_mode);
	wire_bool(w, &m->ask);
	wire_u32(w, &m->modes);
	wire_u16(w, &m->hold_s);
	wire_u16(w, &m->idle_min);
	wire_u16(w, &m->checkin_min);
	wire_u16(w, &m->rise_ms);
}

static void
save_done_fields(struct wire *w, void *message)
{
	struct save_done *m = message;

	wire_bool(w, &m->ok);
	wire_text(w, m->why, sizeof(m->why));
}

enum {
	LEN_ORDER = 4 + 1 + 1 + 8,
	LEN_REPORT = 4 + 4 + 1 + 1 + 8 + 4 + 4 + 4 + 4 + 1 + 4 + 1 + 1 + 1 + 1 + 4 + 12,
	LEN_ELEMENT = ELEMENT_LEN + 4,
	LEN_SETUP = 1 + MAX_HOST + 2 + MAX_PATH + CLIENT_TEXT + 1 + SID_LEN + MAX_TOKEN + 1 +
		    2 * ELEMENT_LEN,
	LEN_STATUS = 1 + 4 + 2 + 96,
	LEN_ISSUED = SID_LEN + KEY_TEXT + 1 + CLIENT_TEXT + 1 + MAX_TOKEN + 1 + 4 + 16 + 16,
	LEN_COMMAND = 1 + 1 + 1 + 2 + PAGE_ID + 4 + 4 + COMMAND_MAC,
	LEN_STATE = 2 + MAX_STATE,
	LEN_VIEW = 4 + 7 + 2 + 2 + 2 + 4 + 3 + 9 * 4 + 2 + 1 + 4 * 2 + CHECK_WORDS_MAX + MAX_LINK + 12 + 96,
	LEN_EVENT = 4 + 120,
	LEN_INPUT = 1 + 1 + 4,
	LEN_SLEEP_SETUP = MAX_PATH,
	LEN_HOLD = 1,
	LEN_SLEEP_STATUS = 1 + 64,
	LEN_SAVE_ORDER = MAX_HOST + 2 + MAX_PATH + MAX_HOST + 16 + 4 + 3 + 4 + 4 * 2,
	LEN_SAVE_DONE = 1 + 96
};

const struct frame_type frames_to_box[] = {
	{FRAME_BOX_ORDER, LEN_ORDER, order_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_box[] = {
	{FRAME_BOX_REPORT, LEN_REPORT, report_fields},
	{FRAME_BOX_ELEMENT, LEN_ELEMENT, element_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_link[] = {
	{FRAME_LINK_SETUP, LEN_SETUP, setup_fields},
	{FRAME_LINK_STATE, LEN_STATE, state_fields},
	{FRAME_LINK_PING, 0, no_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_link[] = {
	{FRAME_LINK_STATUS, LEN_STATUS, status_fields},
	{FRAME_LINK_ISSUED, LEN_ISSUED, issued_fields},
	{FRAME_LINK_COMMAND, LEN_COMMAND, command_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_ui[] = {
	{FRAME_UI_VIEW, LEN_VIEW, view_fields},
	{FRAME_UI_EVENT, LEN_EVENT, event_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_ui[] = {
	{FRAME_UI_INPUT, LEN_INPUT, input_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_sleep[] = {
	{FRAME_SLEEP_SETUP, LEN_SLEEP_SETUP, sleep_setup_fields},
	{FRAME_SLEEP_HOLD, LEN_HOLD, hold_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_sleep[] = {
	{FRAME_SLEEP_STATUS, LEN_SLEEP_STATUS, sleep_status_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_save[] = {
	{FRAME_SAVE_ORDER, LEN_SAVE_ORDER, save_order_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_save[] = {
	{FRAME_SAVE_DONE, LEN_SAVE_DONE, save_done_fields},
	{0, 0, NULL},
};

const char *
guard_phase_name(unsigned phase)
{
	static const char *const names[] = {"waiting", "asking", "live", "stopped", "fault", "ended"};

	return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "fault";
}

const char *
why_name(unsigned why)
{
	static const char *const names[WHY_COUNT] = {
		"none", "start",   "bye", "silent", "refused", "partner", "wearer", "idle",
		"checkin", "box", "link",   "clock",   "ui",      "ended",  "expired", "revoked",
		"change"};

	return why < WHY_COUNT ? names[why] : "none";
}

const char *
box_port_name(unsigned port)
{
	static const char *const names[] = {"starting", "ok", "silent", "off",
					    "gone",     "busy", "failed"};

	return names[port <= PORT_FAILED ? port : PORT_GONE];
}

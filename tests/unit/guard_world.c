/*
 * A guard whose children are sockets of the test (guard_world.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "tests/unit/guard_world.h"

struct guard g;
struct guard_world w;

void
connect_child(struct child *c, int *peer)
{
	int pair[2];

	assert_int_equal(frame_pair(pair), 0);
	*c = (struct child){
		.fd = pair[0], .pidfd = -1, .heard = true, .started = w.now, .seen = w.now};
	*peer = pair[1];
}

struct link_issued
issued_by(uint8_t sid, uint32_t left)
{
	struct link_issued issued = {.left = left, .client = "c", .token = "t"};
	struct key key = {.expiry = 1};

	memset(issued.sid, sid, SID_LEN);
	memset(key.sid, sid, SID_LEN);
	key_write(issued.key, &key);
	return issued;
}

/* A guard with box, screen and an agent's link, a session of four hours, caps of 60. */
int
guard_begin(void **state)
{
	struct link_issued issued = issued_by(0, LIFE);

	(void)state;
	memset(&g, 0, sizeof(g));
	w.now = 1000000;
	w.n = 0;
	g.turn_at = w.now;
	settings_default(&g.settings);
	g.settings.limits.cap[0][0] = g.settings.limits.cap[0][1] = 60;
	limits_init(&g.limits, w.now);
	connect_child(&g.box, &w.box);
	connect_child(&g.link, &w.link);
	connect_child(&g.ui, &w.ui);
	g.sleep = g.save = g.leaving = (struct child){.fd = -1, .pidfd = -1};
	g.job = JOB_AGENT;
	g.link_status.phase = LINK_CONNECTED;
	g.link_connected = true;
	assert_int_equal(session_open(&g.session, &issued, w.now), 0);
	g.limits.end = g.session.end;
	return 0;
}

int
guard_finish(void **state)
{
	(void)state;
	child_stop(&g.box, true);
	child_stop(&g.link, true);
	child_stop(&g.ui, true);
	(void)close(w.box);
	(void)close(w.link);
	(void)close(w.ui);
	return 0;
}

/* The box carries out all that it was told, and says so. */
void
box_answers(uint8_t port, uint8_t raw)
{
	struct box_report r = {.port = port,
			       .zero = raw == 0,
			       .at = 1,
			       .replies = 1,
			       .a = raw,
			       .fields = 10,
			       .modes = 0x1ffff,
			       .percent = 255};
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct box_order order;

	box_turn(&g, w.now);
	while (frame_recv(w.box, frames_to_box, &type, buf) == FRAME_OK) {
		assert_int_equal(frame_decode(type, buf, &order), FRAME_OK);
		r.seq = r.done = order.seq;
	}
	r.seq = r.done = g.seq;
	assert_int_equal(frames_send(w.box, frames_from_box, FRAME_BOX_REPORT, &r), FRAME_OK);
	box_read(&g, w.now);
}

void
page_says(uint8_t op, uint8_t value)
{
	struct command c = {.op = op,
			    .value = value,
			    .want = {value, 0},
			    .n = ++w.n,
			    .beacon = g.session.beacon};

	c.page[0] = 1;
	assert_int_equal(auth_command_mac(c.mac, &g.session.keys, &c), 0);
	partner_command(&g, &c, w.now);
}

void
take_control(void)
{
	box_answers(PORT_OK, 0);
	publish_state(&g, w.now);
	page_says(OP_HELLO, 0);
	w.now += LOOK_MS;
	partner_allow(&g, true, w.now);
	assert_true(g.limits.armed);
}

void
link_says(uint8_t type, const void *message)
{
	assert_int_equal(frames_send(w.link, frames_from_link, type, message), FRAME_OK);
	link_read(&g, w.now);
}

void
wearer_says(uint8_t action, uint32_t value)
{
	const struct ui_input in = {.action = action, .value = value};

	assert_int_equal(frames_send(w.ui, frames_from_ui, FRAME_UI_INPUT, &in), FRAME_OK);
	ui_read(&g, w.now);
}

void
no_session(uint8_t job, uint8_t phase)
{
	session_close(&g.session);
	g.limits.end = 0;
	g.issue_wanted = job == JOB_ISSUE;
	g.job = job;
	g.link_status.phase = phase;
	g.link_connected = false;
}

/* The newest line of the wearer's log; views are passed over, the newest of them goes to *view. */
const char *
last_said(struct ui_view *view)
{
	static struct ui_event event;
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];

	event.text[0] = '\0';
	while (frame_recv(w.ui, frames_to_ui, &type, buf) == FRAME_OK) {
		assert_int_equal(
			frame_decode(type, buf,
				     type->type == FRAME_UI_EVENT ? (void *)&event : (void *)view),
			FRAME_OK);
	}
	return event.text;
}

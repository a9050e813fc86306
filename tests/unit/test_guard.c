/*
 * The guard against its own children: what a link, a box or a screen may say, in any order and at
 * any moment. The children are sockets that this test holds; time is an argument.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/guard/guard.h"
#include "common/modes.h"

#define LIFE 14400
#define STOP_APART_MS 10000 /* no longer one press */

static struct guard g;
static struct {
	int box, link, ui;
	uint64_t now;
	uint32_t n;
} w;

static void
connect_child(struct child *c, int *peer)
{
	int pair[2];

	assert_int_equal(frame_pair(pair), 0);
	*c = (struct child){.fd = pair[0], .pidfd = -1, .heard = true, .started = w.now,
			    .seen = w.now};
	*peer = pair[1];
}

/* A guard with box, screen and an agent's link, a session of four hours, caps of 60. */
static int
begin(void **state)
{
	struct link_issued issued = {.left = LIFE, .key = "k", .client = "c", .token = "t"};

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

static int
finish(void **state)
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
static void
box_answers(uint8_t port, uint8_t raw)
{
	struct box_report r = {.port = port, .zero = raw == 0, .at = 1, .replies = 1, .a = raw,
			       .fields = 10, .modes = 0x1ffff, .percent = 255};
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

static void
page_says(uint8_t op, uint8_t value)
{
	struct command c = {.op = op, .value = value, .want = {value, 0}, .n = ++w.n,
			    .beacon = g.session.beacon};

	c.page[0] = 1;
	assert_int_equal(auth_command_mac(c.mac, &g.session.keys, &c), 0);
	partner_command(&g, &c, w.now);
}

static void
anyone_says_stop(void)
{
	const struct command c = {.op = OP_STOP};

	partner_command(&g, &c, w.now);
}

static void
take_control(void)
{
	box_answers(PORT_OK, 0);
	publish_state(&g, w.now);
	page_says(OP_HELLO, 0);
	w.now += LOOK_MS;
	partner_allow(&g, true, w.now);
	assert_true(g.limits.armed);
}

static void
link_says(uint8_t type, const void *message)
{
	assert_int_equal(frames_send(w.link, frames_from_link, type, message), FRAME_OK);
	link_read(&g, w.now);
}

static void
link_is(uint8_t phase)
{
	const struct link_status status = {.phase = phase};

	link_says(FRAME_LINK_STATUS, &status);
}

static void
link_issues(uint8_t sid, uint32_t left)
{
	struct link_issued issued = {.left = left, .key = "k", .client = "c", .token = "t"};

	memset(issued.sid, sid, sizeof(issued.sid));
	link_says(FRAME_LINK_ISSUED, &issued);
}

static void
wearer_says(uint8_t action, uint32_t value)
{
	const struct ui_input in = {.action = action, .value = value};

	assert_int_equal(frames_send(w.ui, frames_from_ui, FRAME_UI_INPUT, &in), FRAME_OK);
	ui_read(&g, w.now);
}

static void
no_session(uint8_t job, uint8_t phase)
{
	session_close(&g.session);
	g.limits.end = 0;
	g.issue_wanted = job == JOB_ISSUE;
	g.job = job;
	g.link_status.phase = phase;
	g.link_connected = false;
}

/* ---- the partner ----------------------------------------------------------------------------- */

static void
a_stop_takes_back_what_was_asked_while_an_earlier_one_is_confirmed(void **state)
{
	(void)state;
	take_control();
	anyone_says_stop();
	page_says(OP_LEVEL, 40);
	anyone_says_stop();
	assert_int_equal(g.limits.target[0], 0);
	box_answers(PORT_OK, 0);
	assert_int_equal(g.limits.target[0], 0);
}

static void
a_stop_takes_back_a_mode_that_waits_for_zero(void **state)
{
	(void)state;
	take_control();
	page_says(OP_MODE, MODE_PULSE + 1);
	assert_int_not_equal(g.limits.mode, MODE_OTHER);
	anyone_says_stop();
	assert_int_equal(g.limits.mode, MODE_OTHER);
}

static void
many_stops_are_one(void **state)
{
	uint32_t stops;

	(void)state;
	take_control();
	stops = g.limits.stops;
	for (int i = 0; i < 1000; i++) {
		anyone_says_stop();
	}
	assert_int_equal(g.limits.stops, stops + 1);
	assert_true(g.box.fd >= 0);
}

static void
a_hello_in_the_turn_in_which_control_was_lost_is_heard(void **state)
{
	(void)state;
	take_control();
	guard_zero(&g, WHY_SILENT, false);
	page_says(OP_HELLO, 0);
	assert_int_equal(g.session.control, NO_PAGE);
	assert_int_equal(g.session.asking, 0);
}

static void
a_shorter_hold_holds_at_once(void **state)
{
	(void)state;
	wearer_says(UI_HOLD, 30);
	take_control();
	wearer_says(UI_HOLD, 2);
	assert_true(g.limits.authority <= w.now + 2000);
}

/* ---- the link -------------------------------------------------------------------------------- */

static void
a_link_gives_one_key(void **state)
{
	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	link_issues(1, LIFE);
	assert_true(g.session.open);
	link_issues(2, LIFE);
	assert_int_equal(g.session.sid[0], 1);
	assert_int_equal(g.link.fd, -1);
}

static void
a_link_with_another_job_gives_no_key(void **state)
{
	(void)state;
	no_session(JOB_END, LINK_CONNECTING);
	link_issues(1, LIFE);
	assert_false(g.session.open);
	assert_int_equal(g.link.fd, -1);
}

static void
four_hours_count_from_the_request(void **state)
{
	uint64_t asked = w.now;

	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	w.now += 20000;
	link_issues(1, UINT32_MAX);
	assert_int_equal(g.session.end, asked + LIFE * UINT64_C(1000));
}

static void
only_an_agents_link_hands_commands_over(void **state)
{
	const struct command c = {.op = OP_ALIVE};

	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	link_says(FRAME_LINK_COMMAND, &c);
	assert_int_equal(g.link.fd, -1);
}

static void
a_link_that_goes_back_is_ended(void **state)
{
	static const uint8_t steps[][2] = {{LINK_CONNECTED, LINK_CONNECTING},
					   {LINK_LOST, LINK_CONNECTED},
					   {LINK_LOST, LINK_REFUSED},
					   {LINK_CONNECTED, LINK_DONE + 1}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		g.link_status.phase = steps[i][0];
		link_is(steps[i][1]);
		assert_int_equal(g.link.fd, -1);
		finish(state);
		begin(state);
	}
}

static void
a_link_that_issues_no_key_in_30_s_is_ended_whatever_it_says(void **state)
{
	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	link_is(LINK_CONNECTED);
	w.now += CONNECT_MS + 1;
	link_is(LINK_CONNECTED);
	link_turn(&g, w.now);
	assert_int_equal(g.link.fd, -1);
}

static void
an_agents_link_that_says_done_is_not_started_again_at_once(void **state)
{
	(void)state;
	link_is(LINK_DONE);
	link_lost(&g, w.now);
	assert_true(g.link_at > w.now);
}

static void
a_link_that_is_let_go_but_stays_is_killed(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	g.link.pid = pid;
	g.link.pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);
	assert_true(g.link.pidfd >= 0);
	link_end_session(&g, false);
	g.link_at = UINT64_MAX;
	link_turn(&g, w.now);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	link_turn(&g, w.now + LINK_END_MS);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
disconnecting_a_thousand_times_ends_the_session_once(void **state)
{
	int peer;

	(void)state;
	wearer_says(UI_DISCONNECT, 0);
	assert_true(g.end_wanted && g.issue_wanted);
	connect_child(&g.link, &peer);
	g.job = JOB_END;
	for (int i = 0; i < 1000; i++) {
		wearer_says(UI_DISCONNECT, 0);
		assert_true(g.link.fd >= 0);
	}
	(void)close(peer);
}

/* ---- what people are told -------------------------------------------------------------------- */

static void
without_a_session_and_none_to_come_it_is_over(void **state)
{
	(void)state;
	guard_zero(&g, WHY_EXPIRED, false);
	link_end_session(&g, false);
	guard_zero(&g, WHY_WEARER, true);
	wearer_says(UI_RESUME, 0);
	box_answers(PORT_OK, 0);
	assert_int_equal(guard_phase(&g, w.now), GUARD_ENDED);
	wearer_says(UI_DISCONNECT, 0);
	guard_zero(&g, WHY_START, false);
	box_answers(PORT_OK, 0);
	assert_int_equal(guard_phase(&g, w.now), GUARD_WAITING);
}

static void
a_question_that_has_only_just_come_can_not_be_answered(void **state)
{
	(void)state;
	box_answers(PORT_OK, 0);
	publish_state(&g, w.now);
	page_says(OP_HELLO, 0);
	w.now += LOOK_MS - 1;
	partner_allow(&g, true, w.now);
	assert_false(g.limits.armed);
	partner_allow(&g, false, w.now); /* refusing is always possible */
	assert_int_equal(g.session.asking, NO_PAGE);
}

/* ---- the box --------------------------------------------------------------------------------- */

static void
a_pulled_cable_latches(void **state)
{
	(void)state;
	take_control();
	box_answers(PORT_GONE, 40);
	box_turn(&g, w.now);
	box_lost(&g, w.now, "gone");
	assert_true(g.limits.latched);
}

static void
a_box_that_was_never_there_does_not_latch(void **state)
{
	(void)state;
	g.report.port = PORT_GONE;
	box_lost(&g, w.now, "gone");
	assert_false(g.limits.latched);
}

/* Each try takes seconds in which nothing is known that was not known before. */
static void
why_there_is_no_box_is_told_until_something_else_is_known(void **state)
{
	static const uint8_t reasons[] = {PORT_GONE, PORT_BUSY, PORT_FAILED};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons); i++) {
		box_answers(reasons[i], 0);
		box_answers(PORT_STARTING, 0);
		assert_int_equal(g.report.port, reasons[i]);
		box_answers(PORT_SILENT, 0);
		assert_int_equal(g.report.port, PORT_SILENT);
		box_answers(PORT_STARTING, 0);
		assert_int_equal(g.report.port, PORT_STARTING);
	}
}

static void
zero_is_not_told_before_the_box_says_it_after_the_order(void **state)
{
	struct box_report r = {.port = PORT_OK, .zero = true, .at = 1};

	(void)state;
	take_control();
	guard_zero(&g, WHY_WEARER, true);
	r.seq = r.done = g.kill_seq - 1;
	assert_int_equal(frames_send(w.box, frames_from_box, FRAME_BOX_REPORT, &r), FRAME_OK);
	box_read(&g, w.now);
	assert_true(g.limits.kill);
	assert_false(box_view(&g).zero);
}

/* The newest line of the wearer's log; views are passed over, the newest of them goes to *view. */
static const char *
last_said(struct ui_view *view)
{
	static struct ui_event event;
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];

	event.text[0] = '\0';
	while (frame_recv(w.ui, frames_to_ui, &type, buf) == FRAME_OK) {
		assert_int_equal(frame_decode(type, buf, type->type == FRAME_UI_EVENT
								 ? (void *)&event
								 : (void *)view),
				 FRAME_OK);
	}
	return event.text;
}

static void
wearer_sends(uint8_t action, uint32_t value)
{
	const struct ui_input in = {.action = action, .value = value};

	assert_int_equal(frames_send(w.ui, frames_from_ui, FRAME_UI_INPUT, &in), FRAME_OK);
	ui_read(&g, w.now);
}

static void
link_is_lost(const char *why)
{
	struct link_status status = {.phase = LINK_LOST};

	strcpy(status.why, why);
	link_says(FRAME_LINK_STATUS, &status);
}

static void
why_there_is_no_server_is_said_once_and_again_after_d(void **state)
{
	static const char why[] = "The server can't be reached.";
	struct ui_view v;

	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	link_is_lost(why);
	assert_string_equal(last_said(&v), why);
	g.link_status.phase = LINK_CONNECTING; /* the next try */
	link_is_lost(why);
	assert_string_equal(last_said(&v), "");
	wearer_sends(UI_DISCONNECT, 0);
	(void)last_said(&v);
	g.link_status.phase = LINK_CONNECTING;
	link_is_lost(why);
	assert_string_equal(last_said(&v), why);
}

/* What a held key makes of it: presses that come sooner than anybody's finger. */
static void
a_held_stop_is_said_once_and_carried_out_each_time(void **state)
{
	static const char pressed[] = "You pressed stop.";
	struct ui_view v;

	(void)state;
	take_control();
	g.turn_at = w.now;
	(void)last_said(&v);
	for (int i = 0; i < 100; i++) {
		uint32_t stops = g.limits.stops;

		wearer_sends(UI_STOP, 0);
		assert_string_equal(last_said(&v), i == 0 ? pressed : "");
		assert_true(g.limits.latched && g.limits.kill);
		box_answers(PORT_OK, 0);
		box_answers(PORT_OK, 0);
		assert_int_equal(g.limits.stops, stops + 1);
		w.now = g.turn_at += 100;
	}
	wearer_sends(UI_RESUME, 0);
	wearer_sends(UI_STOP, 0);
	assert_string_equal(last_said(&v), pressed);
	w.now = g.turn_at += STOP_APART_MS;
	wearer_sends(UI_STOP, 0);
	assert_string_equal(last_said(&v), pressed);
}

static bool
shown_as_unsaved(void)
{
	struct ui_view v = {0};

	publish_view(&g, w.now);
	(void)last_said(&v);
	return v.unsaved;
}

/* A save process that this test holds, in the middle of its work. */
static int
begin_saving(void)
{
	int peer;

	g.saved = g.settings;
	g.saved.limits.cap[0][0] = 1;
	strcpy(g.options.config, "/x/agent.conf");
	wearer_sends(UI_CAP_A, 33);
	assert_true(shown_as_unsaved());
	connect_child(&g.save, &peer);
	g.saving = g.settings;
	return peer;
}

static void
settings_count_as_saved_when_the_file_is_written_and_not_before(void **state)
{
	const struct save_done done = {.ok = true};
	struct ui_view v;
	int peer = begin_saving();

	(void)state;
	wearer_sends(UI_SAVE, 0); /* once more: the first one goes on */
	save_read(&g, w.now);
	assert_true(g.save.fd >= 0 && shown_as_unsaved());
	assert_int_equal(frames_send(peer, frames_from_save, FRAME_SAVE_DONE, &done), FRAME_OK);
	save_read(&g, w.now);
	assert_string_equal(last_said(&v), "Saved to /x/agent.conf.");
	assert_int_equal(g.save.fd, -1);
	assert_false(shown_as_unsaved());
	(void)close(peer);
}

static void
what_was_changed_while_it_was_saved_is_still_unsaved(void **state)
{
	const struct save_done done = {.ok = true};
	int peer = begin_saving();

	(void)state;
	wearer_sends(UI_CAP_A, 34);
	assert_int_equal(frames_send(peer, frames_from_save, FRAME_SAVE_DONE, &done), FRAME_OK);
	save_read(&g, w.now);
	assert_true(shown_as_unsaved());
	wearer_sends(UI_CAP_A, 33);
	assert_false(shown_as_unsaved());
	(void)close(peer);
}

static void
a_save_that_fails_hangs_dies_or_talks_nonsense_is_said_and_nothing_else(void **state)
{
	const struct save_done done = {.ok = false, .why = "the disk is full"};
	struct ui_view v;
	int peer = begin_saving();

	(void)state;
	assert_int_equal(frames_send(peer, frames_from_save, FRAME_SAVE_DONE, &done), FRAME_OK);
	save_read(&g, w.now);
	assert_string_equal(last_said(&v), "Not saved: the disk is full.");
	(void)close(peer);

	peer = begin_saving();
	save_turn(&g, w.now + SAVE_MS);
	assert_true(g.save.fd >= 0);
	save_turn(&g, w.now + SAVE_MS + 1);
	assert_string_equal(last_said(&v), "Not saved: it took too long.");
	(void)close(peer);

	peer = begin_saving();
	(void)close(peer);
	save_read(&g, w.now);
	assert_string_equal(last_said(&v), "Not saved: its program ended.");

	peer = begin_saving();
	assert_int_equal(send(peer, "nonsense", 8, 0), 8);
	save_read(&g, w.now);
	assert_string_equal(last_said(&v), "Not saved: its program ended.");
	(void)close(peer);
	assert_true(g.ui.fd >= 0 && g.life == LIFE_RUN && shown_as_unsaved());
}

static void
without_a_place_for_the_file_that_is_said(void **state)
{
	struct ui_view v;

	(void)state;
	wearer_sends(UI_SAVE, 0);
	assert_string_equal(last_said(&v), "Not saved: there is no place for a configuration file.");
	assert_int_equal(g.save.fd, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(a_stop_takes_back_what_was_asked_while_an_earlier_one_is_confirmed),
		TEST(a_stop_takes_back_a_mode_that_waits_for_zero),
		TEST(many_stops_are_one),
		TEST(a_hello_in_the_turn_in_which_control_was_lost_is_heard),
		TEST(a_shorter_hold_holds_at_once),
		TEST(a_link_gives_one_key),
		TEST(a_link_with_another_job_gives_no_key),
		TEST(four_hours_count_from_the_request),
		TEST(only_an_agents_link_hands_commands_over),
		TEST(a_link_that_goes_back_is_ended),
		TEST(a_link_that_issues_no_key_in_30_s_is_ended_whatever_it_says),
		TEST(an_agents_link_that_says_done_is_not_started_again_at_once),
		TEST(a_link_that_is_let_go_but_stays_is_killed),
		TEST(disconnecting_a_thousand_times_ends_the_session_once),
		TEST(without_a_session_and_none_to_come_it_is_over),
		TEST(a_question_that_has_only_just_come_can_not_be_answered),
		TEST(a_pulled_cable_latches),
		TEST(a_box_that_was_never_there_does_not_latch),
		TEST(why_there_is_no_box_is_told_until_something_else_is_known),
		TEST(why_there_is_no_server_is_said_once_and_again_after_d),
		TEST(a_held_stop_is_said_once_and_carried_out_each_time),
		TEST(zero_is_not_told_before_the_box_says_it_after_the_order),
		TEST(settings_count_as_saved_when_the_file_is_written_and_not_before),
		TEST(what_was_changed_while_it_was_saved_is_still_unsaved),
		TEST(a_save_that_fails_hangs_dies_or_talks_nonsense_is_said_and_nothing_else),
		TEST(without_a_place_for_the_file_that_is_said),
	};

	(void)argv;
	if (argc > 1) {
		return 0; /* a child that the guard has started: this program again */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The guard against its own children: what a page, a link or a box may say, in any order and at any
 * moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/modes.h"
#include "tests/unit/guard_world.h"

/* ---- the partner ----------------------------------------------------------------------------- */

static void
anyone_says_stop(void)
{
	const struct command c = {.op = OP_STOP};

	partner_command(&g, &c, w.now);
}

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
link_is(uint8_t phase)
{
	const struct link_status status = {.phase = phase};

	link_says(FRAME_LINK_STATUS, &status);
}

static void
link_issues(uint8_t sid, uint32_t left)
{
	const struct link_issued issued = issued_by(sid, left);

	link_says(FRAME_LINK_ISSUED, &issued);
}

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
what_is_no_key_of_its_session_gets_into_no_link(void **state)
{
	struct link_issued issued = issued_by(1, LIFE);

	(void)state;
	no_session(JOB_ISSUE, LINK_CONNECTING);
	memset(issued.sid, 2, SID_LEN);
	link_says(FRAME_LINK_ISSUED, &issued);
	assert_false(g.session.open);
	assert_int_equal(g.link.fd, -1);
	guard_finish(state);
	guard_begin(state);
	no_session(JOB_ISSUE, LINK_CONNECTING);
	issued = issued_by(1, LIFE);
	issued.key[20] = '\n';
	link_says(FRAME_LINK_ISSUED, &issued);
	assert_false(g.session.open);
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
		guard_finish(state);
		guard_begin(state);
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

/* ---- the box --------------------------------------------------------------------------------- */

#define DOWN 1000 /* ms */

static void
box_says(const struct box_report *r)
{
	assert_int_equal(frames_send(w.box, frames_from_box, FRAME_BOX_REPORT, r), FRAME_OK);
	box_read(&g, w.now);
}

static void
box_turns(void)
{
	g.turn_at = w.now;
	child_heard(&g.box, w.now);
	box_turn(&g, w.now);
}

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
a_zero_of_the_box_process_itself_ends_control(void **state)
{
	struct box_report r;

	(void)state;
	take_control();
	r = g.report;
	r.kills++;
	box_says(&r);
	assert_false(g.limits.armed);
	assert_int_equal(g.limits.why, WHY_BOX);
	assert_true(g.limits.kill);
}

static void
a_zero_of_the_box_process_itself_is_waited_for_with_nobody_in_control(void **state)
{
	struct box_report r;

	(void)state;
	box_answers(PORT_OK, 0);
	assert_false(g.limits.kill);
	r = g.report;
	r.kills++;
	r.zero = false;
	box_says(&r);
	assert_true(g.limits.kill);
	assert_int_equal(g.limits.why, WHY_START);
	box_answers(PORT_OK, 0);
	assert_true(box_zero(&g));
}

static void
a_knob_that_was_turned_down_again_is_asked_for_zero_when_the_hand_has_let_go(void **state)
{
	struct box_report r;

	(void)state;
	box_answers(PORT_OK, 0);
	r = g.report;
	r.zero = false;
	r.b = 1;
	box_says(&r);
	w.now += 10 * DOWN;
	box_turns();
	assert_false(g.limits.kill);
	box_says(&r);
	r.b = 0;
	box_says(&r);
	w.now += DOWN - 1;
	box_turns();
	assert_false(g.limits.kill);
	w.now += 1;
	box_turns();
	assert_true(g.limits.kill);
	assert_int_equal(g.limits.why, WHY_START);
	box_answers(PORT_OK, 0);
	assert_true(box_zero(&g));
	w.now += 10 * DOWN;
	box_turns();
	assert_false(g.limits.kill);
}

/* Nothing is heard of a box while its menu is open, and its process goes to zero for that. */
static void
a_mode_that_was_chosen_in_the_boxs_menu_stays_until_a_stop(void **state)
{
	struct box_report r;

	(void)state;
	box_answers(PORT_OK, 0);
	r = g.report;
	r.kills++;
	r.zero = false;
	r.mode = MODE_STEP;
	box_says(&r);
	assert_true(g.limits.kill);
	r.zero = true;
	r.seq = r.done = g.seq;
	box_says(&r);
	assert_false(g.limits.kill);
	assert_false(g.limits.calm);
	guard_zero(&g, WHY_WEARER, true);
	r.seq = r.done = g.seq;
	box_says(&r);
	assert_true(g.limits.calm);
}

static void
a_box_that_is_off_at_zero_is_asked_for_zero_once(void **state)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct box_order order;
	unsigned kills = 0;

	(void)state;
	take_control();
	box_answers(PORT_OFF, 0);
	box_answers(PORT_OFF, 0);
	assert_false(g.limits.armed);
	assert_true(box_zero(&g));
	for (int i = 0; i < 40; i++) {
		w.now += BEAT_MS;
		child_heard(&g.box, w.now);
		box_turn(&g, w.now);
		while (frame_recv(w.box, frames_to_box, &type, buf) == FRAME_OK) {
			assert_int_equal(frame_decode(type, buf, &order), FRAME_OK);
			kills += order.act == ACT_KILL;
		}
	}
	assert_int_equal(kills, 0);
	assert_true(box_zero(&g));
	box_answers(PORT_OK, 40); /* switched on again, and not at zero */
	assert_false(box_zero(&g));
	w.now += 1;
	box_turn(&g, w.now);
	while (frame_recv(w.box, frames_to_box, &type, buf) == FRAME_OK) {
		assert_int_equal(frame_decode(type, buf, &order), FRAME_OK);
		kills += order.act == ACT_KILL;
	}
	assert_int_equal(kills, 1);
}

static void
a_level_set_by_hand_is_cut_to_a_cap_by_a_change_of_caps_alone(void **state)
{
	(void)state;
	box_answers(PORT_OK, 0);
	box_answers(PORT_OK, 60);
	assert_true(g.limits.hand[0]);
	wearer_says(UI_HOLD, 7);
	assert_int_equal(g.settings.limits.hold_ms, 7000);
	assert_true(g.limits.hand[0]);
	wearer_says(UI_CAP_A, 5);
	assert_false(g.limits.hand[0]);
}

static void
zero_is_not_told_before_the_box_says_it_after_the_order(void **state)
{
	struct box_report r = {.port = PORT_OK, .zero = true, .at = 1};

	(void)state;
	take_control();
	guard_zero(&g, WHY_WEARER, true);
	r.seq = r.done = g.kill_seq - 1;
	box_says(&r);
	assert_true(g.limits.kill);
	assert_false(box_view(&g).zero);
}

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
		TEST(what_is_no_key_of_its_session_gets_into_no_link),
		TEST(a_link_with_another_job_gives_no_key),
		TEST(four_hours_count_from_the_request),
		TEST(only_an_agents_link_hands_commands_over),
		TEST(a_link_that_goes_back_is_ended),
		TEST(a_link_that_issues_no_key_in_30_s_is_ended_whatever_it_says),
		TEST(an_agents_link_that_says_done_is_not_started_again_at_once),
		TEST(a_link_that_is_let_go_but_stays_is_killed),
		TEST(disconnecting_a_thousand_times_ends_the_session_once),
		TEST(a_pulled_cable_latches),
		TEST(a_box_that_was_never_there_does_not_latch),
		TEST(why_there_is_no_box_is_told_until_something_else_is_known),
		TEST(a_zero_of_the_box_process_itself_ends_control),
		TEST(a_zero_of_the_box_process_itself_is_waited_for_with_nobody_in_control),
		TEST(a_knob_that_was_turned_down_again_is_asked_for_zero_when_the_hand_has_let_go),
		TEST(a_mode_that_was_chosen_in_the_boxs_menu_stays_until_a_stop),
		TEST(a_box_that_is_off_at_zero_is_asked_for_zero_once),
		TEST(a_level_set_by_hand_is_cut_to_a_cap_by_a_change_of_caps_alone),
		TEST(zero_is_not_told_before_the_box_says_it_after_the_order),
	};

	(void)argv;
	if (argc > 1) {
		return 0; /* a child that the guard has started: this program again */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

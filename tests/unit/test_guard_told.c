/*
 * What the guard tells the wearer, when, and how often; and what it takes from them: answers,
 * settings, stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/guard_world.h"

#define STOP_APART_MS 10000 /* no longer one press */

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

static void
a_key_that_is_held_down_lets_nobody_in(void **state)
{
	(void)state;
	box_answers(PORT_OK, 0);
	publish_state(&g, w.now);
	page_says(OP_HELLO, 0);
	for (unsigned ms = 0; ms < 2 * LOOK_MS; ms += 30) {
		w.now += 30;
		partner_allow(&g, true, w.now);
		assert_false(g.limits.armed);
	}
	w.now += LOOK_MS;
	partner_allow(&g, true, w.now);
	assert_true(g.limits.armed);
}

static void
no_takes_an_earlier_yes_back(void **state)
{
	(void)state;
	take_control();
	page_says(OP_BYE, 0);
	box_answers(PORT_OK, 0);
	publish_state(&g, w.now);
	g.soon_at = w.now;
	g.sleep_status.phase = SLEEP_SOON; /* so that one who was allowed waits, and is seen to ask */
	page_says(OP_HELLO, 0);
	partner_turn(&g, w.now);
	assert_int_equal(g.session.asking, 0);
	partner_allow(&g, false, w.now);
	g.sleep_status.phase = SLEEP_NONE;
	publish_state(&g, w.now);
	page_says(OP_HELLO, 0);
	partner_turn(&g, w.now);
	assert_false(g.limits.armed);
	assert_int_equal(g.session.asking, 0);
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
	wearer_says(UI_DISCONNECT, 0);
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

		wearer_says(UI_STOP, 0);
		assert_string_equal(last_said(&v), i == 0 ? pressed : "");
		assert_true(g.limits.latched && g.limits.kill);
		box_answers(PORT_OK, 0);
		box_answers(PORT_OK, 0);
		assert_int_equal(g.limits.stops, stops + 1);
		w.now = g.turn_at += 100;
	}
	wearer_says(UI_RESUME, 0);
	wearer_says(UI_STOP, 0);
	assert_string_equal(last_said(&v), pressed);
	w.now = g.turn_at += STOP_APART_MS;
	wearer_says(UI_STOP, 0);
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
	wearer_says(UI_CAP_A, 33);
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
	wearer_says(UI_SAVE, 0); /* once more: the first one goes on */
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
	wearer_says(UI_CAP_A, 34);
	assert_int_equal(frames_send(peer, frames_from_save, FRAME_SAVE_DONE, &done), FRAME_OK);
	save_read(&g, w.now);
	assert_true(shown_as_unsaved());
	wearer_says(UI_CAP_A, 33);
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
	wearer_says(UI_SAVE, 0);
	assert_string_equal(last_said(&v), "Not saved: there is no place for a configuration file.");
	assert_int_equal(g.save.fd, -1);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_session_and_none_to_come_it_is_over),
		TEST(a_question_that_has_only_just_come_can_not_be_answered),
		TEST(a_key_that_is_held_down_lets_nobody_in),
		TEST(no_takes_an_earlier_yes_back),
		TEST(why_there_is_no_server_is_said_once_and_again_after_d),
		TEST(a_held_stop_is_said_once_and_carried_out_each_time),
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

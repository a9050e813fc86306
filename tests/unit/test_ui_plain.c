/*
 * What `tether --plain` and `tether status` say, line by line, without a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/ui/tell.h"
#include "agent/ui/view.h"

struct page {
	char text[8192]; /* lines, each with a newline; a loud one begins with '!' */
	uint32_t when;   /* of the last line */
};

static void
collect(void *context, uint32_t when, bool loud, const char *line)
{
	struct page *p = context;
	size_t len = strlen(p->text);

	p->when = when;
	snprintf(p->text + len, sizeof(p->text) - len, "%s%s\n", loud ? "!" : "", line);
}

struct world {
	struct ui_peer peer;
	struct ui_keys keys;
	struct told told;
	struct page page;
};

static struct world
calm(void)
{
	return (struct world){.peer = {.seen = true,
				       .view = {.phase = GUARD_WAITING,
						.why = WHY_START,
						.port = PORT_OK,
						.link = LINK_CONNECTED,
						.zero = true,
						.left = 14000,
						.idle_left = UI_NEVER,
						.checkin_left = UI_NEVER,
						.live_s = UI_NEVER,
						.rtt_ms = 0xffff,
						.percent = 255,
						.link_text = "https://localhost/#key.secret"}}};
}

/* What is said when the clock is at `now` ms. */
static const char *
said(struct world *w, uint64_t now)
{
	const struct teller teller = {collect, &w->page};

	w->page = (struct page){0};
	tell_changes(&w->told, &w->peer, &w->keys, now, &teller);
	return w->page.text;
}

static void
nothing_is_said_twice_and_nothing_before_the_guard_has_spoken(void **state)
{
	struct world w = calm();

	(void)state;
	w.peer.seen = false;
	assert_string_equal(said(&w, 1), "");
	w.peer.seen = true;
	assert_string_equal(
		said(&w, 2),
		"Ready. Nobody has control. Send the link to your partner; c copies it.\n"
		"Link for your partner, secret: https://localhost/#key.secret\n");
	assert_string_equal(said(&w, 3), "");
}

/* A session has ended and the server is away: each try takes the reason away and brings it back. */
static void
a_reason_that_comes_and_goes_is_said_once(void **state)
{
	struct world w = calm();

	(void)state;
	w.peer.view.phase = GUARD_ENDED;
	w.peer.view.why = WHY_ENDED;
	w.peer.view.link_text[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		w.peer.view.link = LINK_LOST;
		strcpy(w.peer.view.note, "No answer.");
		assert_int_equal(strstr(said(&w, 2 * i), "d asks for it. No answer.\n") != NULL,
				 i == 0);
		w.peer.view.link = LINK_CONNECTING;
		w.peer.view.note[0] = '\0';
		assert_string_equal(said(&w, 2 * i + 1), "");
	}
	w.peer.view.link = LINK_REFUSED;
	strcpy(w.peer.view.note, "Too many.");
	assert_non_null(strstr(said(&w, 10), "d asks for it. Too many.\n"));
}

/* With a link and without: what was said of the server stands until something else does. */
static void
a_server_that_is_away_is_said_once_however_often_it_is_tried(void **state)
{
	(void)state;
	for (unsigned left = 0; left <= 14000; left += 14000) {
		struct world w = calm();
		struct ui_view *v = &w.peer.view;

		v->left = left;
		v->link = LINK_CONNECTING;
		assert_non_null(strstr(said(&w, 1), "Connecting to the server.\n"));
		for (unsigned i = 0; i < 3; i++) {
			v->link = LINK_LOST;
			strcpy(v->note, "No answer.");
			assert_int_equal(strstr(said(&w, 2), "No answer.") != NULL, i == 0);
			v->link = LINK_CONNECTING;
			v->note[0] = '\0';
			assert_string_equal(said(&w, 3), "");
			v->why = left != 0 ? WHY_LINK : WHY_START;
			assert_string_equal(said(&w, 4), "");
		}
		v->link = LINK_REFUSED;
		strcpy(v->note, "Too many.");
		assert_non_null(strstr(said(&w, 5), "Too many."));
		v->left = 14000;
		v->link = LINK_CONNECTED;
		assert_string_not_equal(said(&w, 6), "");
	}
}

/* The sentence after it is how the one before it began. */
static void
a_resume_is_told_although_the_box_is_turned_up_by_hand(void **state)
{
	struct world w = calm();

	(void)state;
	w.peer.view.phase = GUARD_STOPPED;
	w.peer.view.latched = true;
	w.peer.view.zero = false;
	assert_non_null(strstr(said(&w, 1), "until you press r to resume.\n"));
	w.peer.view.phase = GUARD_WAITING;
	w.peer.view.latched = false;
	assert_string_equal(said(&w, 2),
			    "Nobody has control. The box is turned up by hand. SPACE takes it to "
			    "zero, and so does its own knob.\n");
}

static void
who_asks_is_said_aloud_with_the_words_and_the_keys(void **state)
{
	struct world w = calm();

	(void)state;
	(void)said(&w, 1);
	w.peer.view.phase = GUARD_ASKING;
	strcpy(w.peer.view.words, "amber lake seven");
	assert_non_null(strstr(said(&w, 2), "!Somebody asks for control."));
	assert_non_null(strstr(w.page.text, "!The three words are: amber lake seven. y: the same "
					    "words, allow. n: refuse.\n"));
	assert_string_equal(said(&w, 3), "");
	strcpy(w.peer.view.words, "other three words");
	assert_string_equal(said(&w, 4), "!The three words are: other three words. y: the same words, "
					 "allow. n: refuse.\n");
	w.peer.view.phase = GUARD_WAITING;
	(void)said(&w, 5);
	w.peer.view.phase = GUARD_ASKING;
	assert_non_null(strstr(said(&w, 6), "other three words"));
}

static void
a_level_is_said_once_a_second_and_its_last_value_always(void **state)
{
	struct world w = calm();
	unsigned lines = 0;

	(void)state;
	w.peer.view.phase = GUARD_LIVE;
	(void)said(&w, 1);
	for (uint64_t now = 100; now <= 5000; now += 100) { /* ten percent a second */
		w.peer.view.level[0] = (uint8_t)(now / 100);
		lines += said(&w, now)[0] != '\0' ? 1 : 0;
	}
	assert_int_equal(lines, 5);
	w.peer.view.level[1] = 7;
	assert_string_equal(said(&w, 5001), "B is at 7 percent.\n");
	assert_string_equal(said(&w, 5100), "A is at 50 percent.\n");
	assert_string_equal(said(&w, 9000), "");
}

static void
a_warning_is_loud_and_said_again_while_it_stands(void **state)
{
	struct world w = calm();

	(void)state;
	w.peer.view.phase = GUARD_LIVE;
	(void)said(&w, 1);
	w.peer.view.checkin_left = 60;
	assert_string_equal(said(&w, 1000),
			    "!Are you there? Press any key within 60 s, or everything stops.\n");
	w.peer.view.checkin_left = 59;
	assert_string_equal(said(&w, 2000), "");
	w.peer.view.checkin_left = 40;
	assert_string_equal(said(&w, 1000 + TELL_WARN_MS),
			    "!Are you there? Press any key within 40 s, or everything stops.\n");
	w.peer.view.checkin_left = 1800;
	assert_string_equal(said(&w, 30000), "");
}

static void
an_alarm_of_the_box_is_loud_and_a_zero_on_its_way_is_not(void **state)
{
	struct world w = calm();

	(void)state;
	(void)said(&w, 1);
	w.peer.view.zero = false; /* as for a moment after each stop */
	w.peer.view.going = true;
	assert_null(strchr(said(&w, 2), '!'));
	w.peer.view.port = PORT_GONE;
	assert_non_null(strstr(said(&w, 3), "!The box is unplugged: use its own knob."));
}

static void
lines_of_the_log_come_in_order_with_their_own_time(void **state)
{
	struct world w = calm();

	(void)state;
	(void)said(&w, 1);
	for (uint32_t i = 0; i < UI_LOG + 2; i++) { /* the two oldest are lost */
		struct ui_event *e = &w.peer.log[i % UI_LOG];

		e->unix_time = 1000 + i;
		snprintf(e->text, sizeof(e->text), "line %u", i);
		w.peer.log_count++;
	}
	assert_non_null(strstr(said(&w, 2), "line 2\nline 3\n"));
	assert_null(strstr(w.page.text, "line 1\n"));
	assert_int_equal(w.page.when, 1000 + UI_LOG + 1);
	assert_string_equal(said(&w, 3), "");
}

static void
no_text_of_others_can_steer_a_terminal(void **state)
{
	struct world w = calm();

	(void)state;
	w.peer.view.link = LINK_LOST;
	w.peer.view.left = 0;
	w.peer.view.link_text[0] = '\0';
	strcpy(w.peer.view.note, "\033[2Jgone\n\xc2\x9b" "31m\a");
	assert_string_equal(said(&w, 1), "No connection to the server. ?[2Jgone???31m? Both channels "
					 "are at zero. It is tried again by itself.\n");
}

static void
the_keys_question_is_said_when_it_comes(void **state)
{
	struct world w = calm();

	(void)state;
	(void)said(&w, 1);
	w.keys.notice = "Cap of A: 40 -> 45 %. Enter = yes, Esc = no";
	assert_string_equal(said(&w, 2), "Cap of A: 40 -> 45 %. Enter = yes, Esc = no\n");
	assert_string_equal(said(&w, 3), "");
}

static void
the_status_has_levels_caps_locks_and_times_but_no_secret(void **state)
{
	struct world w = calm();
	const struct teller teller = {collect, &w.page};
	struct ui_view *v = &w.peer.view;

	(void)state;
	v->phase = GUARD_LIVE;
	v->level[0] = 12;
	v->target[0] = 30;
	v->cap[0][0] = 40;
	v->cap[1][0] = 15;
	v->lock_power = true;
	v->percent = 80;
	v->live_s = 130;
	v->idle_left = 400;
	v->rtt_ms = 85;
	strcpy(v->version, "2.106");
	strcpy(v->words, "amber lake seven");
	tell_status(v, &teller);
	assert_non_null(strstr(w.page.text, "Your partner has control."));
	assert_non_null(strstr(w.page.text, "A: 12 percent on the way to 30; cap 40 at low power, 15 "
					    "at high power.\n"));
	assert_non_null(strstr(w.page.text, "B: 0 percent; cap 0"));
	assert_non_null(strstr(w.page.text, "Box: ok, firmware 2.106, battery 80 percent.\n"));
	assert_non_null(strstr(w.page.text, "Power: low, locked."));
	assert_non_null(strstr(w.page.text, "control, for so long: 2 min.\n"));
	assert_non_null(strstr(w.page.text, "without a change in: 6 min.\n"));
	assert_non_null(strstr(w.page.text, "page: 85 ms.\n"));
	assert_null(strstr(w.page.text, "sign of you"));
	assert_null(strstr(w.page.text, "amber"));
	assert_null(strstr(w.page.text, "#key"));
}

static void
levels_of_a_box_that_does_not_answer_are_called_unknown(void **state)
{
	static const uint8_t ports[] = {PORT_STARTING, PORT_SILENT, PORT_OFF,
					PORT_GONE,     PORT_BUSY,   PORT_FAILED};

	(void)state;
	for (size_t i = 0; i < sizeof(ports); i++) {
		struct world w = calm();
		const struct teller teller = {collect, &w.page};

		w.peer.view.level[0] = 30;
		assert_non_null(strstr(said(&w, 1), "A is at 30 percent.\n"));
		w.peer.view.port = ports[i];
		w.peer.view.level[0] = 0;
		assert_null(strstr(said(&w, 5000), "percent"));
		w.page = (struct page){0};
		tell_status(&w.peer.view, &teller);
		assert_non_null(strstr(w.page.text, "A: level not known; cap 0 at low power"));
		assert_non_null(strstr(w.page.text, "B: level not known; cap 0 at low power"));
		assert_null(strstr(w.page.text, "Mode:")); /* never met: nothing else is known */
		w.peer.view.port = PORT_OK;
		assert_non_null(strstr(said(&w, 9000), "A is at 0 percent.\n"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_twice_and_nothing_before_the_guard_has_spoken),
		cmocka_unit_test(a_reason_that_comes_and_goes_is_said_once),
		cmocka_unit_test(a_server_that_is_away_is_said_once_however_often_it_is_tried),
		cmocka_unit_test(a_resume_is_told_although_the_box_is_turned_up_by_hand),
		cmocka_unit_test(who_asks_is_said_aloud_with_the_words_and_the_keys),
		cmocka_unit_test(a_level_is_said_once_a_second_and_its_last_value_always),
		cmocka_unit_test(a_warning_is_loud_and_said_again_while_it_stands),
		cmocka_unit_test(an_alarm_of_the_box_is_loud_and_a_zero_on_its_way_is_not),
		cmocka_unit_test(lines_of_the_log_come_in_order_with_their_own_time),
		cmocka_unit_test(no_text_of_others_can_steer_a_terminal),
		cmocka_unit_test(the_keys_question_is_said_when_it_comes),
		cmocka_unit_test(the_status_has_levels_caps_locks_and_times_but_no_secret),
		cmocka_unit_test(levels_of_a_box_that_does_not_answer_are_called_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What the wearer's screen says, without a screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cJSON.h>
#include <stdio.h>
#include <string.h>

#include "agent/ui/headless.h"
#include "agent/ui/view.h"
#include "common/modes.h"

static struct ui_view
calm(void)
{
	return (struct ui_view){.phase = GUARD_WAITING,
				.why = WHY_START,
				.port = PORT_OK,
				.link = LINK_CONNECTED,
				.zero = true,
				.left = 14000,
				.idle_left = UI_NEVER,
				.checkin_left = UI_NEVER,
				.percent = 255,
				.link_text = "https://localhost/#key.secret"};
}

static bool
claims_zero(const struct ui_view *v)
{
	char advice[UI_ADVICE];

	ui_advice(v, advice);
	return strstr(ui_sentence(v), "topped") != NULL ||
	       strstr(ui_sentence(v), "at zero") != NULL || strstr(advice, "topped") != NULL ||
	       strstr(advice, "at zero") != NULL;
}

static void
nothing_says_stopped_or_zero_before_the_box_has_confirmed_it(void **state)
{
	struct ui_view v = calm();
	unsigned claims = 0;

	(void)state;
	for (unsigned i = 0; i < 6 * WHY_COUNT * 5 * 5 * 2 * 4; i++) {
		v.phase = (uint8_t)(i % 6);
		v.why = (uint8_t)(i / 6 % WHY_COUNT);
		v.port = (uint8_t)(i / 6 / WHY_COUNT % 5);
		v.link = (uint8_t)(i / 6 / WHY_COUNT / 5 % 5);
		v.left = i / 6 / WHY_COUNT / 25 % 2 != 0 ? 14000 : 0;
		v.zero = i / 6 / WHY_COUNT / 50 % 2 != 0;
		v.going = i / 6 / WHY_COUNT / 100 != 0;
		assert_true(strlen(ui_sentence(&v)) > 0);
		assert_true(v.zero || !claims_zero(&v));
		claims += claims_zero(&v) ? 1 : 0;
	}
	assert_true(claims > 0);
}

static void
a_level_set_by_hand_is_no_zero_on_its_way_and_hides_no_question(void **state)
{
	static const char by_hand[] = "Nobody has control. The box is turned up by hand.";
	struct ui_view v = calm();
	char advice[UI_ADVICE];

	(void)state;
	v.zero = false;
	v.level[0] = 5;
	assert_string_equal(ui_sentence(&v), by_hand);
	ui_advice(&v, advice);
	assert_null(strstr(advice, "resume"));
	v.phase = GUARD_STOPPED;
	v.latched = true;
	assert_string_equal(ui_sentence(&v), by_hand);
	ui_advice(&v, advice);
	assert_non_null(strstr(advice, "until you press r to resume"));
	v.going = true;
	assert_non_null(strstr(ui_sentence(&v), "Going to zero"));
	v.latched = false;
	v.phase = GUARD_ASKING;
	assert_non_null(strstr(ui_sentence(&v), "Going to zero"));
	v.going = false;
	assert_string_equal(ui_sentence(&v), "Somebody asks for control.");
}

static void
a_stop_that_the_box_has_not_confirmed_sends_the_wearer_to_the_knob(void **state)
{
	static const uint8_t ports[] = {PORT_OK,   PORT_SILENT, PORT_OFF,
					PORT_GONE, PORT_BUSY,   PORT_FAILED};
	struct ui_view v = calm();

	(void)state;
	v.phase = GUARD_STOPPED;
	v.why = WHY_WEARER;
	assert_string_equal(ui_sentence(&v), "Stopped. Both channels are at zero.");
	v.zero = false;
	v.going = true;
	for (size_t i = 0; i < sizeof(ports); i++) {
		v.port = ports[i];
		assert_non_null(strstr(ui_sentence(&v), "use its own knob"));
		assert_true(ui_tone(&v) == TONE_ALARM || ui_tone(&v) == TONE_ASK);
	}
	v.port = PORT_SILENT;
	assert_string_equal(ui_sentence(&v), "The box does not answer: use its own knob.");
}

static void
each_state_has_its_sentence(void **state)
{
	static const struct {
		uint8_t phase, why, link;
		const char *sentence;
	} rows[] = {
		{GUARD_WAITING, WHY_START, LINK_CONNECTED, "Ready. Nobody has control."},
		{GUARD_WAITING, WHY_BYE, LINK_CONNECTED,
		 "Your partner gave control back. Both channels are at zero."},
		{GUARD_WAITING, WHY_SILENT, LINK_CONNECTED,
		 "Your partner's page fell silent. Both channels are at zero."},
		{GUARD_WAITING, WHY_REFUSED, LINK_CONNECTED, "You refused. Nobody has control."},
		{GUARD_WAITING, WHY_LINK, LINK_CONNECTING,
		 "The connection to the server is lost. Both channels are at zero."},
		{GUARD_WAITING, WHY_START, LINK_CONNECTING, "Connecting to the server."},
		{GUARD_ASKING, WHY_START, LINK_CONNECTED, "Somebody asks for control."},
		{GUARD_LIVE, WHY_NONE, LINK_CONNECTED, "Your partner has control."},
		{GUARD_LIVE, WHY_PARTNER, LINK_CONNECTED,
		 "Your partner pressed stop. Both channels are at zero."},
		{GUARD_LIVE, WHY_CHANGE, LINK_CONNECTED, "Your partner has control."},
		{GUARD_STOPPED, WHY_IDLE, LINK_CONNECTED,
		 "Stopped: nothing was changed for a long time."},
		{GUARD_STOPPED, WHY_CHECKIN, LINK_CONNECTED,
		 "Stopped: you did not answer the check-in."},
		{GUARD_FAULT, WHY_BOX, LINK_CONNECTED,
		 "The line to the box has failed. Both channels are at zero."},
		{GUARD_ENDED, WHY_EXPIRED, LINK_CONNECTED,
		 "Four hours are over. Both channels are at zero."},
		{GUARD_ENDED, WHY_ENDED, LINK_LOST,
		 "The session is over. Both channels are at zero."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ui_view v = calm();

		v.phase = rows[i].phase;
		v.why = rows[i].why;
		v.link = rows[i].link;
		assert_string_equal(ui_sentence(&v), rows[i].sentence);
	}
	assert_string_equal(ui_sentence(NULL), "Starting.");
}

static void
who_is_not_shown_the_link_is_told_the_same(void **state)
{
	struct ui_view v = calm();

	(void)state;
	v.link_text[0] = '\0';
	assert_string_equal(ui_sentence(&v), "Ready. Nobody has control.");
	v.why = WHY_LINK;
	v.link = LINK_LOST;
	assert_string_equal(ui_sentence(&v), "The connection to the server is lost. Both channels "
					     "are at zero.");
	v.left = 0;
	assert_string_equal(ui_sentence(&v), "No connection to the server.");
}

static void
trouble_with_the_server_shows_what_the_server_said(void **state)
{
	struct ui_view v = calm();
	char advice[UI_ADVICE];

	(void)state;
	v.left = 0;
	v.link = LINK_REFUSED;
	strcpy(v.note, "Too many keys were asked for.");
	ui_advice(&v, advice);
	assert_string_equal(advice, "Too many keys were asked for. Both channels are at zero. It is "
			    "tried again by itself.");
	v.phase = GUARD_ENDED; /* d, and no new link comes */
	v.why = WHY_ENDED;
	for (unsigned link = LINK_CONNECTING; link <= LINK_DONE; link++) {
		bool kept = link == LINK_LOST || link == LINK_REFUSED;

		v.link = (uint8_t)link;
		ui_advice(&v, advice);
		assert_non_null(strstr(advice, "d asks for it."));
		assert_int_equal(strstr(advice, "d asks for it. Too many keys were asked for.") !=
					 NULL,
				 kept);
	}
	v.phase = GUARD_WAITING;
	v.link = LINK_REFUSED;
	memset(v.note, 'x', sizeof(v.note) - 1);
	ui_advice(&v, advice);
	assert_true(strlen(advice) < UI_ADVICE);
}

static void
a_timer_warns_in_its_last_minute_and_the_check_in_comes_first(void **state)
{
	struct ui_view v = calm();
	char text[UI_ADVICE];

	(void)state;
	v.phase = GUARD_LIVE;
	v.idle_left = v.checkin_left = 61;
	ui_warning(&v, text);
	assert_string_equal(text, "");
	v.idle_left = 60;
	ui_warning(&v, text);
	assert_non_null(strstr(text, "stops in 60 s"));
	v.checkin_left = 9;
	ui_warning(&v, text);
	assert_non_null(strstr(text, "Press any key within 9 s"));
	v.phase = GUARD_STOPPED;
	ui_warning(&v, text);
	assert_string_equal(text, "");
}

static void
times_are_for_people(void **state)
{
	static const struct {
		uint32_t seconds;
		const char *text;
	} rows[] = {{0, "0 s"},		  {119, "119 s"},
		    {120, "2 min"},	  {3599, "59 min"},
		    {3600, "1 h 00 min"}, {14399, "3 h 59 min"},
		    {UI_NEVER, "-"},	  {UI_NEVER - 1, "1193046 h 28 min"}};
	char text[UI_TIME];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ui_time(text, rows[i].seconds);
		assert_string_equal(text, rows[i].text);
	}
}

static void
bars_show_level_target_and_cap(void **state)
{
	static const struct {
		unsigned level, target, cap;
		const char *bar;
	} rows[] = {
		{0, 0, 0, "|........."},    {0, 0, 50, "-----|...."},
		{20, 20, 50, "##---|...."}, {20, 40, 50, "##>>-|...."},
		{50, 50, 50, "#####|...."}, {70, 70, 50, "#######..."},
		{1, 1, 50, "#----|...."},   {100, 100, 100, "##########"},
		{0, 0, 100, "---------|"},  {255, 255, 255, "##########"},
	};
	char bar[11];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ui_bar(bar, 10, rows[i].level, rows[i].target, rows[i].cap);
		assert_string_equal(bar, rows[i].bar);
	}
	ui_bar(bar, 0, 50, 50, 50);
	assert_string_equal(bar, "");
}

static void
a_bell_rings_when_something_begins_and_not_while_it_lasts(void **state)
{
	struct ui_view before = calm(), now = calm();

	(void)state;
	assert_false(ui_attention(NULL, &now));
	now.phase = GUARD_ASKING;
	assert_true(ui_attention(NULL, &now));
	assert_true(ui_attention(&before, &now));
	assert_false(ui_attention(&now, &now));
	before.phase = now.phase = GUARD_LIVE;
	before.zero = now.zero = false;
	assert_false(ui_attention(&before, &now));
	before.checkin_left = 61;
	now.checkin_left = 60;
	assert_true(ui_attention(&before, &now));
	before.checkin_left = 60;
	now.checkin_left = 59;
	assert_false(ui_attention(&before, &now));
	before.idle_left = 61;
	now.idle_left = 60;
	assert_true(ui_attention(&before, &now));
	before = calm();
	for (unsigned port = PORT_SILENT; port <= PORT_FAILED; port++) {
		now = calm();
		now.port = (uint8_t)port;
		assert_int_equal(ui_attention(&before, &now), port != PORT_OFF);
		assert_false(ui_attention(&now, &before)); /* it is back */
		assert_false(ui_attention(&now, &now));
	}
}

/* The page and this screen have one set of words, so that both people speak of the same. */
static void
dials_are_called_as_on_the_partners_page(void **state)
{
	static char page[32768];
	FILE *f = fopen("../web/strings.js", "r");

	(void)state;
	assert_non_null(f);
	page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
	fclose(f);
	for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
		const char *c = ui_dial(mode, 0), *d = ui_dial(mode, 1);
		char line[128];

		assert_non_null(c);
		snprintf(line, sizeof(line), "  %s: ['%s', '%s', %s%s%s],\n", mode_name(mode),
			 ui_mode(mode), c, d != NULL ? "'" : "", d != NULL ? d : "null",
			 d != NULL ? "'" : "");
		assert_non_null(strstr(page, line));
	}
	assert_string_equal(ui_mode(MODE_OTHER), "Set on the box");
	assert_string_equal(ui_dial(MODE_OTHER, 1), "adjusts the mode");
}

/* Whatever has happened: what the outputs are, or whose knob to use; and nothing is cut short. */
static void
every_fault_says_what_the_outputs_are_or_where_the_knob_is(void **state)
{
	struct ui_view v = calm();

	(void)state;
	for (unsigned i = 0; i < 6 * WHY_COUNT * 5 * 4; i++) {
		char advice[UI_ADVICE], all[2 * UI_ADVICE];

		v.phase = (uint8_t)(i % 6);
		v.why = (uint8_t)(i / 6 % WHY_COUNT);
		v.port = (uint8_t)(i / 6 / WHY_COUNT % 5);
		v.zero = i / 6 / WHY_COUNT / 5 % 2 != 0;
		v.going = i / 6 / WHY_COUNT / 10 != 0;
		ui_advice(&v, advice);
		snprintf(all, sizeof(all), "%s %s", ui_sentence(&v), advice);
		assert_true(strlen(advice) < UI_ADVICE - 1);
		assert_null(strstr(all, "log below"));
		if (ui_tone(&v) == TONE_ALARM || v.phase == GUARD_STOPPED ||
		    v.phase == GUARD_FAULT || v.phase == GUARD_ENDED) {
			assert_true(strstr(all, "at zero") != NULL || strstr(all, "knob") != NULL ||
				    v.port == PORT_OFF);
			assert_true(strlen(advice) > 0);
		}
	}
}

static const cJSON *
member(const cJSON *o, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

	assert_non_null(m);
	return m;
}

static void
the_state_event_is_one_line_of_json_with_everything_in_it(void **state)
{
	struct ui_view v = calm();
	char line[UI_EVENT];
	cJSON *o;
	int len;

	(void)state;
	v.phase = GUARD_LIVE;
	v.zero = false;
	v.power = 1;
	v.level[0] = 12;
	v.target[1] = 34;
	v.cap[1][0] = 56;
	v.modes = 1u << 6 | 1u;
	strcpy(v.words, "apple river stone");
	len = ui_state_line(&v, line);
	assert_true(len > 0 && line[len - 1] == '\n' && strchr(line, '\n') == line + len - 1);
	o = cJSON_Parse(line);
	assert_non_null(o);
	assert_string_equal(member(o, "event")->valuestring, "state");
	assert_string_equal(member(o, "phase")->valuestring, "live");
	assert_true(cJSON_IsFalse(member(o, "zero")));
	assert_int_equal(cJSON_GetArrayItem(member(o, "level"), 0)->valueint, 12);
	assert_int_equal(cJSON_GetArrayItem(member(o, "target"), 1)->valueint, 34);
	assert_int_equal(cJSON_GetArrayItem(member(o, "cap"), 0)->valueint, 56);
	assert_string_equal(member(o, "power")->valuestring, "high");
	assert_int_equal(cJSON_GetArraySize(member(o, "modes")), 2);
	assert_string_equal(cJSON_GetArrayItem(member(o, "modes"), 1)->valuestring, "wave");
	assert_true(cJSON_IsNull(member(o, "battery")));
	assert_true(cJSON_IsNull(member(o, "idle")));
	assert_int_equal(member(o, "left")->valueint, 14000);
	assert_string_equal(member(o, "words")->valuestring, "apple river stone");
	assert_string_equal(member(o, "sentence")->valuestring, "Your partner has control.");
	assert_null(strstr(line, "secret")); /* the link is in no state event */
	cJSON_Delete(o);
}

static void
the_longest_state_event_fits(void **state)
{
	struct ui_view v = calm();
	char line[UI_EVENT];

	(void)state;
	v.modes = 0xffffffff;
	v.link = LINK_LOST;
	memset(v.words, '\001', sizeof(v.words) - 1);
	memset(v.note, '\001', sizeof(v.note) - 1);
	memset(v.version, '\001', sizeof(v.version) - 1);
	v.link_text[0] = '\0';
	assert_true(ui_state_line(&v, line) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_says_stopped_or_zero_before_the_box_has_confirmed_it),
		cmocka_unit_test(a_level_set_by_hand_is_no_zero_on_its_way_and_hides_no_question),
		cmocka_unit_test(
			a_stop_that_the_box_has_not_confirmed_sends_the_wearer_to_the_knob),
		cmocka_unit_test(each_state_has_its_sentence),
		cmocka_unit_test(who_is_not_shown_the_link_is_told_the_same),
		cmocka_unit_test(trouble_with_the_server_shows_what_the_server_said),
		cmocka_unit_test(a_timer_warns_in_its_last_minute_and_the_check_in_comes_first),
		cmocka_unit_test(times_are_for_people),
		cmocka_unit_test(bars_show_level_target_and_cap),
		cmocka_unit_test(a_bell_rings_when_something_begins_and_not_while_it_lasts),
		cmocka_unit_test(dials_are_called_as_on_the_partners_page),
		cmocka_unit_test(every_fault_says_what_the_outputs_are_or_where_the_knob_is),
		cmocka_unit_test(the_state_event_is_one_line_of_json_with_everything_in_it),
		cmocka_unit_test(the_longest_state_event_fits),
	};

	return cmocka_run_group_tests_name("ui_view", tests, NULL, NULL);
}

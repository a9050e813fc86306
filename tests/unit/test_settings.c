/*
 * What the wearer's log says when a setting was changed, and what a setting takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/guard/settings.h"

static void
each_change_is_said_in_words(void **state)
{
	static const struct {
		struct ui_input in;
		const char *sentence;
	} changes[] = {
		{{UI_CAP_A, 0, 35}, "You set the cap of A to 35 percent."},
		{{UI_CAP_B, 1, 0}, "You set the cap of B at high power to 0 percent."},
		{{UI_LOCK_POWER, 0, 0}, "You unlocked the power: your partner may change it."},
		{{UI_LOCK_POWER, 0, 1}, "You locked the power."},
		{{UI_LOCK_MODE, 0, 0}, "You unlocked the mode: your partner may change it."},
		{{UI_LOCK_MODE, 0, 1}, "You locked the mode."},
		{{UI_HOLD, 0, 7}, "You set the hold to 7 seconds."},
		{{UI_IDLE, 0, 15}, "You set the idle shut-down to 15 minutes."},
		{{UI_IDLE, 0, 0}, "You turned the idle shut-down off."},
		{{UI_CHECKIN_MIN, 0, 20}, "You set the check-in to 20 minutes."},
		{{UI_CHECKIN_MIN, 0, 0}, "You turned the check-in off."},
		{{UI_RISE, 0, 50}, "You set the rise to 50 ms per percent."},
		{{UI_ASK, 0, 0}, "Whoever has the link gets control without asking you."},
		{{UI_ASK, 0, 1}, "You are asked before a partner gets control."},
		{{UI_MODES, 0, 0}, "You allowed no mode: the box keeps the one it has."},
		{{UI_MODES, 0, 3}, "You set which modes are allowed."},
	};
	struct settings s;
	char text[120];

	(void)state;
	settings_default(&s);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		assert_int_equal(settings_apply(&s, &changes[i].in, text, sizeof(text)), 0);
		assert_string_equal(text, changes[i].sentence);
	}
}

static void
a_refusal_says_the_range(void **state)
{
	struct ui_input in = {UI_HOLD, 0, 1};
	struct settings s;
	char text[120];

	(void)state;
	settings_default(&s);
	assert_int_equal(settings_apply(&s, &in, text, sizeof(text)), -1);
	assert_string_equal(text, "The hold must be 2 to 30 seconds; nothing was changed.");
	in.action = UI_STOP;
	assert_int_equal(settings_apply(&s, &in, text, sizeof(text)), -1);
	assert_string_equal(text, "That setting is not known; nothing was changed.");
}

static void
a_range_can_be_asked_for(void **state)
{
	uint32_t min = 0, max = 0;
	char text[64];

	(void)state;
	assert_int_equal(settings_expects(UI_CHECKIN_MIN, text, sizeof(text)), 0);
	assert_string_equal(text, "0 to 240 minutes, 0 is off");
	assert_int_equal(settings_expects(UI_ALIVE, text, sizeof(text)), -1);
	assert_int_equal(settings_range(UI_HOLD, &min, &max), 0);
	assert_int_equal(min, 2);
	assert_int_equal(max, 30);
	assert_int_equal(settings_range(UI_ALIVE, &min, &max), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_is_said_in_words),
		cmocka_unit_test(a_refusal_says_the_range),
		cmocka_unit_test(a_range_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

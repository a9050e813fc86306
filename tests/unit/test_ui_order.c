/*
 * What the lines of a headless ui ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/ui/order.h"

static void
every_order_is_understood(void **state)
{
	static const struct {
		const char *line;
		struct ui_input in;
	} rows[] = {
		{"{\"cmd\":\"stop\"}", {UI_STOP, 0, 0}},
		{"{\"cmd\":\"resume\"}\r", {UI_RESUME, 0, 0}},
		{" { \"cmd\" : \"disconnect\" } ", {UI_DISCONNECT, 0, 0}},
		{"{\"cmd\":\"allow\"}", {UI_ALLOW, 0, 0}},
		{"{\"cmd\":\"refuse\"}", {UI_REFUSE, 0, 0}},
		{"{\"cmd\":\"checkin\"}", {UI_CHECKIN, 0, 0}},
		{"{\"cmd\":\"quit\"}", {UI_QUIT, 0, 0}},
		{"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":40}", {UI_CAP_A, 0, 40}},
		{"{\"value\":0,\"power\":\"high\",\"ch\":\"B\",\"cmd\":\"cap\"}", {UI_CAP_B, 1, 0}},
		{"{\"cmd\":\"cap\",\"ch\":\"B\",\"value\":9,\"power\":\"low\"}", {UI_CAP_B, 0, 9}},
		{"{\"cmd\":\"lock\",\"what\":\"power\",\"on\":false}", {UI_LOCK_POWER, 0, 0}},
		{"{\"cmd\":\"lock\",\"what\":\"mode\",\"on\":true}", {UI_LOCK_MODE, 0, 1}},
		{"{\"cmd\":\"set\",\"what\":\"hold\",\"value\":5}", {UI_HOLD, 0, 5}},
		{"{\"cmd\":\"set\",\"what\":\"idle\",\"value\":10}", {UI_IDLE, 0, 10}},
		{"{\"cmd\":\"set\",\"what\":\"checkin\",\"value\":30}", {UI_CHECKIN_MIN, 0, 30}},
		{"{\"cmd\":\"set\",\"what\":\"rise\",\"value\":100}", {UI_RISE, 0, 100}},
		{"{\"cmd\":\"ask\",\"on\":true}", {UI_ASK, 0, 1}},
		{"{\"cmd\":\"save\"}", {UI_SAVE, 0, 0}},
		{"{\"cmd\":\"modes\",\"value\":[]}", {UI_MODES, 0, 0}},
		{"{\"cmd\":\"modes\",\"value\":[\"wave\",\"pulse\",\"training\"]}",
		 {UI_MODES, 0, 1u << 16 | 1u << 6 | 1u}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ui_input in = {UI_ACTION_COUNT, 9, 9};
		char why[UI_WHY];

		assert_int_equal(ui_order_parse(&in, rows[i].line, strlen(rows[i].line), why), 0);
		assert_int_equal(in.action, rows[i].in.action);
		assert_int_equal(in.power, rows[i].in.power);
		assert_int_equal(in.value, rows[i].in.value);
	}
}

static void
a_bad_order_changes_nothing_and_says_what_was_expected(void **state)
{
	static const char *const bad[] = {
		"",
		"stop",
		"[]",
		"{}",
		"{\"cmd\":5}",
		"{\"cmd\":\"dance\"}",
		"{\"cmd\":\"stop\",\"now\":true}",
		"{\"cmd\":\"stop\"} x",
		"{\"cmd\":\"stop\",\"cmd\":\"stop\"}",
		"{\"cmd\":\"cap\"}",
		"{\"cmd\":\"cap\",\"ch\":\"C\",\"value\":1}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":\"1\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":-1}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":1,\"power\":\"warm\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":1,\"Power\":\"high\"}",
		"{\"cmd\":\"cap\",\"ch\":\"A\",\"value\":4294967296}",
		"{\"cmd\":\"lock\",\"what\":\"power\",\"on\":1}",
		"{\"cmd\":\"lock\",\"what\":\"door\",\"on\":true}",
		"{\"cmd\":\"set\",\"what\":\"hold\"}",
		"{\"cmd\":\"set\",\"what\":\"mood\",\"value\":1}",
		"{\"cmd\":\"ask\",\"on\":\"yes\"}",
		"{\"cmd\":\"modes\"}",
		"{\"cmd\":\"modes\",\"value\":\"pulse\"}",
		"{\"cmd\":\"modes\",\"value\":[\"dance\"]}",
		"{\"cmd\":\"modes\",\"value\":[1]}",
		"{\"cmd\":\"modes\",\"value\":[\"pulse\",\"pulse\"]}",
		"{\"cmd\":\"save\",\"value\":1}",
	};
	const struct ui_input before = {UI_ACTION_COUNT, 9, 9};
	char line[UI_LINE + 2], why[UI_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ui_input in = before;

		why[0] = '\0';
		assert_int_equal(ui_order_parse(&in, bad[i], strlen(bad[i]), why), -1);
		assert_memory_equal(&in, &before, sizeof(in));
		assert_ptr_equal(strstr(why, "Expected"), why);
		assert_true(strlen(why) < UI_WHY - 1); /* not cut short */
	}
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"cmd\":\"stop\"}", 14);
	assert_int_equal(ui_order_parse(&(struct ui_input){0}, line, UI_LINE, why), 0);
	assert_int_equal(ui_order_parse(&(struct ui_input){0}, line, UI_LINE + 1, why), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_is_understood),
		cmocka_unit_test(a_bad_order_changes_nothing_and_says_what_was_expected),
	};

	return cmocka_run_group_tests_name("ui_order", tests, NULL, NULL);
}

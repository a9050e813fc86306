/*
 * Who may speak in a session, and what a state says: the guard's checks on commands that a hostile
 * link hands over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "agent/guard/guard.h"
#include "agent/guard/session.h"
#include "common/encode.h"
#include "common/modes.h"

#define HOLD 5000

static struct session
opened(void)
{
	struct session s = {0};
	struct link_issued issued = {.left = 14400, .client = "c", .token = "t"};
	struct key key = {.expiry = 1};

	memset(issued.sid, 7, sizeof(issued.sid));
	memset(key.sid, 7, sizeof(key.sid));
	key_write(issued.key, &key);
	assert_int_equal(session_open(&s, &issued, 1000), 0);
	return s;
}

static struct command
signed_by(const struct session *s, uint8_t op, uint8_t page, uint32_t n, uint32_t beacon)
{
	struct command c = {.op = op, .n = n, .beacon = beacon};

	c.page[0] = page;
	assert_int_equal(auth_command_mac(c.mac, &s->keys, &c), 0);
	return c;
}

static void
an_authentic_command_is_accepted_once(void **state)
{
	struct session s = opened();
	struct command c = signed_by(&s, OP_ALIVE, 1, 1, 0);
	uint64_t until;

	(void)state;
	assert_int_equal(session_accept(&s, &c, HOLD, &until), 0);
	assert_int_equal(session_accept(&s, &c, HOLD, &until), NO_PAGE);
	assert_int_equal(s.bad, 1);
}

static void
any_changed_bit_makes_a_command_void(void **state)
{
	struct session s = opened();
	struct command good = signed_by(&s, OP_LEVEL, 1, 5, 3);
	uint64_t until;

	(void)state;
	for (size_t bit = 0; bit < sizeof(good.mac) * 8; bit++) {
		struct command c = good;

		c.mac[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(session_accept(&s, &c, HOLD, &until), NO_PAGE);
	}
	for (int field = 0; field < 7; field++) {
		struct command c = good;

		c.op ^= field == 0;
		c.channel ^= field == 1;
		c.value ^= field == 2;
		c.want[0] ^= field == 3;
		c.page[7] ^= field == 4;
		c.n ^= field == 5 ? 2 : 0;
		c.beacon ^= field == 6;
		assert_int_equal(session_accept(&s, &c, HOLD, &until), NO_PAGE);
	}
	assert_int_equal(session_accept(&s, &good, HOLD, &until), 0);
}

static void
counters_only_rise_and_each_page_has_its_own(void **state)
{
	struct session s = opened();
	struct command late = signed_by(&s, OP_ALIVE, 1, 8, 0);
	struct command next = signed_by(&s, OP_ALIVE, 1, 9, 0);
	struct command other = signed_by(&s, OP_ALIVE, 2, 1, 0);
	uint64_t until;

	(void)state;
	assert_int_equal(session_accept(&s, &next, HOLD, &until), 0);
	assert_int_equal(session_accept(&s, &late, HOLD, &until), NO_PAGE);
	assert_int_equal(session_accept(&s, &other, HOLD, &until), 1);
}

static void
the_page_table_refuses_rather_than_forgets(void **state)
{
	struct session s = opened();
	uint64_t until;

	(void)state;
	for (unsigned i = 0; i < MAX_PAGES; i++) {
		struct command c = signed_by(&s, OP_ALIVE, (uint8_t)i, 1, 0);

		assert_int_equal(session_accept(&s, &c, HOLD, &until), i);
	}
	struct command more = signed_by(&s, OP_HELLO, 200, 1, 0);
	struct command old = signed_by(&s, OP_ALIVE, 0, 1, 0);

	assert_int_equal(session_accept(&s, &more, HOLD, &until), NO_PAGE);
	assert_int_equal(session_accept(&s, &old, HOLD, &until), NO_PAGE);
}

static void
authority_counts_from_when_the_echoed_state_was_sent(void **state)
{
	struct session s = opened();
	uint64_t until;

	(void)state;
	for (uint32_t i = 1; i <= MAX_BEACONS + 6; i++) {
		assert_int_equal(session_beacon(&s, 1000 + i * 100), i);
	}
	struct command c = signed_by(&s, OP_ALIVE, 1, 1, 70);

	assert_int_equal(session_accept(&s, &c, HOLD, &until), 0);
	assert_int_equal(until, 1000 + 7000 + HOLD);
	c = signed_by(&s, OP_ALIVE, 1, 2, 6); /* overwritten */
	assert_int_equal(session_accept(&s, &c, HOLD, &until), 0);
	assert_int_equal(until, 0);
	c = signed_by(&s, OP_ALIVE, 1, 3, 71); /* never sent */
	assert_int_equal(session_accept(&s, &c, HOLD, &until), 0);
	assert_int_equal(until, 0);
}

static void
a_closed_session_accepts_nothing_and_keeps_nothing(void **state)
{
	struct session s = opened();
	struct command c = signed_by(&s, OP_ALIVE, 1, 1, 0);
	uint8_t zero[SECRET_LEN] = {0};
	uint64_t until;

	(void)state;
	session_close(&s);
	assert_memory_equal(s.secret, zero, SECRET_LEN);
	assert_int_equal(session_accept(&s, &c, HOLD, &until), NO_PAGE);
}

/* A state written with everything at its longest is still one JSON object inside its limit. */
static void
a_state_is_json_with_every_field_of_the_protocol(void **state)
{
	static const char *const fields[] = {
		"v", "beacon", "guard", "why", "box", "a", "b", "ta", "tb", "capa", "capb", "c", "d",
		"mode", "modes", "power", "lockp", "lockm", "join", "bat", "left", "idle", "page",
		"nonce", "n", "stops", "bad"};
	static struct guard g;
	char out[MAX_STATE];
	int len;

	(void)state;
	g.session = opened();
	g.session.control = g.session.page_count++;
	g.session.pages[0].n = UINT32_MAX;
	g.session.bad = UINT32_MAX;
	g.limits.stops = UINT32_MAX;
	g.settings.limits.modes = g.report.modes = (1u << MODE_COUNT) - 1;
	g.report.a = g.report.b = g.report.c = g.report.d = 255;
	g.report.percent = 255;
	g.box.fd = -1;
	len = state_write(&g, UINT32_MAX, 2000, out, sizeof(out) - B64_LEN(AUTH_MAC) - 1);
	assert_true(len > 0);
	cJSON *json = cJSON_Parse(out);

	assert_non_null(json);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		assert_true(cJSON_HasObjectItem(json, fields[i]));
	}
	assert_int_equal(cJSON_GetArraySize(json), sizeof(fields) / sizeof(fields[0]));
	assert_int_equal(cJSON_GetObjectItem(json, "a")->valueint, 100);
	assert_int_equal(cJSON_GetObjectItem(json, "bat")->valueint, -1);
	cJSON_Delete(json);
	assert_int_equal(state_write(&g, 1, 2000, out, 100), -1);
}

static void
settings_refuse_what_is_out_of_range_in_words_and_change_nothing(void **state)
{
	struct settings s, before;
	char text[120];

	(void)state;
	settings_default(&s);
	before = s;
	for (unsigned action = UI_CAP_A; action < UI_ACTION_COUNT; action++) {
		struct ui_input in = {.action = (uint8_t)action, .value = 1u << 30};

		text[0] = '\0';
		assert_int_equal(settings_apply(&s, &in, text, sizeof(text)), -1);
		assert_non_null(strstr(text, "nothing was changed"));
		assert_memory_equal(&s, &before, sizeof(s));
	}
	assert_int_equal(settings_apply(&s, &(struct ui_input){.action = UI_CAP_A, .power = 2}, text,
					sizeof(text)), -1);
	assert_int_equal(settings_apply(&s, &(struct ui_input){.action = UI_CAP_B, .power = 1, .value = 35},
					text, sizeof(text)), 0);
	assert_int_equal(s.limits.cap[1][1], 35);
}

static void
the_defaults_are_safe(void **state)
{
	struct settings s;

	(void)state;
	settings_default(&s);
	assert_true(s.ask);
	assert_true(s.limits.lock_power);
	assert_int_equal(s.limits.cap[0][0] + s.limits.cap[0][1] + s.limits.cap[1][0] + s.limits.cap[1][1], 0);
	assert_int_equal(s.limits.modes & (1u << MODE_STEP | 1u << MODE_TRAINING), 0);
	assert_int_equal(s.limits.hold_ms, 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_authentic_command_is_accepted_once),
		cmocka_unit_test(any_changed_bit_makes_a_command_void),
		cmocka_unit_test(counters_only_rise_and_each_page_has_its_own),
		cmocka_unit_test(the_page_table_refuses_rather_than_forgets),
		cmocka_unit_test(authority_counts_from_when_the_echoed_state_was_sent),
		cmocka_unit_test(a_closed_session_accepts_nothing_and_keeps_nothing),
		cmocka_unit_test(a_state_is_json_with_every_field_of_the_protocol),
		cmocka_unit_test(settings_refuse_what_is_out_of_range_in_words_and_change_nothing),
		cmocka_unit_test(the_defaults_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

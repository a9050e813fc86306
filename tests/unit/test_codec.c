/*
 * The 2B's language: every reply that the sources print, each cut at each byte, and every command
 * that can be made for every firmware.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/box/codec.h"
#include "common/modes.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *line;
	struct status s;
} replies[] = {
	{"540:0:0:100:100:0:L:0:2.106", {540, 0, 0, 100, 100, 0, 'L', false, 9, "2.106"}},
	{"541:40:0:40:40:2:L:0:2.106", {541, 40, 0, 40, 40, 2, 'L', false, 9, "2.106"}},
	{"546:40:40:100:100:0:L:0:2.106", {546, 40, 40, 100, 100, 0, 'L', false, 9, "2.106"}},
	{"746:4:30:160:100:5:L:0:2.106", {746, 4, 30, 160, 100, 5, 'L', false, 9, "2.106"}},
	{"666:200:100:150:50:0:L:0:2.106", {666, 200, 100, 150, 50, 0, 'L', false, 9, "2.106"}},
	{"666:0:0:150:50:0:H:0:2.106", {666, 0, 0, 150, 50, 0, 'H', false, 9, "2.106"}},
	{"666:0:0:100:100:0:L:0:2.106", {666, 0, 0, 100, 100, 0, 'L', false, 9, "2.106"}},
	{"512:90:20:50:150:1:L:0:2.105", {512, 90, 20, 50, 150, 1, 'L', false, 9, "2.105"}},
	{"502:40:160:80:120:0:L:0:2.105", {502, 40, 160, 80, 120, 0, 'L', false, 9, "2.105"}},
	{"32772:0:0:100:100:0:L:0:2.116B", {32772, 0, 0, 100, 100, 0, 'L', false, 9, "2.116B"}},
	{"49664:0:0:100:100:0:L:0:0:2.118B", {49664, 0, 0, 100, 100, 0, 'L', false, 10, "2.118B"}},
	{"344:10:12:120:116:15:L:0:0:0:2.119B",
	 {344, 10, 12, 120, 116, 15, 'L', false, 11, "2.119B"}},
	{"344:10:12:120:116:15:L:0:0:0:0:0:2.120B",
	 {344, 10, 12, 120, 116, 15, 'L', false, 13, "2.120B"}},
	{"762:0:0:100:100:0:L:0:0:0:0:0:2.131B",
	 {762, 0, 0, 100, 100, 0, 'L', false, 13, "2.131B"}},
	{"344:10:12:120:116:15:D:3:1:2:5:3:2.120B",
	 {344, 10, 12, 120, 116, 15, 'D', true, 13, "2.120B"}},
	{"100:40:0:50:50:13:L:0:1.04", {100, 40, 0, 50, 50, 13, 'L', false, 9, "1.04"}},
};

static const struct status firmware_2106 = {.fields = 9, .version = "2.106"};
static const struct status firmware_2116 = {.fields = 9, .version = "2.116B"};
static const struct status firmware_2119 = {.fields = 11, .version = "2.119B"};
static const struct status firmware_2131 = {.fields = 13, .version = "2.131B"};
static const struct status firmware_next = {.fields = 13, .version = "2.140B"};
static const struct status firmware_none = {0};

static enum codec_line
read_line(struct status *s, const char *text)
{
	return codec_status(s, text, strlen(text));
}

static void
assert_same(const struct status *x, const struct status *y)
{
	assert_int_equal(x->battery, y->battery);
	assert_int_equal(x->a, y->a);
	assert_int_equal(x->b, y->b);
	assert_int_equal(x->c, y->c);
	assert_int_equal(x->d, y->d);
	assert_int_equal(x->mode, y->mode);
	assert_int_equal(x->power, y->power);
	assert_int_equal(x->join, y->join);
	assert_int_equal(x->fields, y->fields);
}

static void
every_reply_of_the_sources_is_read(void **state)
{
	struct status s;

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		assert_int_equal(read_line(&s, replies[i].line), CODEC_STATUS);
		assert_same(&s, &replies[i].s);
		assert_string_equal(s.version, replies[i].s.version);
	}
	assert_int_equal(read_line(&s, "ERR"), CODEC_ERR);
}

/* The worst that a lost end can do is to shorten the version: then the firmware is an unknown one.
 */
static void
a_reply_without_its_end_is_refused_or_of_unknown_firmware(void **state)
{
	struct status s;

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		for (size_t len = 0; len < strlen(replies[i].line); len++) {
			if (codec_status(&s, replies[i].line, len) == CODEC_BAD) {
				continue;
			}
			assert_same(&s, &replies[i].s);
			assert_false(codec_same_box(&s, &replies[i].s));
			assert_int_equal(codec_modes(&s), 7);
		}
	}
}

static void
a_reply_without_its_beginning_is_refused_or_wrong_in_the_battery_only(void **state)
{
	struct status s;

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		for (const char *p = replies[i].line + 1; *p != '\0'; p++) {
			if (read_line(&s, p) == CODEC_BAD) {
				continue;
			}
			s.battery = replies[i].s.battery;
			assert_same(&s, &replies[i].s);
		}
	}
}

static void
two_replies_run_together_are_refused_or_wrong_in_the_battery_only(void **state)
{
	struct status s;
	char both[CODEC_LINE + 40];

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		for (size_t len = 1; len < strlen(replies[i].line); len++) {
			memset(both, 0, sizeof(both));
			memcpy(both, replies[i].line, len);
			strcat(both, replies[i].line);
			if (read_line(&s, both) == CODEC_BAD) {
				continue;
			}
			s.battery = replies[i].s.battery;
			assert_same(&s, &replies[i].s);
		}
	}
}

static void
what_is_not_a_reply_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"::::::::",
		"ER",
		"ERRR",
		"err",
		"ERR ",
		"A100",
		"512:66:00:50:50:1:L:0:0",	 /* no version: a dry run's line */
		"540:201:0:100:100:0:L:0:2.106", /* over 100 percent */
		"540:0:256:100:100:0:L:0:2.106",
		"540:0:0:100:100:256:L:0:2.106",
		"540:0:0:100:100:0:X:0:2.106",
		"540:0:0:100:100:0:LH:0:2.106",
		"540:0:0:100:100:0::0:2.106",
		"540:0:0:100:100:0:L:2:2.106", /* join is 0 or 1 */
		"540:0:0:100:100:0:L:0:2.1",   /* cut version */
		"540:0:0:100:100:0:L:0:.106",
		"540:0:0:100:100:0:L:0:2.106BB",
		"540:0:0:100:100:0:L:0:2.106b",
		"540:0:0:100:100:0:L:0:2.106 ",
		"540:-1:0:100:100:0:L:0:2.106",
		"540:+1:0:100:100:0:L:0:2.106",
		"540: 1:0:100:100:0:L:0:2.106",
		"540:0x1:0:100:100:0:L:0:2.106",
		"4294967296:0:0:100:100:0:L:0:2.106",
		"99999999999:0:0:100:100:0:L:0:2.106",
		"540:0:0:100:100:0:L:0:2.10600000000",
		"540:0:0:100:100:0:L:0:0:0:0:2.120B", /* 12 fields */
		"540:0:0:100:100:0:L:0:0:0:0:0:0:2.120B",
		"540:0:0:100:100:0:L:10:0:0:0:0:2.120B",
	};
	struct status s, before;

	(void)state;
	memset(&s, 0x5a, sizeof(s));
	before = s;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(read_line(&s, bad[i]), CODEC_BAD);
		assert_memory_equal(&s, &before, sizeof(s));
	}
	assert_int_equal(codec_status(&s, "540:0:0:100:100:0:L:0:2.1\0006", 27), CODEC_BAD);
}

static void
a_flipped_bit_never_gives_a_value_out_of_range(void **state)
{
	char line[CODEC_LINE];
	struct status s;

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		size_t len = strlen(replies[i].line);

		for (size_t bit = 0; bit < 8 * len; bit++) {
			memcpy(line, replies[i].line, len);
			line[bit / 8] = (char)(line[bit / 8] ^ (1 << bit % 8));
			if (codec_status(&s, line, len) != CODEC_STATUS) {
				continue;
			}
			assert_true(s.a <= 200 && s.b <= 200 && s.c <= 200 && s.d <= 200);
			assert_non_null(memchr("LHD", s.power, 3));
			assert_non_null(memchr(s.version, '\0', sizeof(s.version)));
		}
	}
}

static void
modes_have_their_own_numbers_on_each_firmware(void **state)
{
	static const struct {
		const struct status *firmware;
		uint8_t mode;
		const char *command; /* NULL: it has no such mode */
	} rows[] = {
		{&firmware_2106, MODE_PULSE, "M0\r"},
		{&firmware_2106, MODE_CONTINUOUS, "M2\r"},
		{&firmware_2106, MODE_FLO, NULL},
		{&firmware_2106, MODE_ASPLIT, "M3\r"},
		{&firmware_2106, MODE_WAVE, "M5\r"},
		{&firmware_2106, MODE_THRUST, "M10\r"},
		{&firmware_2106, MODE_CYCLE, NULL},
		{&firmware_2106, MODE_TWIST, NULL},
		{&firmware_2106, MODE_RANDOM, "M11\r"},
		{&firmware_2106, MODE_TRAINING, "M13\r"},
		{&firmware_2119, MODE_FLO, "M3\r"},
		{&firmware_2119, MODE_ASPLIT, "M4\r"},
		{&firmware_2131, MODE_TRAINING, "M16\r"},
		{&firmware_2131, MODE_CYCLE, "M12\r"},
		{&firmware_2116, MODE_CONTINUOUS, "M2\r"},
		{&firmware_2116, MODE_FLO, NULL},
		{&firmware_2116, MODE_TRAINING, NULL},
		{&firmware_next, MODE_BOUNCE, "M1\r"},
		{&firmware_next, MODE_WAVE, NULL},
		{&firmware_none, MODE_PULSE, "M0\r"},
		{&firmware_none, MODE_ASPLIT, NULL},
	};
	char out[CODEC_COMMAND];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = codec_command(out, rows[i].firmware, ACT_MODE, rows[i].mode);

		assert_int_equal(codec_modes(rows[i].firmware) >> rows[i].mode & 1,
				 rows[i].command != NULL);
		if (rows[i].command == NULL) {
			assert_int_equal(n, -1);
			continue;
		}
		assert_string_equal(out, rows[i].command);
		assert_int_equal(n, strlen(out));
	}
}

static void
what_can_be_set_is_read_back_as_the_same_mode(void **state)
{
	static const struct status *const all[] = {&firmware_2106, &firmware_2116, &firmware_2119,
						   &firmware_2131, &firmware_next};
	char out[CODEC_COMMAND];

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		for (uint8_t m = 0; m < MODE_COUNT; m++) {
			struct status s = *all[i];

			if (codec_command(out, &s, ACT_MODE, m) < 0) {
				continue;
			}
			s.mode = (uint8_t)(out[1] - '0');
			if (out[2] != '\r') {
				s.mode = (uint8_t)(10 * s.mode + out[2] - '0');
			}
			assert_int_equal(codec_mode(&s), m);
		}
	}
}

static void
a_known_version_with_the_wrong_number_of_fields_is_unknown(void **state)
{
	struct status s = {.fields = 9, .version = "2.131B", .mode = 5};

	(void)state;
	assert_int_equal(codec_modes(&s), 7);
	assert_int_equal(codec_mode(&s), MODE_OTHER);
	s.mode = 2;
	assert_int_equal(codec_mode(&s), MODE_CONTINUOUS);
}

static void
modes_that_no_command_can_set_are_other(void **state)
{
	struct status s = firmware_2106;

	(void)state;
	for (unsigned n = 14; n <= 255; n++) {
		s.mode = (uint8_t)n;
		assert_int_equal(codec_mode(&s), MODE_OTHER);
	}
}

/* All pairs, all firmwares: a letter of ABCDMHLK and at most 100, or the empty poll; five bytes. */
static void
no_order_can_become_another_command(void **state)
{
	static const struct status *const all[] = {&firmware_none, &firmware_2106, &firmware_2116,
						   &firmware_2119, &firmware_2131, &firmware_next};
	char out[CODEC_COMMAND];

	(void)state;
	for (unsigned i = 0; i < COUNT(all) * 65536; i++) {
		uint8_t act = (uint8_t)(i >> 8), value = (uint8_t)i;
		int n = codec_command(out, all[i / 65536], act, value);
		char letter = n > 1 ? out[0] : '\r';

		if (n < 0) {
			continue;
		}
		assert_true(codec_valid(act, value));
		assert_in_range(n, 1, 5);
		assert_int_equal(out[n - 1], '\r');
		assert_int_equal(strlen(out), n);
		assert_non_null(memchr("\rABCDMHLK", letter, 9));
		if (n > 2) {
			assert_non_null(memchr("ABCDM", letter, 5));
			assert_int_equal(strspn(out + 1, "0123456789"), n - 2);
			assert_true(n < 5 || strcmp(out + 1, "100\r") == 0);
		} else {
			assert_non_null(memchr("\rHLK", letter, 4));
		}
	}
}

static void
orders_are_spelled_as_the_box_wants_them(void **state)
{
	static const struct {
		uint8_t act, value;
		const char *command;
	} rows[] = {
		{ACT_HEARTBEAT, 0, "\r"},     {ACT_KILL, 0, "K\r"},
		{ACT_LEVEL_A, 0, "A0\r"},     {ACT_LEVEL_A, 100, "A100\r"},
		{ACT_LEVEL_B, 7, "B7\r"},     {ACT_PARAM_C, 2, "C2\r"},
		{ACT_PARAM_D, 100, "D100\r"}, {ACT_POWER, 0, "L\r"},
		{ACT_POWER, 1, "H\r"},	      {ACT_LEVEL_A, 101, NULL},
		{ACT_LEVEL_B, 255, NULL},     {ACT_PARAM_C, 1, NULL},
		{ACT_PARAM_C, 0, NULL},	      {ACT_PARAM_D, 1, NULL},
		{ACT_PARAM_D, 101, NULL},     {ACT_POWER, 2, NULL},
		{ACT_MODE, MODE_COUNT, NULL}, {ACT_MODE, 255, NULL},
		{ACT_POWER + 1, 0, NULL},     {255, 0, NULL},
	};
	char out[CODEC_COMMAND];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = codec_command(out, &firmware_2106, rows[i].act, rows[i].value);

		if (rows[i].command == NULL) {
			assert_int_equal(n, -1);
		} else {
			assert_string_equal(out, rows[i].command);
		}
	}
}

static void
battery_is_shown_in_percent(void **state)
{
	static const struct {
		uint32_t raw;
		uint8_t percent;
	} rows[] = {{0, 0},	{320, 0},   {344, 5},	 {531, 50},    {741, 99},
		    {742, 100}, {800, 100}, {32772, 45}, {49664, 100}, {UINT32_MAX, 100}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct status s = {.battery = rows[i].raw};

		assert_int_equal(codec_percent(&s), rows[i].percent);
	}
}

static void
a_nine_field_box_below_320_is_off(void **state)
{
	struct status s = {.fields = 9, .battery = 319};

	(void)state;
	assert_true(codec_off(&s));
	s.battery = 320;
	assert_false(codec_off(&s));
	s.battery = 319;
	s.fields = 13;
	assert_false(codec_off(&s));
}

static void
a_reply_fits_the_order_that_it_answers(void **state)
{
	struct status s = {
		.a = 80, .b = 0, .c = 100, .d = 100, .power = 'L', .fields = 9, .version = "2.106"};

	(void)state;
	assert_true(codec_fits(&s, ACT_HEARTBEAT, 0));
	assert_true(codec_fits(&s, ACT_LEVEL_A, 40));
	assert_false(codec_fits(&s, ACT_LEVEL_A, 41));
	assert_true(codec_fits(&s, ACT_LEVEL_B, 0));
	assert_true(codec_fits(&s, ACT_PARAM_C, 50));
	assert_true(codec_fits(&s, ACT_PARAM_D, 50));
	assert_false(codec_fits(&s, ACT_PARAM_D, 51));
	assert_false(codec_fits(&s, ACT_KILL, 0));
	assert_false(codec_fits(&s, ACT_POWER, 0)); /* a change of power or mode zeroes A and B */
	s.a = 0;
	assert_true(codec_fits(&s, ACT_KILL, 0));
	assert_true(codec_fits(&s, ACT_POWER, 0));
	assert_false(codec_fits(&s, ACT_POWER, 1));
	s.power = 'D';
	assert_false(codec_fits(&s, ACT_POWER, 1));
	assert_false(codec_fits(&s, ACT_MODE, MODE_CONTINUOUS));
	s.mode = 2;
	assert_true(codec_fits(&s, ACT_MODE, MODE_CONTINUOUS));
	assert_true(codec_fits(&s, ACT_PARAM_D, 51)); /* unused in Continuous, reported anyhow */
	s.a = 2;
	assert_false(codec_fits(&s, ACT_MODE, MODE_CONTINUOUS));
	s.mode = 9;
	assert_true(codec_fits(&s, ACT_PARAM_D, 51)); /* Throb */
	s.mode = 10;
	assert_true(codec_fits(&s, ACT_PARAM_D, 51)); /* Thrust */
	s.b = 2;
	s.a = 0;
	assert_false(codec_fits(&s, ACT_KILL, 0));
}

static void
the_same_firmware_is_known_by_fields_and_version(void **state)
{
	struct status longer = firmware_2106;

	(void)state;
	longer.fields = 10;
	assert_true(codec_same_box(&firmware_2106, &firmware_2106));
	assert_false(codec_same_box(&firmware_2106, &firmware_2116));
	assert_false(codec_same_box(&firmware_2106, &longer));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reply_of_the_sources_is_read),
		cmocka_unit_test(a_reply_without_its_end_is_refused_or_of_unknown_firmware),
		cmocka_unit_test(
			a_reply_without_its_beginning_is_refused_or_wrong_in_the_battery_only),
		cmocka_unit_test(two_replies_run_together_are_refused_or_wrong_in_the_battery_only),
		cmocka_unit_test(what_is_not_a_reply_is_refused_and_changes_nothing),
		cmocka_unit_test(a_flipped_bit_never_gives_a_value_out_of_range),
		cmocka_unit_test(modes_have_their_own_numbers_on_each_firmware),
		cmocka_unit_test(what_can_be_set_is_read_back_as_the_same_mode),
		cmocka_unit_test(a_known_version_with_the_wrong_number_of_fields_is_unknown),
		cmocka_unit_test(modes_that_no_command_can_set_are_other),
		cmocka_unit_test(no_order_can_become_another_command),
		cmocka_unit_test(orders_are_spelled_as_the_box_wants_them),
		cmocka_unit_test(battery_is_shown_in_percent),
		cmocka_unit_test(a_nine_field_box_below_320_is_off),
		cmocka_unit_test(a_reply_fits_the_order_that_it_answers),
		cmocka_unit_test(the_same_firmware_is_known_by_fields_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

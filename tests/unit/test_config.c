/*
 * agent.conf: what a file sets, and the sentence for everything that is wrong with one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/values.h"
#include "common/modes.h"

#define BIT(mode) (UINT32_C(1) << (mode))

static struct options
parsed(const char *text)
{
	struct config_error error = {.text = ""};
	struct options o;

	values_default(&o);
	if (config_parse(&o, text, strlen(text), &error) != 0) {
		fail_msg("line %u: %s", error.line, error.text);
	}
	return o;
}

static void
expect_refused(const char *text, size_t len, unsigned line, const char *sentence)
{
	struct config_error error = {.line = 99};
	struct options o, before;

	memset(&o, 0, sizeof(o));
	values_default(&o);
	before = o;
	assert_int_equal(config_parse(&o, text, len, &error), -1);
	assert_string_equal(error.text, sentence);
	assert_int_equal(error.line, line);
	assert_memory_equal(&o, &before, sizeof(o));
}

static void
expect_same_settings(const struct settings *a, const struct settings *b)
{
	assert_memory_equal(a->limits.cap, b->limits.cap, sizeof(a->limits.cap));
	assert_int_equal(a->limits.lock_power, b->limits.lock_power);
	assert_int_equal(a->limits.lock_mode, b->limits.lock_mode);
	assert_int_equal(a->limits.modes, b->limits.modes);
	assert_int_equal(a->limits.rise_ms, b->limits.rise_ms);
	assert_int_equal(a->limits.hold_ms, b->limits.hold_ms);
	assert_int_equal(a->limits.idle_ms, b->limits.idle_ms);
	assert_int_equal(a->limits.checkin_ms, b->limits.checkin_ms);
	assert_int_equal(a->ask, b->ask);
}

static void
each_key_sets_its_own_setting(void **state)
{
	struct options o = parsed("server tether.example:1883\nca /etc/ca.pem\n"
				  "page https://tether.example/x\nbox /dev/ttyUSB0\n"
				  "cap-a 1\ncap-b 2\nhigh-cap-a 3\nhigh-cap-b 4\n"
				  "power-lock no\nmode-lock yes\nadmit always\nhold 6\nidle 7\n"
				  "checkin 8\nrise 90\nmodes pulse, training\n");
	const struct limits_settings *l = &o.settings.limits;

	(void)state;
	assert_string_equal(o.host, "tether.example");
	assert_int_equal(o.port, 1883);
	assert_string_equal(o.ca, "/etc/ca.pem");
	assert_string_equal(o.page, "https://tether.example/x/");
	assert_string_equal(o.box, "/dev/ttyUSB0");
	assert_int_equal(l->cap[0][0], 1);
	assert_int_equal(l->cap[0][1], 2);
	assert_int_equal(l->cap[1][0], 3);
	assert_int_equal(l->cap[1][1], 4);
	assert_false(l->lock_power);
	assert_true(l->lock_mode);
	assert_false(o.settings.ask);
	assert_int_equal(l->hold_ms, 6000);
	assert_int_equal(l->idle_ms, 7 * 60000);
	assert_int_equal(l->checkin_ms, 8 * 60000);
	assert_int_equal(l->rise_ms, 90);
	assert_int_equal(l->modes, BIT(MODE_PULSE) | BIT(MODE_TRAINING));
}

static void
what_is_left_out_keeps_its_default(void **state)
{
	struct settings defaults;
	struct options o = parsed("");

	(void)state;
	settings_default(&defaults);
	expect_same_settings(&o.settings, &defaults);
	o = parsed("cap-b 12");
	defaults.limits.cap[0][1] = 12;
	expect_same_settings(&o.settings, &defaults);
	assert_int_equal(o.port, 8883);
}

static void
comments_blank_lines_and_spaces_are_free(void **state)
{
	struct options o = parsed("# cap-a 90\n\n \t\n   cap-a \t 5  # not 50\n#\n"
				  "box /dev/pts/#3\nmodes\tall\t");

	(void)state;
	assert_int_equal(o.settings.limits.cap[0][0], 5);
	assert_string_equal(o.box, "/dev/pts/#3");
	assert_int_equal(o.settings.limits.modes, BIT(MODE_COUNT) - 1);
}

static void
each_wrong_value_is_said_with_what_was_expected(void **state)
{
	static const struct {
		const char *text, *sentence;
	} wrong[] = {
		{"server", "server expects HOST, HOST:PORT or [IPv6]:PORT, not \"\""},
		{"server a b", "server expects HOST, HOST:PORT or [IPv6]:PORT, not \"a b\""},
		{"ca ca.pem", "ca expects a path that begins with /, not \"ca.pem\""},
		{"page http://a/", "page expects an address like https://HOST/, not \"http://a/\""},
		{"page https://a b/",
		 "page expects an address like https://HOST/, not \"https://a b/\""},
		{"box ttyUSB0", "box expects a path that begins with /, not \"ttyUSB0\""},
		{"box", "box expects a path that begins with /, not \"\""},
		{"cap-a 101", "cap-a expects 0 to 100 percent, not \"101\""},
		{"cap-a -1", "cap-a expects 0 to 100 percent, not \"-1\""},
		{"cap-a 40%", "cap-a expects 0 to 100 percent, not \"40%\""},
		{"cap-a", "cap-a expects 0 to 100 percent, not \"\""},
		{"cap-a 4294967297", "cap-a expects 0 to 100 percent, not \"4294967297\""},
		{"cap-b x", "cap-b expects 0 to 100 percent, not \"x\""},
		{"high-cap-a 1 2", "high-cap-a expects 0 to 100 percent, not \"1 2\""},
		{"high-cap-b 1000", "high-cap-b expects 0 to 100 percent, not \"1000\""},
		{"power-lock on", "power-lock expects yes or no, not \"on\""},
		{"mode-lock YES", "mode-lock expects yes or no, not \"YES\""},
		{"admit never", "admit expects ask or always, not \"never\""},
		{"hold 1", "hold expects 2 to 30 seconds, not \"1\""},
		{"hold 31", "hold expects 2 to 30 seconds, not \"31\""},
		{"idle 241", "idle expects 0 to 240 minutes, 0 is off, not \"241\""},
		{"checkin 241", "checkin expects 0 to 240 minutes, 0 is off, not \"241\""},
		{"rise 19", "rise expects 20 to 2000 ms per percent, not \"19\""},
		{"rise 2001", "rise expects 20 to 2000 ms per percent, not \"2001\""},
		{"modes", "modes expects all, or names like pulse wave flo, not \"\""},
		{"modes ,", "modes expects all, or names like pulse wave flo, not \",\""},
		{"modes wave all",
		 "modes expects all, or names like pulse wave flo, not \"wave all\""},
		{"modes Wave", "modes expects all, or names like pulse wave flo, not \"Wave\""},
		{"modes other", "modes expects all, or names like pulse wave flo, not \"other\""},
		{"cap-c 1", "\"cap-c\" is no setting; agent.conf(5) lists all"},
		{"--cap-a 1", "\"--cap-a\" is no setting; agent.conf(5) lists all"},
		{"cap-a=1", "\"cap-a=1\" is no setting; agent.conf(5) lists all"},
		{"headless yes", "\"headless\" is no setting; agent.conf(5) lists all"},
		{"Cap-a 1", "\"Cap-a\" is no setting; agent.conf(5) lists all"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		expect_refused(wrong[i].text, strlen(wrong[i].text), 1, wrong[i].sentence);
	}
}

static void
the_line_of_the_first_error_is_named(void **state)
{
	const char text[] = "# one\ncap-a 1\n\nhold 99\ncap-c 2\n";

	(void)state;
	expect_refused(text, strlen(text), 4, "hold expects 2 to 30 seconds, not \"99\"");
}

static void
a_key_stands_once(void **state)
{
	const char text[] = "cap-b 3\ncap-a 1\n\ncap-a 1\n";

	(void)state;
	expect_refused(text, strlen(text), 4, "cap-a stands here a second time, first in line 2");
}

static void
bytes_that_are_not_text_are_refused_even_in_a_comment(void **state)
{
	static const char sentence[] = "the line holds bytes that are not text";
	struct options o = parsed("# Zugänge, à moi\nbox /dev/Gerät\n");

	(void)state;
	assert_string_equal(o.box, "/dev/Gerät");
	expect_refused("idle 3\ncap-a 1\0\n", 16, 2, sentence);
	expect_refused("# \033[2J\n", 7, 1, sentence);
	expect_refused("cap-a 1\r\n", 9, 1, sentence);
	expect_refused("ca /x\177", 6, 1, sentence);
}

static void
lines_and_files_have_a_largest_size(void **state)
{
	static char text[MAX_CONFIG + 1];

	(void)state;
	memset(text, '#', sizeof(text));
	text[MAX_CONFIG_LINE] = '\n';
	text[2 * MAX_CONFIG_LINE + 2] = '\n';
	expect_refused(text, MAX_CONFIG, 2, "the line is longer than 512 bytes");
	for (size_t i = 99; i < sizeof(text); i += 100) {
		text[i] = '\n';
	}
	expect_refused(text, MAX_CONFIG + 1, 0, "the file is larger than 16384 bytes");
	text[MAX_CONFIG] = '\0';
	(void)parsed(text);
}

static ssize_t
read_example(char text[MAX_CONFIG + 1])
{
	ssize_t len = config_read("../agent/agent.conf.example", text);

	assert_in_range(len, 100, MAX_CONFIG);
	text[len] = '\0';
	return len;
}

static void
the_example_says_what_the_defaults_are(void **state)
{
	char text[MAX_CONFIG + 1];
	struct options defaults, o;

	(void)state;
	(void)read_example(text);
	values_default(&defaults);
	o = parsed(text);
	expect_same_settings(&o.settings, &defaults.settings);
	assert_string_equal(o.host, "");
	assert_string_equal(o.box, "");
	assert_string_equal(o.ca, "");
	assert_string_equal(o.page, "");
}

/* Settings without a default stand there as "#key value": without the # they hold, too. */
static void
the_example_shows_every_key(void **state)
{
	char text[MAX_CONFIG + 1];
	struct options o;

	(void)state;
	(void)read_example(text);
	for (int i = 0; i < VALUES; i++) {
		char commented[32], plain[32], *at;

		snprintf(commented, sizeof(commented), "\n#%s ", values_key(i));
		snprintf(plain, sizeof(plain), "\n%s ", values_key(i));
		at = strstr(text, commented);
		assert_true((at != NULL) != (strstr(text, plain) != NULL));
		if (at != NULL) {
			at[1] = ' ';
		}
	}
	o = parsed(text);
	assert_string_equal(o.host, "tether.example");
	assert_string_not_equal(o.box, "");
	assert_string_not_equal(o.ca, "");
	assert_string_not_equal(o.page, "");
}

static void
the_manual_names_every_key(void **state)
{
	char text[MAX_CONFIG + 1], key[32];
	ssize_t len = config_read("../agent/agent.conf.5", text);

	(void)state;
	assert_in_range(len, 100, MAX_CONFIG);
	text[len] = '\0';
	for (int i = 0; i < VALUES; i++) {
		snprintf(key, sizeof(key), "Cm %s ", values_key(i));
		assert_non_null(strstr(text, key));
	}
}

static void
a_file_is_read_up_to_one_byte_more_than_allowed(void **state)
{
	char path[] = "/tmp/tether-config-XXXXXX", text[MAX_CONFIG + 1];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "idle 3\n", 7), 7);
	assert_int_equal(config_read(path, text), 7);
	assert_memory_equal(text, "idle 3\n", 7);
	assert_int_equal(ftruncate(fd, 3 * MAX_CONFIG), 0);
	assert_int_equal(config_read(path, text), MAX_CONFIG + 1);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(config_read(path, text), -1);
	assert_int_equal(errno, EPERM);
	close(fd);
	unlink(path);
	assert_int_equal(config_read(path, text), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(config_read("/", text), -1);
	assert_int_equal(errno, EISDIR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_sets_its_own_setting),
		cmocka_unit_test(what_is_left_out_keeps_its_default),
		cmocka_unit_test(comments_blank_lines_and_spaces_are_free),
		cmocka_unit_test(each_wrong_value_is_said_with_what_was_expected),
		cmocka_unit_test(the_line_of_the_first_error_is_named),
		cmocka_unit_test(a_key_stands_once),
		cmocka_unit_test(bytes_that_are_not_text_are_refused_even_in_a_comment),
		cmocka_unit_test(lines_and_files_have_a_largest_size),
		cmocka_unit_test(the_example_says_what_the_defaults_are),
		cmocka_unit_test(the_example_shows_every_key),
		cmocka_unit_test(the_manual_names_every_key),
		cmocka_unit_test(a_file_is_read_up_to_one_byte_more_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

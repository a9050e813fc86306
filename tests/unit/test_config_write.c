/*
 * Writing agent.conf: what is written is read as what was meant, and what need not change stays
 * byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/values.h"
#include "common/modes.h"

static char out[MAX_CONFIG + 1];
static char why[CONFIG_ERROR];

static struct options
defaults(void)
{
	struct options o;

	values_default(&o);
	return o;
}

static void
set(struct options *o, const char *key, const char *value)
{
	assert_int_equal(values_set(o, values_find(key), value), 0);
}

static struct options
parsed(const char *text)
{
	struct options o = defaults();
	struct config_error error;

	if (config_parse(&o, text, strlen(text), &error) != 0) {
		fail_msg("line %u: %s\n%s", error.line, error.text, text);
	}
	return o;
}

/* Composes from `old` with one key set; the result is in `out`. */
static void
compose(const char *old, const char *key, const char *value)
{
	struct options o = parsed(old);

	set(&o, key, value);
	if (config_compose(old, &o, out, why) < 0) {
		fail_msg("%s", why);
	}
}

static void
expect_same(const struct options *a, const struct options *b)
{
	char x[VALUE_TEXT], y[VALUE_TEXT];

	for (int i = 0; i < VALUES; i++) {
		assert_string_equal(values_text(a, i, x), values_text(b, i, y));
	}
	assert_true(settings_same(&a->settings, &b->settings));
}

static void
the_defaults_are_the_example_byte_for_byte(void **state)
{
	char text[MAX_CONFIG + 1];
	struct options o = defaults();
	ssize_t len = config_read("../agent/agent.conf.example", text);

	(void)state;
	assert_in_range(len, 100, MAX_CONFIG);
	text[len] = '\0';
	assert_int_equal(config_compose(NULL, &o, out, why), 0);
	assert_string_equal(out, text);
}

static void
one_value_changes_one_line_and_its_comment_stays(void **state)
{
	(void)state;
	compose("# mine\n\n\tcap-a   5  # left\nhold 7", "cap-a", "40");
	assert_string_equal(out, "# mine\n\n\tcap-a   40  # left\nhold 7");
	compose("hold 7", "hold", "8");
	assert_string_equal(out, "hold 8");
	compose("box /dev/pts/#3 #x\n", "box", "/dev/b");
	assert_string_equal(out, "box /dev/b #x\n");
}

static void
a_value_that_is_the_same_is_left_as_it_was_written(void **state)
{
	static const char text[] = "modes flo,pulse\ncap-a 007\nserver h:8883\n";

	(void)state;
	compose(text, "cap-a", "7");
	assert_string_equal(out, text);
}

static void
a_new_key_stands_after_its_commented_line_or_at_the_end_with_its_comment(void **state)
{
	(void)state;
	compose("#cap-b 3\n# cap-b is mine\nidle 3\n", "cap-b", "9");
	assert_string_equal(out, "#cap-b 3\ncap-b 9\n# cap-b is mine\nidle 3\n");
	compose("idle 3", "rise", "50");
	assert_string_equal(out, "idle 3\n\n# A level rises by one percent in so many milliseconds "
				 "at the fastest: 20 to 2000.\nrise 50\n");
	compose("", "high-cap-b", "1");
	assert_non_null(strstr(out, "# Caps: the highest level"));
	assert_null(strstr(out, "cap-a 0"));
}

static void
a_new_file_names_the_server_below_its_comment(void **state)
{
	struct options o = defaults();

	(void)state;
	set(&o, "server", "[2001:db8::7]:99");
	assert_int_equal(config_compose(NULL, &o, out, why), 0);
	assert_non_null(strstr(out, "\n#server tether.example\nserver [2001:db8::7]:99\n"));
}

static void
what_is_no_longer_set_becomes_a_comment(void **state)
{
	static const char text[] = "server h\nca /x.pem # old\n";
	struct options o = parsed(text);

	(void)state;
	o.ca[0] = '\0';
	assert_int_equal(config_compose(text, &o, out, why), 0);
	assert_string_equal(out, "server h\n#ca /x.pem # old\n");
}

static void
the_page_that_the_server_has_anyway_is_not_written(void **state)
{
	struct options o = defaults();

	(void)state;
	set(&o, "server", "h");
	set(&o, "page", "https://h/");
	assert_int_equal(config_compose("", &o, out, why), 0);
	assert_null(strstr(out, "page https"));
	set(&o, "page", "https://h:8443/");
	assert_int_equal(config_compose("", &o, out, why), 0);
	assert_non_null(strstr(out, "page https://h:8443/\n"));
}

static void
what_could_not_be_read_back_is_not_written(void **state)
{
	struct options o = defaults();

	(void)state;
	set(&o, "ca", "/tmp/a #b.pem");
	assert_int_equal(config_compose(NULL, &o, out, why), -1);
	assert_string_equal(why, "ca can't be written to a file as \"/tmp/a #b.pem\"");
	assert_int_equal(config_compose("hold 99\n", &o, out, why), -1);
	assert_string_equal(why, "line 1: hold expects 2 to 30 seconds, not \"99\"");
}

/* A repeatable stream of numbers below n. */
static unsigned
next(unsigned n)
{
	static uint64_t x = 42;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(x >> 33) % n;
}

static struct options
any_options(void)
{
	static const char *const hosts[] = {"h", "h:1", "[::1]", "[2001:db8::7]:8884", "a.b-c_d"};
	static const char *const pages[] = {"https://h/", "https://x:8443/y/"};
	static const char *const paths[] = {"/a", "/dev/pts/#3", "/with space/b"};
	struct options o = defaults();
	struct limits_settings *l = &o.settings.limits;

	if (next(2) != 0) {
		set(&o, "server", hosts[next(5)]);
		set(&o, "page", pages[next(2)]);
	}
	if (next(2) != 0) {
		set(&o, "ca", paths[next(3)]);
		set(&o, "box", paths[next(3)]);
	}
	for (int i = 0; i < 4; i++) {
		l->cap[i / 2][i % 2] = (uint8_t)next(101);
	}
	l->lock_power = next(2) != 0;
	l->lock_mode = next(2) != 0;
	o.settings.ask = next(2) != 0;
	l->modes = next(3) != 0 ? next(1u << MODE_COUNT) : next(2) * ((1u << MODE_COUNT) - 1);
	l->hold_ms = (2 + next(29)) * 1000;
	l->idle_ms = next(241) * 60000;
	l->checkin_ms = next(241) * 60000;
	l->rise_ms = 20 + next(1981);
	return o;
}

static void
whatever_is_written_is_read_as_it_was_meant_also_over_another_file(void **state)
{
	char old[MAX_CONFIG + 1] = "# mine\n";

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct options o = any_options(), back;

		if (config_compose(i % 3 == 0 ? NULL : old, &o, out, why) < 0) {
			fail_msg("%d: %s", i, why);
		}
		back = parsed(out);
		expect_same(&o, &back);
		memcpy(old, i % 50 == 0 ? "# anew\n" : out, i % 50 == 0 ? 8 : strlen(out) + 1);
	}
}

static void
a_file_is_made_for_its_owner_alone_in_folders_of_its_own(void **state)
{
	char dir[] = "/tmp/tether-write-XXXXXX", path[128], text[MAX_CONFIG + 1];
	struct options o = defaults();
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	set(&o, "cap-a", "12");
	snprintf(path, sizeof(path), "%s/config/tether/agent.conf", dir);
	assert_int_equal(config_save(path, &o, why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(config_read(path, text) > 0);
	unlink(path);
	*strrchr(path, '/') = '\0';
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(rmdir(path), 0); /* nothing else was left there */
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
}

static void
a_link_stays_a_link_and_what_is_no_file_is_refused(void **state)
{
	char dir[] = "/tmp/tether-write-XXXXXX", link[64], file[64], text[MAX_CONFIG + 1];
	struct options o = defaults();
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(link, sizeof(link), "%s/link", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	close(open(file, O_WRONLY | O_CREAT, 0644));
	assert_int_equal(symlink("file", link), 0);
	set(&o, "cap-a", "12");
	assert_int_equal(config_save(link, &o, why), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_true(config_read(file, text) > 0);
	assert_int_equal(config_save("/dev/null", &o, why), -1);
	assert_string_equal(why, "it is no ordinary file");
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	unlink(link);
	unlink(file);
	rmdir(dir);
}

static void
a_place_where_no_file_can_be_is_known_before_and_left_as_it_is(void **state)
{
	char dir[] = "/tmp/tether-write-XXXXXX", path[128], file[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config/tether/agent.conf", dir);
	assert_int_equal(config_check(path, why), 0);
	snprintf(file, sizeof(file), "%s/file", dir);
	close(open(file, O_WRONLY | O_CREAT, 0644));
	assert_int_equal(config_check(file, why), 0);
	snprintf(path, sizeof(path), "%s/tether/agent.conf", file);
	assert_int_equal(config_check(path, why), -1);
	assert_string_equal(why, "its folder can't be written to: Not a directory");
	assert_int_equal(config_check(dir, why), -1);
	assert_string_equal(why, "it is no ordinary file");
	assert_int_equal(config_check("nothing-here.conf", why), 0);
	unlink(file);
	assert_int_equal(rmdir(dir), 0); /* nothing was made */
}

static void
a_file_that_has_no_room_is_left_as_it_was_and_the_reason_is_said(void **state)
{
	char dir[] = "/tmp/tether-write-XXXXXX", path[64], text[MAX_CONFIG + 1];
	struct options o = defaults();
	struct rlimit before, small;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/agent.conf", dir);
	assert_int_equal(config_save(path, &o, why), 0);
	set(&o, "cap-a", "12");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(config_save(path, &o, why), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_string_equal(why, "it can't be written: No space left on device");
	text[config_read(path, text)] = '\0';
	o = parsed(text);
	assert_int_equal(o.settings.limits.cap[0][0], 0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left there */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_the_example_byte_for_byte),
		cmocka_unit_test(one_value_changes_one_line_and_its_comment_stays),
		cmocka_unit_test(a_value_that_is_the_same_is_left_as_it_was_written),
		cmocka_unit_test(
			a_new_key_stands_after_its_commented_line_or_at_the_end_with_its_comment),
		cmocka_unit_test(a_new_file_names_the_server_below_its_comment),
		cmocka_unit_test(what_is_no_longer_set_becomes_a_comment),
		cmocka_unit_test(the_page_that_the_server_has_anyway_is_not_written),
		cmocka_unit_test(what_could_not_be_read_back_is_not_written),
		cmocka_unit_test(
			whatever_is_written_is_read_as_it_was_meant_also_over_another_file),
		cmocka_unit_test(a_file_is_made_for_its_owner_alone_in_folders_of_its_own),
		cmocka_unit_test(a_place_where_no_file_can_be_is_known_before_and_left_as_it_is),
		cmocka_unit_test(a_file_that_has_no_room_is_left_as_it_was_and_the_reason_is_said),
		cmocka_unit_test(a_link_stays_a_link_and_what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

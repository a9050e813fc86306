/* Lines as they are kept, and the files that they are kept in, with a clock of the test's. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "compose/logkeep/files.h"

#define NOW INT64_C(1763842548) /* 2025-11-22T20:15:48Z */

/* ---- lines --------------------------------------------------------------------------------- */

static void
a_time_is_what_the_c_library_makes_of_it(void **state)
{
	char ours[MAX_STAMP], theirs[MAX_STAMP];

	(void)state;
	/* Every 7 hours and a bit of 200 years: each day of leap years and of 2100, which is none. */
	for (time_t at = 0; at < (time_t)200 * 366 * 86400; at += 25999) {
		struct tm tm;

		assert_non_null(gmtime_r(&at, &tm));
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
		assert_int_equal(line_stamp(ours, at), 20);
		assert_string_equal(ours, theirs);
	}
}

static void
every_kind_of_line_gets_the_one_format(void **state)
{
	static const struct {
		const char *part, *text, *kept;
	} table[] = {
		{"keysvc", "<5>keysvc: ready", "keysvc info ready"},
		{"keysvc", "<6>keysvc: ready", "keysvc info ready"},
		{"keysvc", "<4>keysvc net: a: b", "keysvc-net warn a: b"},
		{"keysvc", "<3>keysvc signer: no", "keysvc-signer error no"},
		{"gateway", "<7>gateway: x", "gateway debug x"},
		{"broker", "2026-11-22T20:15:48: Error: no", "broker error no"},
		{"broker", "2026-11-22T20:15:48: Warning: hm", "broker warn hm"},
		{"broker", "1763842548: Error: no", "broker error no"},
		{"broker", "2026-11-22T20:15:48: text", "broker error text"},
		/* the one error that names a client, whatever it is called */
		{"broker", "2026-11-22T20:15:48: Error: Protocol error from bob: no name: closing.",
		 "broker error Protocol error from a client: closing."},
		{"broker", "Protocol error from bob", "broker error Protocol error from a client"},
		{"broker", "Protocol error from ", "broker error Protocol error from a client"},
		{"broker", "free(): invalid pointer", "broker error free(): invalid pointer"},
		/* nobody speaks in another's name, nor under one that is none */
		{"gateway", "<3>keysvc: no", "gateway error keysvc: no"},
		{"gateway", "<3>gateways: no", "gateway error gateways: no"},
		{"gateway", "<3>gateway 2: no", "gateway error gateway 2: no"},
		{"gateway", "<3>gateway:no", "gateway error gateway:no"},
		{"gateway", "<9>gateway: no", "gateway error <9>gateway: no"},
		{"gateway", "<", "gateway error <"},
		{"gateway", "<3>", "gateway error "},
		{"gateway", "<3>gateway:", "gateway error gateway:"},
		{"gateway", "a\tb\033[2J\177\r", "gateway error a?b?[2J??"},
		{"gateway", "2026-11-22T20:15:48Z keysvc info x",
		 "gateway error 2026-11-22T20:15:48Z keysvc info x"},
	};
	char line[MAX_LINE], wanted[MAX_LINE];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int len = line_frame(line, table[i].part, NOW, table[i].text, strlen(table[i].text));

		snprintf(wanted, sizeof(wanted), "2025-11-22T20:15:48Z %s\n", table[i].kept);
		assert_string_equal(line, wanted);
		assert_int_equal(len, strlen(wanted));
	}
}

static void
a_line_of_any_length_is_cut_and_ends(void **state)
{
	char text[2000], line[MAX_LINE];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		int n = line_frame(line, "broker", NOW, text, len);

		assert_in_range(n, 34, MAX_LINE - 1);
		assert_int_equal(line[n - 1], '\n');
		assert_int_equal(line[n], '\0');
	}
}

static void
a_part_is_a_short_word(void **state)
{
	static const char *const wrong[] = {"", "-a", "A", "a b", "../x", "a.b", "abcdefghijklmnop"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(line_part_is_valid(wrong[i]));
	}
	assert_true(line_part_is_valid("abcdefghijklmno"));
	assert_true(line_part_is_valid("keysvc-init"));
}

/* ---- files --------------------------------------------------------------------------------- */

static char folder[64];
static struct log_files files;

static int
begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/tether-logkeep-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	files = (struct log_files){.dir = open(folder, O_RDONLY | O_DIRECTORY), .part = "broker",
				   .age = MAX_AGE_S, .max_bytes = MIN_BYTES, .fd = -1};
	return files.dir < 0 ? -1 : 0;
}

/* How many files there are; `all` receives what is in them. */
static int
look(char *all, size_t size)
{
	int count = 0;
	size_t len = 0;
	struct dirent *entry;
	DIR *list = opendir(folder);

	assert_non_null(list);
	while ((entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		int fd = openat(dirfd(list), entry->d_name, O_RDONLY);
		ssize_t got = read(fd, all + len, size - 1 - len);

		assert_true(got >= 0);
		len += (size_t)got;
		close(fd);
		count++;
	}
	all[len] = '\0';
	closedir(list);
	return count;
}

static int
end(void **state)
{
	char path[400];
	struct dirent *entry;
	DIR *list = opendir(folder);

	(void)state;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		(void)unlink(path);
	}
	closedir(list);
	close(files.dir);
	if (files.fd >= 0) {
		close(files.fd);
	}
	return rmdir(folder);
}

static void
say(int64_t now, const char *text)
{
	char line[MAX_LINE];
	int len = line_frame(line, "broker", now, text, strlen(text));

	log_files_write(&files, now, line, (size_t)len);
}

static void
no_line_lives_seven_days_and_none_dies_before_six(void **state)
{
	char all[16000];

	(void)state;
	for (int hour = 0; hour < 24 * 30; hour++) {
		int64_t now = NOW + hour * 3600;
		char text[16];

		snprintf(text, sizeof(text), "hour=%d.", hour);
		say(now, text);
		log_files_forget(&files, now);
		assert_in_range(look(all, sizeof(all)), 1, 8);
		for (int then = hour - 24 * 9 < 0 ? 0 : hour - 24 * 9; then <= hour; then++) {
			snprintf(text, sizeof(text), "hour=%d.", then);
			if (hour - then >= 24 * 7) {
				assert_null(strstr(all, text));
			}
			if (hour - then <= 24 * 6 && strstr(all, "too many") == NULL) {
				assert_non_null(strstr(all, text));
			}
		}
	}
}

static void
what_is_old_goes_although_nothing_is_said(void **state)
{
	char all[16000];

	(void)state;
	say(NOW, "x");
	log_files_forget(&files, NOW + MAX_AGE_S - 2 * 86400);
	assert_int_equal(look(all, sizeof(all)), 1);
	log_files_forget(&files, NOW + MAX_AGE_S);
	assert_int_equal(look(all, sizeof(all)), 0);
}

static void
what_a_wrong_clock_wrote_goes_too_and_strange_names_stay(void **state)
{
	char all[16000];
	static const char *const names[] = {"broker.99999999999", "gateway.1000000", "notes.txt", "x"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		close(openat(files.dir, names[i], O_CREAT | O_WRONLY, 0600));
	}
	log_files_forget(&files, NOW);
	assert_int_equal(look(all, sizeof(all)), 2);
	assert_int_equal(faccessat(files.dir, "notes.txt", F_OK, 0), 0);
	assert_int_equal(faccessat(files.dir, "x", F_OK, 0), 0);
}

static void
a_flood_is_bounded_and_said_once_and_counted_in_the_next_file(void **state)
{
	char all[4 * MIN_BYTES], *found;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		say(NOW, "a line like many others");
	}
	assert_int_equal(look(all, sizeof(all)), 1);
	assert_in_range(strlen(all), MIN_BYTES - 3 * MAX_LINE, MIN_BYTES);
	found = strstr(all, "broker warn too many lines");
	assert_non_null(found);
	assert_null(strstr(found + 20, "too many"));

	unsigned dropped = files.dropped;

	say(NOW + 86400, "next");
	assert_int_equal(look(all, sizeof(all)), 2);
	char wanted[80];

	snprintf(wanted, sizeof(wanted), "broker warn %u lines before this one were not kept\n", dropped);
	assert_in_range(dropped, 900, 999);
	assert_non_null(strstr(all, wanted));
}

static void
a_writer_that_takes_over_goes_on_in_the_same_file_and_bound(void **state)
{
	char all[4 * MIN_BYTES];

	(void)state;
	for (int i = 0; i < 100; i++) {
		say(NOW, "a line like many others");
		close(files.fd);
		files.fd = -1;
		files.told = 0;
	}
	assert_int_equal(look(all, sizeof(all)), 1);
	assert_in_range(strlen(all), 1, MIN_BYTES);
}

static void
a_disk_that_takes_nothing_stops_nobody_and_is_told_of_later(void **state)
{
	char all[16000];

	(void)state;
	say(NOW, "before");
	close(files.fd);
	files.fd = open("/dev/full", O_WRONLY);
	say(NOW, "lost");
	say(NOW, "lost");
	assert_int_equal(files.dropped, 2);
	close(files.fd);
	files.fd = -1;
	say(NOW, "after");
	look(all, sizeof(all));
	assert_string_equal(all, "2025-11-22T20:15:48Z broker error before\n"
				 "2025-11-22T20:15:48Z broker warn 2 lines before this one were not kept\n"
				 "2025-11-22T20:15:48Z broker error after\n");
}

static void
without_a_folder_lines_are_only_counted(void **state)
{
	struct log_files none = {.dir = -1, .part = "broker", .age = MAX_AGE_S,
				 .max_bytes = MIN_BYTES, .fd = -1};

	(void)state;
	log_files_write(&none, NOW, "x\n", 2);
	log_files_forget(&none, NOW);
	assert_int_equal(none.dropped, 1);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_is_what_the_c_library_makes_of_it),
		cmocka_unit_test(every_kind_of_line_gets_the_one_format),
		cmocka_unit_test(a_line_of_any_length_is_cut_and_ends),
		cmocka_unit_test(a_part_is_a_short_word),
		WITH_FOLDER(no_line_lives_seven_days_and_none_dies_before_six),
		WITH_FOLDER(what_is_old_goes_although_nothing_is_said),
		WITH_FOLDER(what_a_wrong_clock_wrote_goes_too_and_strange_names_stay),
		WITH_FOLDER(a_flood_is_bounded_and_said_once_and_counted_in_the_next_file),
		WITH_FOLDER(a_writer_that_takes_over_goes_on_in_the_same_file_and_bound),
		WITH_FOLDER(a_disk_that_takes_nothing_stops_nobody_and_is_told_of_later),
		cmocka_unit_test(without_a_folder_lines_are_only_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The set of revoked sessions (broker-conf/revoked_set.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker-conf/revoked_set.h"
#include "common/max.h"

#define NOW 1800000000
#define SID_A "00112233445566778899aabbccddeeff"
#define SID_B "ffeeddccbbaa99887766554433221100"

static const uint8_t sid_a[SID_LEN] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
				       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const uint8_t sid_b[SID_LEN] = {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88,
				       0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00};

static void
sweep_all(struct revoked_set *set, int64_t now)
{
	revoked_set_sweep(set, set->mask + 1, now);
}

static void
a_revocation_holds_until_its_expiry_and_is_then_forgotten(void **state)
{
	struct revoked_set set;

	(void)state;
	assert_int_equal(revoked_set_init(&set, 8), 0);
	assert_false(revoked_set_has(&set, sid_a, NOW));
	assert_int_equal(revoked_set_add(&set, sid_a, NOW + 100, NOW), 0);
	assert_true(revoked_set_has(&set, sid_a, NOW));
	assert_false(revoked_set_has(&set, sid_b, NOW));
	sweep_all(&set, NOW + 99);
	assert_true(revoked_set_has(&set, sid_a, NOW + 99));
	sweep_all(&set, NOW + 100);
	assert_false(revoked_set_has(&set, sid_a, NOW + 100));
	assert_int_equal(set.count, 0);
	revoked_set_finish(&set);
}

static void
nothing_is_remembered_for_more_than_four_hours_or_when_it_is_over(void **state)
{
	struct revoked_set set;

	(void)state;
	assert_int_equal(revoked_set_init(&set, 8), 0);
	revoked_set_add(&set, sid_b, NOW, NOW);
	assert_int_equal(set.count, 0);
	revoked_set_add(&set, sid_a, INT64_MAX, NOW);
	sweep_all(&set, NOW + MAX_LIFE - 1);
	assert_int_equal(set.count, 1);
	sweep_all(&set, NOW + MAX_LIFE);
	assert_int_equal(set.count, 0);
	revoked_set_finish(&set);
}

static void
a_repeated_revocation_keeps_the_later_expiry(void **state)
{
	struct revoked_set set;

	(void)state;
	assert_int_equal(revoked_set_init(&set, 8), 0);
	revoked_set_add(&set, sid_a, NOW + 100, NOW);
	revoked_set_add(&set, sid_a, NOW + 50, NOW);
	assert_int_equal(set.count, 1);
	sweep_all(&set, NOW + 60);
	assert_true(revoked_set_has(&set, sid_a, NOW + 60));
	revoked_set_finish(&set);
}

/* A thousand in 1,024 places: some share one. */
static void
many_are_all_kept_and_all_forgotten(void **state)
{
	struct revoked_set set;
	uint8_t sid[SID_LEN] = {0};

	(void)state;
	assert_int_equal(revoked_set_init(&set, 1000), 0);
	for (uint16_t i = 0; i < 1000; i++) {
		memcpy(sid, &i, sizeof(i));
		assert_int_equal(revoked_set_add(&set, sid, NOW + 10 + i % 2, NOW), 0);
	}
	sweep_all(&set, NOW + 10);
	for (uint16_t i = 0; i < 1000; i++) {
		memcpy(sid, &i, sizeof(i));
		assert_int_equal(revoked_set_has(&set, sid, NOW + 10), i % 2);
	}
	sweep_all(&set, NOW + 11);
	assert_int_equal(set.count, 0);
	revoked_set_finish(&set);
}

static void
a_full_set_counts_every_session_as_revoked_until_it_can_tell_again(void **state)
{
	struct revoked_set set;
	uint8_t sid[SID_LEN] = {0};

	(void)state;
	assert_int_equal(revoked_set_init(&set, 2), 0);
	for (uint8_t i = 1; i <= 2; i++) {
		sid[0] = i;
		assert_int_equal(revoked_set_add(&set, sid, NOW + 10, NOW), 0);
	}
	assert_false(revoked_set_has(&set, sid_b, NOW));
	assert_int_equal(revoked_set_add(&set, sid_a, NOW + 100, NOW), -1);
	assert_true(revoked_set_has(&set, sid_b, NOW + 99));
	assert_false(revoked_set_has(&set, sid_b, NOW + 100));
	revoked_set_finish(&set);
}

/* Loads `text` from a file; returns what load said. */
static int
load(struct revoked_set *set, const char *text, size_t len, unsigned *line)
{
	char path[] = "/tmp/tether-revoked-XXXXXX";
	int fd = mkstemp(path);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	result = revoked_set_load(set, path, NOW, line);
	unlink(path);
	return result;
}

static void
a_file_is_taken_whole_or_refused_with_the_line(void **state)
{
	static const struct {
		const char *text;
		int result;
		unsigned line, count;
	} files[] = {
		{"", REVOKED_LOADED, 0, 0},
		{"revoke " SID_A " 1800000100\n", REVOKED_LOADED, 0, 1},
		{"revoke " SID_A " 1800000100\nrevoke " SID_B " 1800000100\n", REVOKED_LOADED, 0,
		 2},
		{"revoke " SID_A " 1799999999\n", REVOKED_LOADED, 0, 0},
		/* Being written when the power failed. */
		{"revoke " SID_A " 1800000100\nrevoke " SID_B " 18", REVOKED_LOADED, 0, 1},
		{"revoke " SID_A " 1800000100\n\n", REVOKED_MALFORMED, 2, 1},
		{"revoke " SID_A "\n", REVOKED_MALFORMED, 1, 0},
		{"synced 0\n", REVOKED_MALFORMED, 1, 0},
		{"revoke " SID_A " 18446744073709551615\n", REVOKED_MALFORMED, 1, 0},
		{"revoke " SID_A " 18revoke " SID_B " 1800000100\n", REVOKED_MALFORMED, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct revoked_set set;
		unsigned line = 0;

		assert_int_equal(revoked_set_init(&set, 8), 0);
		assert_int_equal(load(&set, files[i].text, strlen(files[i].text), &line),
				 files[i].result);
		if (files[i].result != REVOKED_LOADED) {
			assert_int_equal(line, files[i].line);
		}
		assert_int_equal(set.count, files[i].count);
		revoked_set_finish(&set);
	}
}

static void
zeros_that_a_power_cut_left_at_the_end_are_no_reason_not_to_start(void **state)
{
	static const char good[] = "revoke " SID_A " 1800000100\n";
	struct revoked_set set;
	char text[4096] = "";
	unsigned line;

	(void)state;
	memcpy(text, good, sizeof(good));
	for (size_t len = sizeof(good); len <= sizeof(text); len += 57) {
		assert_int_equal(revoked_set_init(&set, 8), 0);
		assert_int_equal(load(&set, text, len, &line), REVOKED_LOADED);
		assert_int_equal(set.count, 1);
		revoked_set_finish(&set);
	}
}

static void
a_file_with_zero_bytes_or_no_file_is_refused(void **state)
{
	struct revoked_set set;
	unsigned line;

	(void)state;
	assert_int_equal(revoked_set_init(&set, 8), 0);
	assert_int_equal(load(&set, "\0\0\0\n", 4, &line), REVOKED_MALFORMED);
	assert_int_equal(revoked_set_load(&set, "/nonexistent/revoked", NOW, &line),
			 REVOKED_UNREADABLE);
	assert_int_equal(revoked_set_load(&set, "/", NOW, &line), REVOKED_UNREADABLE);
	revoked_set_finish(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revocation_holds_until_its_expiry_and_is_then_forgotten),
		cmocka_unit_test(nothing_is_remembered_for_more_than_four_hours_or_when_it_is_over),
		cmocka_unit_test(a_repeated_revocation_keeps_the_later_expiry),
		cmocka_unit_test(many_are_all_kept_and_all_forgotten),
		cmocka_unit_test(
			a_full_set_counts_every_session_as_revoked_until_it_can_tell_again),
		cmocka_unit_test(a_file_is_taken_whole_or_refused_with_the_line),
		cmocka_unit_test(zeros_that_a_power_cut_left_at_the_end_are_no_reason_not_to_start),
		cmocka_unit_test(a_file_with_zero_bytes_or_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

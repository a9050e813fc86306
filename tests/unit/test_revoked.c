/* Lines of the revocation file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/revoked.h"

#define SID "00112233445566778899aabbccddeeff"
#define LINE "revoke " SID " 1760014400\n"

static void
a_revocation_reads_back_as_it_was_written(void **state)
{
	struct revoked r = {.kind = REVOKED_SID, .number = 1760014400}, got = {0};
	char line[REVOKED_LINE];

	(void)state;
	for (uint8_t i = 0; i < SID_LEN; i++) {
		r.sid[i] = (uint8_t)(i * 0x11);
	}
	assert_int_equal(revoked_write(line, &r), strlen(LINE));
	assert_string_equal(line, LINE);
	assert_int_equal(revoked_parse(&got, line, strlen(line)), 0);
	assert_int_equal(got.kind, REVOKED_SID);
	assert_int_equal(got.number, r.number);
	assert_memory_equal(got.sid, r.sid, SID_LEN);
}

static void
the_end_of_a_set_reads_back_as_it_was_written(void **state)
{
	const struct revoked r = {.kind = REVOKED_SYNCED, .number = 12};
	struct revoked got = {0};
	char line[REVOKED_LINE];

	(void)state;
	assert_int_equal(revoked_write(line, &r), 10);
	assert_string_equal(line, "synced 12\n");
	assert_int_equal(revoked_parse(&got, line, 10), 0);
	assert_int_equal(got.kind, REVOKED_SYNCED);
	assert_int_equal(got.number, 12);
}

static void
the_longest_line_fits(void **state)
{
	const struct revoked r = {.kind = REVOKED_SID, .number = UINT32_MAX};
	struct revoked got;
	char line[REVOKED_LINE];
	int len = revoked_write(line, &r);

	(void)state;
	assert_in_range(len, 1, REVOKED_LINE - 1);
	assert_int_equal(revoked_parse(&got, line, (size_t)len), 0);
	assert_int_equal(got.number, UINT32_MAX);
}

static void
the_newline_may_be_left_out(void **state)
{
	struct revoked r;

	(void)state;
	assert_int_equal(revoked_parse(&r, LINE, strlen(LINE) - 1), 0);
	assert_int_equal(r.number, 1760014400);
}

/* A file that was cut off in the middle of the number would name an earlier expiry: the number
 * alone can't show that, so the reader of a file must ask for the newline. */
static void
a_line_cut_before_its_number_is_refused(void **state)
{
	struct revoked r;

	(void)state;
	for (size_t len = 0; len <= strlen("revoke " SID " "); len++) {
		assert_int_equal(revoked_parse(&r, LINE, len), -1);
	}
}

static void
anything_else_is_refused_and_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"revoke " SID "  1760014400\n",	  "revoke  " SID " 1760014400\n",
		" revoke " SID " 1760014400\n",	  "revoke " SID " 1760014400 \n",
		"revoke " SID " 1760014400\n\n",  "revoke " SID " 1760014400\r\n",
		"revoke " SID " -1\n",		  "revoke " SID " +1\n",
		"revoke " SID " 01\n",		  "revoke " SID " 0x10\n",
		"revoke " SID " 18446744073709551616\n", "revoke " SID " \n",
		"revoke " SID "1760014400\n",	  "Revoke " SID " 1760014400\n",
		"revoke 00112233445566778899AABBCCDDEEFF 1760014400\n",
		"revoke 0011 1760014400\n",	  "synced\n",
		"synced \n",			  "synced -1\n",
		"synced 1 2\n",			  "revoke 1760014400 " SID "\n",
		"\n",				  "revoked " SID " 1760014400\n",
	};
	struct revoked r, before;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&r, 0xa5, sizeof(r));
		before = r;
		if (revoked_parse(&r, bad[i], strlen(bad[i])) != -1) {
			fail_msg("accepted: %s", bad[i]);
		}
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revocation_reads_back_as_it_was_written),
		cmocka_unit_test(the_end_of_a_set_reads_back_as_it_was_written),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(the_newline_may_be_left_out),
		cmocka_unit_test(a_line_cut_before_its_number_is_refused),
		cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Journal and revocation file: what was written is there again, whatever a crash left behind. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/max.h"
#include "keysvc/files.h"
#include "keysvc/journal.h"
#include "keysvc/layout.h"
#include "keysvc/limits.h"
#include "keysvc/revocations.h"

#define NOW 1800000000

static const uint8_t one[SID_LEN] = {1}, two[SID_LEN] = {2}, three[SID_LEN] = {3};

static int
enter(void **state)
{
	char name[] = "/tmp/tether-unit-XXXXXX";

	*state = getcwd(NULL, 0);
	return mkdtemp(name) != NULL && chdir(name) == 0 ? 0 : -1;
}

static int
leave(void **state)
{
	char *here = getcwd(NULL, 0);

	unlink("file");
	unlink("file.new");
	if (chdir(*state) != 0 || rmdir(here) != 0) {
		return -1;
	}
	free(here);
	free(*state);
	return 0;
}

static void
append_text(const char *text)
{
	FILE *f = fopen("file", "a");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static off_t
file_size(void)
{
	struct stat st;

	assert_int_equal(stat("file", &st), 0);
	return st.st_size;
}

static void
journal_close(struct journal *j)
{
	close(j->file.fd);
	free(j->list);
}

static void
revocations_close(struct revocations *r)
{
	close(r->file.fd);
	free(r->list);
}

static void
the_journal_comes_back_with_each_sessions_last_state(void **state)
{
	struct journal j;

	(void)state;
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	assert_int_equal(journal_add(&j, one, NOW, NOW + 100), 0);
	assert_int_equal(journal_add(&j, two, NOW + 1, NOW + 200), 0);
	assert_int_equal(journal_set(&j, journal_find(&j, one), SESSION_JOINED), 0);
	assert_int_equal(journal_set(&j, journal_find(&j, one), SESSION_ENDED), 0);
	assert_null(journal_find(&j, three));
	journal_close(&j);
	assert_int_equal(journal_open(&j, "file", NOW + 2), 0);
	assert_int_equal(j.count, 2);
	assert_int_equal(journal_find(&j, one)->state, SESSION_ENDED);
	assert_int_equal(journal_find(&j, one)->expires, NOW + 100);
	assert_int_equal(journal_find(&j, two)->issued, NOW + 1);
	assert_int_equal(j.lines, 2);
	journal_close(&j);
}

static void
what_has_expired_is_dropped_from_memory_and_file(void **state)
{
	struct journal j;

	(void)state;
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	journal_add(&j, one, NOW, NOW + 100);
	journal_add(&j, two, NOW, NOW + 200);
	assert_int_equal(journal_tidy(&j, "file", NOW + 100), 0);
	assert_null(journal_find(&j, one));
	assert_non_null(journal_find(&j, two));
	assert_int_equal(j.lines, 1);
	assert_true(file_size() < JOURNAL_LINE);
	assert_int_equal(journal_tidy(&j, "file", NOW + 200), 0);
	assert_int_equal(file_size(), 0);
	journal_close(&j);
	assert_int_equal(journal_open(&j, "file", NOW + 200), 0);
	assert_int_equal(j.count, 0);
	assert_int_equal(file_size(), 0);
	journal_close(&j);
}

static void
a_clock_that_was_set_back_hides_no_session(void **state)
{
	const int64_t set = NOW - 3600;
	struct journal j;

	(void)state;
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	journal_add(&j, one, NOW, NOW + MAX_LIFE);
	assert_int_equal(journal_tidy(&j, "file", set), 0);
	assert_non_null(journal_find(&j, one));
	journal_close(&j);
	assert_int_equal(journal_open(&j, "file", set), 0);
	assert_non_null(journal_find(&j, one));
	assert_int_equal(journal_find(&j, one)->expires, NOW + MAX_LIFE); /* its token lives so long */
	journal_close(&j);
}

static void
torn_overlong_and_senseless_lines_are_left_out(void **state)
{
	char text[JOURNAL_LINE];
	const struct session good = {.sid = {1}, .issued = NOW, .expires = NOW + 100};
	struct journal j;

	(void)state;
	session_write(text, &good);
	append_text("rubbish\n\n");
	append_text(text);
	append_text("02000000000000000000000000000000 1800000000 1800000100 dancing\n");
	append_text("02000000000000000000000000000000 1800000000 99999999999 issued\n");
	for (int i = 0; i < 300; i++) {
		append_text("x");
	}
	append_text("\n03000000000000000000000000000000 1800000000 18000001");
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	assert_int_equal(j.count, 1);
	assert_int_equal(j.list[0].expires, NOW + 100);
	assert_int_equal(file_size(), strlen(text));
	journal_close(&j);
}

static void
every_cut_of_a_line_is_no_session(void **state)
{
	const struct session good = {.sid = {1}, .issued = NOW, .expires = NOW + 1,
				     .state = SESSION_REVOKED};
	struct session s;
	char text[JOURNAL_LINE];
	size_t len = (size_t)session_write(text, &good) - 1;

	(void)state;
	assert_int_equal(session_parse(&s, text, len), 0);
	assert_int_equal(s.state, SESSION_REVOKED);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(session_parse(&s, text, i), -1);
	}
}

static void
a_journal_of_stale_lines_is_written_anew(void **state)
{
	struct journal j;
	off_t before;

	(void)state;
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	journal_add(&j, one, NOW, NOW + 100);
	for (int i = 0; i < 1100; i++) {
		journal_set(&j, journal_find(&j, one), i % 2 ? SESSION_ISSUED : SESSION_JOINED);
	}
	before = file_size();
	assert_int_equal(journal_tidy(&j, "file", NOW), 0);
	assert_true(file_size() * 1000 < before);
	assert_int_equal(journal_add(&j, two, NOW, NOW + 100), 0);
	journal_close(&j);
	assert_int_equal(journal_open(&j, "file", NOW), 0);
	assert_int_equal(j.count, 2);
	journal_close(&j);
}

static void
revocations_come_back_and_end_with_their_keys(void **state)
{
	struct revocations r;

	(void)state;
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(revocations_add(&r, one, NOW + 100), 0);
	assert_int_equal(revocations_add(&r, two, NOW + 200), 0);
	assert_int_equal(revocations_add(&r, one, NOW + 100), 0);
	assert_int_equal(revocations_sync(&r), 0);
	assert_int_equal(r.count, 2);
	revocations_close(&r);
	append_text("revoke 0300000000000000");
	assert_int_equal(revocations_open(&r, "file", NOW + 1), 0);
	assert_true(revocations_has(&r, one) && revocations_has(&r, two));
	assert_false(revocations_has(&r, three));
	assert_int_equal(revocations_tidy(&r, NOW + 100), 0);
	assert_false(revocations_has(&r, one));
	assert_true(revocations_has(&r, two));
	revocations_close(&r);
}

/* A full disk, as the kernel's file size limit gives it: half a line may be written. */
static void
a_line_that_does_not_fit_leaves_the_file_whole(void **state)
{
	struct rlimit old, small;
	struct revocations r;
	off_t before;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(revocations_add(&r, one, NOW + 100), 0);
	before = file_size();
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){(rlim_t)before + 10, old.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(revocations_add(&r, two, NOW + 100), -1);
	assert_false(revocations_has(&r, two));
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(file_size(), before);
	assert_int_equal(revocations_add(&r, three, NOW + 100), 0);
	revocations_close(&r);
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(r.count, 2);
	assert_true(revocations_has(&r, three));
	revocations_close(&r);
}

/* After a failed sync the kernel may have dropped what it could not write, and the next sync would
 * succeed without it. */
static void
after_a_failed_sync_the_whole_file_is_written_anew(void **state)
{
	struct revocations r;
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(revocations_add(&r, one, NOW + 100), 0);
	assert_int_equal(truncate("file", 0), 0); /* it never reached the disk */
	close(r.file.fd);
	r.file.fd = pair[1]; /* can't be synced */
	r.path = "nowhere/file";
	assert_int_equal(revocations_sync(&r), -1);
	assert_true(r.broken);
	assert_int_equal(revocations_sync(&r), -1);
	r.path = "file";
	assert_int_equal(revocations_sync(&r), 0);
	assert_false(r.broken);
	assert_int_equal(revocations_add(&r, two, NOW + 100), 0);
	revocations_close(&r);
	close(pair[0]);
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(r.count, 2);
	revocations_close(&r);
}

/* The new file is in its place, but there is no descriptor left to sync the folder with. */
static void
lines_go_to_the_file_that_has_the_name_even_where_its_folder_could_not_be_synced(void **state)
{
	struct rlimit old, few;
	struct revocations r;
	int next;

	(void)state;
	assert_int_equal(revocations_open(&r, "file", NOW), 0);
	assert_int_equal(revocations_add(&r, one, NOW + 100), 0);
	assert_int_equal(revocations_add(&r, two, NOW + 200), 0);
	next = r.file.fd; /* the fresh file's, and nothing below the limit is left for the folder */
	r.file.fd = fcntl(next, F_DUPFD, 100);
	assert_int_equal(r.file.fd, 100);
	close(next);
	getrlimit(RLIMIT_NOFILE, &old);
	few = (struct rlimit){(rlim_t)next + 1, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	assert_int_equal(revocations_tidy(&r, NOW + 100), -1);
	setrlimit(RLIMIT_NOFILE, &old);
	assert_int_equal(revocations_add(&r, three, NOW + 200), 0);
	assert_int_equal(revocations_sync(&r), 0);
	revocations_close(&r);
	assert_int_equal(revocations_open(&r, "file", NOW + 100), 0);
	assert_int_equal(r.count, 2);
	assert_true(revocations_has(&r, three));
	revocations_close(&r);
}

static void
file_create_never_overwrites(void **state)
{
	char text[8] = "";
	FILE *f;

	(void)state;
	assert_int_equal(file_create("file", "first", 5, 0600), 0);
	assert_int_equal(link("file", "file.new"), 0); /* what a crash may leave */
	assert_int_equal(file_create("file", "third", 5, 0600), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink("file.new"), 0);
	assert_int_equal(file_create("file", "second", 6, 0600), -1);
	assert_int_equal(errno, EEXIST);
	f = fopen("file", "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "first");
	assert_int_equal(access("file.new", F_OK), -1);
}

static void
a_secret_that_is_open_to_others_or_a_link_is_not_opened(void **state)
{
	const char *why = NULL;
	int fd;

	(void)state;
	assert_int_equal(file_create("file", "x", 1, 0600), 0);
	fd = file_open_secret("file", &why);
	assert_true(fd >= 0);
	close(fd);
	for (int bit = 0; bit < 6; bit++) {
		chmod("file", (mode_t)(0600 | 1 << bit));
		assert_int_equal(file_open_secret("file", &why), -1);
		assert_non_null(strstr(why, "others"));
	}
	chmod("file", 0600);
	assert_int_equal(symlink("file", "file.new"), 0);
	assert_int_equal(file_open_secret("file.new", &why), -1);
}

static void
touch(const char *path, time_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	fclose(f);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool
there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
no_key_is_made_that_brokers_may_have_no_room_for(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(layout_init(), 2);
	for (int i = 1; i < MAX_KEYS - 1; i++) {
		char path[64];

		snprintf(path, sizeof(path), PATH_PUBLIC "/20200101-00000%d.pem", i);
		touch(path, time(NULL));
	}
	assert_int_equal(layout_rotate(), 0);
	assert_int_equal(layout_rotate(), -1);
	assert_int_equal(glob(PATH_SIGN_PREFIX "*.pem", 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	globfree(&found);
	assert_int_equal(system("rm -r secrets keys tokens revoked state"), 0);
}

/* A rotation that failed half way: noted as retired, but it still signs. */
static void
a_retired_key_that_still_signs_is_kept_and_its_time_begins_when_it_does_not(void **state)
{
	static const char former[] = PATH_PUBLIC "/20200101-000000.pem";
	static const char note[] = PATH_RETIRED "20200101-000000";
	time_t now = time(NULL);

	(void)state;
	assert_int_equal(layout_init(), 2);
	touch(former, now - 100000);
	touch(note, now - 100000);
	assert_int_equal(layout_forget(now, "20200101-000000"), 0);
	assert_true(there(former) && there(note));
	assert_int_equal(layout_forget(now + 14459, ""), 0);
	assert_true(there(former));
	assert_int_equal(layout_forget(now + 14500, ""), 0);
	assert_false(there(former) || there(note));
	assert_int_equal(system("rm -r secrets keys tokens revoked state"), 0);
}

/* What a backup brings back: a public half whose private one had been rotated away, and no note. */
static void
a_former_key_from_a_backup_goes_four_hours_later(void **state)
{
	static const char former[] = PATH_PUBLIC "/20200101-000000.pem";
	static const char note[] = PATH_RETIRED "20200101-000000";
	static const char fresh[] = PATH_PUBLIC "/20200102-000000.pem"; /* of a rotation under way */
	static const char foreign[] = PATH_PUBLIC "/elsewhere.pem";
	time_t now = time(NULL);
	glob_t notes;

	(void)state;
	assert_int_equal(layout_init(), 2);
	touch(former, now - 100000);
	touch(fresh, now);
	touch(foreign, now - 100000);
	assert_int_equal(layout_init(), 0);
	assert_true(there(note));
	assert_int_equal(glob(PATH_RETIRED "*", 0, NULL, &notes), 0);
	assert_int_equal(notes.gl_pathc, 1);
	globfree(&notes);

	/* A later start does not begin the four hours anew. */
	touch(note, now - 14459);
	assert_int_equal(layout_init(), 0);
	assert_int_equal(layout_forget(now, ""), 0);
	assert_true(there(former));
	assert_int_equal(layout_forget(now + 1, ""), 0);
	assert_false(there(former) || there(note));

	assert_int_equal(glob(PATH_PUBLIC "/*.pem", 0, NULL, &notes), 0);
	assert_int_equal(notes.gl_pathc, 3);
	globfree(&notes);
	assert_int_equal(system("rm -r secrets keys tokens revoked state"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_journal_comes_back_with_each_sessions_last_state,
						enter, leave),
		cmocka_unit_test_setup_teardown(what_has_expired_is_dropped_from_memory_and_file, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_clock_that_was_set_back_hides_no_session, enter,
						leave),
		cmocka_unit_test_setup_teardown(torn_overlong_and_senseless_lines_are_left_out, enter,
						leave),
		cmocka_unit_test(every_cut_of_a_line_is_no_session),
		cmocka_unit_test_setup_teardown(a_journal_of_stale_lines_is_written_anew, enter, leave),
		cmocka_unit_test_setup_teardown(revocations_come_back_and_end_with_their_keys, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_line_that_does_not_fit_leaves_the_file_whole, enter,
						leave),
		cmocka_unit_test_setup_teardown(after_a_failed_sync_the_whole_file_is_written_anew,
						enter, leave),
		cmocka_unit_test_setup_teardown(
			lines_go_to_the_file_that_has_the_name_even_where_its_folder_could_not_be_synced,
			enter, leave),
		cmocka_unit_test_setup_teardown(file_create_never_overwrites, enter, leave),
		cmocka_unit_test_setup_teardown(a_secret_that_is_open_to_others_or_a_link_is_not_opened,
						enter, leave),
		cmocka_unit_test_setup_teardown(no_key_is_made_that_brokers_may_have_no_room_for,
						enter, leave),
		cmocka_unit_test_setup_teardown(
			a_retired_key_that_still_signs_is_kept_and_its_time_begins_when_it_does_not,
			enter, leave),
		cmocka_unit_test_setup_teardown(a_former_key_from_a_backup_goes_four_hours_later,
						enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

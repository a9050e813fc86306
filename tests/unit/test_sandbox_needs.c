/*
 * What goes on working in a process that has sealed itself, and what of the file system it may
 * still see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/token.h"
#include "tests/unit/sealed.h"

static int
use_memory(void)
{
	char *small = malloc(100), *big = malloc(8 << 20), *more;

	if (small == NULL || big == NULL) {
		return 1;
	}
	memset(big, 1, 8 << 20);
	more = realloc(big, 16 << 20);
	free(more != NULL ? more : big);
	free(small);
	return more == NULL;
}

static int
use_clocks_and_chance(void)
{
	const struct timespec short_while = {.tv_nsec = 1000};
	uint8_t bytes[32] = {0}, zero[32] = {0};

	secret_random(bytes, sizeof(bytes));
	return clock_ns() == 0 || clock_unix() == 0 || nanosleep(&short_while, NULL) != 0 ||
	       memcmp(bytes, zero, sizeof(bytes)) == 0;
}

static int
use_open_descriptors(void)
{
	struct pollfd p = {.fd = held.pair[1], .events = POLLIN};
	struct epoll_event event;
	char c;

	return send(held.pair[0], "x", 1, 0) != 1 || poll(&p, 1, 1000) != 1 ||
	       epoll_wait(held.epoll, &event, 1, 1000) != 1 || recv(held.pair[1], &c, 1, 0) != 1 ||
	       fcntl(held.pair[1], F_SETFL, O_NONBLOCK) != 0 || close(held.pair[1]) != 0;
}

static int
use_stdio_and_log(void)
{
	FILE *f = fdopen(held.file, "w");

	log_open("test", 0);
	log_debug("not shown");
	return f == NULL || fprintf(f, "%d\n", 7) != 2 || fflush(f) != 0;
}

static int
use_tokens(void)
{
	struct token t = {.role = ROLE_GW, .client = "00112233445566778899aabbccddeeff",
			  .kid = "k1", .iat = 1000, .nbf = 1000, .exp = 2000};
	char jwt[MAX_TOKEN + 1];

	return token_create(jwt, &t, held.key) < 0;
}

static void
memory_clocks_descriptors_and_crypto_go_on_working(void **state)
{
	static const struct attempt attempts[] = {
		{"memory", SANDBOX_BASE, use_memory},
		{"clocks and chance", SANDBOX_BASE, use_clocks_and_chance},
		{"open descriptors", SANDBOX_BASE, use_open_descriptors},
		{"stdio and log", SANDBOX_BASE, use_stdio_and_log},
		{"signing a token", SANDBOX_BASE, use_tokens},
		{0},
	};

	(void)state;
	all_work(attempts);
}

static int
do_abort(void)
{
	abort();
}

static void
a_sealed_process_can_still_abort(void **state)
{
	int status = status_of(SANDBOX_BASE, do_abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int
ask_for_a_terminal(void)
{
	return isatty(held.pty[1]) != 0 || errno != ENOTTY;
}

static void
asking_whether_a_log_is_a_terminal_is_answered_no(void **state)
{
	static const struct attempt attempts[] = {
		{"isatty", SANDBOX_BASE, ask_for_a_terminal}, {0}};

	(void)state;
	all_work(attempts);
}

static int
ask_for_a_socket_pair(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 || errno != EPERM;
}

static void
a_pair_of_sockets_is_refused_to_clients_and_kills_others(void **state)
{
	static const struct attempt refused[] = {
		{"socketpair", SANDBOX_CONNECT, ask_for_a_socket_pair}, {0}};
	static const struct attempt killed[] = {
		{"socketpair", EVERYTHING & ~SANDBOX_CONNECT, ask_for_a_socket_pair}, {0}};

	(void)state;
	all_work(refused);
	all_die(killed);
}

static int
look_at_core_limit(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_CORE, &r) != 0 || r.rlim_cur != 0 || r.rlim_max != 0;
}

static void
a_sealed_process_leaves_no_core(void **state)
{
	static const struct attempt attempts[] = {{"core limit", SANDBOX_BASE, look_at_core_limit},
						  {0}};

	(void)state;
	all_work(attempts);
}

#ifndef TETHER_SANITIZED
/* A wait status: 0 when `path` could be read by a process that may read in `folder` alone. */
static int
reading_status(const char *folder, const char *path)
{
	const char *folders[] = {folder, NULL}, *why;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (sandbox_seal_reading(SANDBOX_FILES_RO, folders, &why) != 0) {
			_exit(NOT_SEALED);
		}
		_exit(open(path, O_RDONLY) >= 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
only_the_folders_that_were_named_can_be_read(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		skip(); /* this kernel has no Landlock */
	}
	assert_int_equal(reading_status("/proc/sys", "/proc/sys/kernel/ostype"), 0);
	assert_int_equal(reading_status("/proc/sys", "/proc/version"), EACCES);
	assert_int_equal(reading_status("/proc/sys", "/proc/sys/../version"), EACCES);
	assert_int_equal(reading_status("/nowhere", "/proc/version"), NOT_SEALED);
}

/* In a child that may write in one folder: makes `temp` there, renames it to `name`, which may lead
 * elsewhere, and reads it. 0, or errno. */
static int
writing_status(const char *folder, const char *temp, const char *name)
{
	const char *why;
	pid_t pid = fork();
	int status, fd, dir;

	assert_true(pid >= 0);
	if (pid == 0) {
		dir = open(folder, O_RDONLY | O_DIRECTORY);
		if (sandbox_seal_writing(SANDBOX_FILES_RW, dir, &why) != 0) {
			_exit(NOT_SEALED);
		}
		fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 ||
		    renameat(dir, temp, dir, name) != 0 || fsync(dir) != 0 ||
		    openat(dir, name, O_RDONLY) < 0 || unlinkat(dir, name, 0) != 0) {
			_exit(errno);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
only_in_the_folder_that_was_given_can_be_written(void **state)
{
	char folder[] = "/tmp/tether-sandbox-XXXXXX", other[sizeof(folder) + 1], out[64];

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		skip(); /* this kernel has no Landlock */
	}
	assert_non_null(mkdtemp(folder));
	snprintf(other, sizeof(other), "%s.", folder);
	assert_int_equal(mkdir(other, 0700), 0);
	snprintf(out, sizeof(out), "../%s/a", strrchr(other, '/') + 1);
	assert_int_equal(writing_status(folder, "a", "b"), 0);
	assert_int_equal(writing_status(folder, out, "b"), EACCES);
	assert_int_equal(writing_status(folder, "a", out), EACCES);
	assert_int_equal(writing_status(folder, "/etc/tether-sandbox", "b"), EACCES);
	snprintf(out, sizeof(out), "%s/a", folder);
	assert_int_equal(unlink(out), 0);
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(rmdir(folder), 0);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_clocks_descriptors_and_crypto_go_on_working),
		cmocka_unit_test(a_sealed_process_can_still_abort),
		cmocka_unit_test(asking_whether_a_log_is_a_terminal_is_answered_no),
		cmocka_unit_test(a_pair_of_sockets_is_refused_to_clients_and_kills_others),
		cmocka_unit_test(a_sealed_process_leaves_no_core),
#ifndef TETHER_SANITIZED
		cmocka_unit_test(only_the_folders_that_were_named_can_be_read),
		cmocka_unit_test(only_in_the_folder_that_was_given_can_be_written),
#endif
	};

	return cmocka_run_group_tests(tests, sealed_begin, sealed_finish);
}

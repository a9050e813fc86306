/*
 * Starting children. This program is its own child: spawn_child runs /proc/self/exe, and main
 * looks at argv[1] for what the child shall do. Children answer over CHILD_FD.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/spawn.h"

#define ANSWER_MAX 4096
#define SHORT_MS 300
#define LONG_MS 10000

extern char **environ;

/* ---- the child's side ------------------------------------------------------------------------ */

static void
say(const char *text)
{
	ssize_t done = send(CHILD_FD, text, strlen(text), MSG_NOSIGNAL);

	(void)done;
}

static int
child_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir)) {
			say(entry->d_name);
			say(" ");
		}
	}
	(void)closedir(dir);
	return 0;
}

static int
child_stdio(void)
{
	char path[PATH_MAX];
	ssize_t len;

	for (int fd = 0; fd < 2; fd++) {
		char link[32];

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path) - 1);
		path[len > 0 ? len : 0] = '\0';
		say(path);
		say(" ");
	}
	return 0;
}

/* Is standard error something that could be read, like a terminal? */
static int
child_errors(void)
{
	say(isatty(STDERR_FILENO) ? "terminal" : "none");
	return 0;
}

static int
child_environment(void)
{
	for (char **e = environ; *e != NULL; e++) {
		say(*e);
		say("\n");
	}
	return 0;
}

/* The sanitizers' run-time sets handlers of its own before main. */
static int
is_the_runtimes(int s)
{
#ifdef TETHER_SANITIZED
	return s == SIGSEGV || s == SIGBUS || s == SIGFPE;
#else
	(void)s;
	return 0;
#endif
}

static int
child_signals(void)
{
	sigset_t blocked;
	struct sigaction act;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int s = 1; s < NSIG; s++) {
		if (!is_the_runtimes(s) && sigaction(s, NULL, &act) == 0 &&
		    act.sa_handler != SIG_DFL) {
			say("handled ");
		}
		if (sigismember(&blocked, s) == 1) {
			say("blocked ");
		}
	}
	say("done");
	return 0;
}

static int
child_session(void)
{
	say(getsid(0) == getpid() ? "own" : "shared");
	return 0;
}

/* All signals are default here, so the first one ends it. */
static int
wait_for_a_signal(void)
{
	return pause();
}

static int
child_waits(void)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d", (int)getpid());
	say(text);
	return wait_for_a_signal();
}

/* Starts a child that waits, on the very descriptor that it was given itself, then waits too. */
static int
child_nests(unsigned flags)
{
	const char *const argv[] = {"nested", "waits", NULL};

	if (fcntl(CHILD_FD, F_SETFD, FD_CLOEXEC) != 0 ||
	    spawn_child(argv, CHILD_FD, flags, NULL) < 0) {
		return 1;
	}
	return wait_for_a_signal();
}

static int
child_main(const char *job, const char *more)
{
	if (strcmp(job, "argument") == 0) {
		say(more);
		return 7;
	}
	if (strcmp(job, "descriptors") == 0) {
		return child_descriptors();
	}
	if (strcmp(job, "stdio") == 0) {
		return child_stdio();
	}
	if (strcmp(job, "errors") == 0) {
		return child_errors();
	}
	if (strcmp(job, "environment") == 0) {
		return child_environment();
	}
	if (strcmp(job, "signals") == 0) {
		return child_signals();
	}
	if (strcmp(job, "session") == 0) {
		return child_session();
	}
	if (strcmp(job, "waits") == 0) {
		return child_waits();
	}
	if (strcmp(job, "nests") == 0) {
		return child_nests(0);
	}
	return strcmp(job, "nests-tied") == 0 ? child_nests(SPAWN_DIE_WITH_US) : 1;
}

/* ---- the parent's side ----------------------------------------------------------------------- */

struct child {
	pid_t pid;
	int fd, pidfd;
};

static struct child
start(const char *job, const char *more, unsigned flags)
{
	const char *const argv[] = {"child", job, more, NULL};
	struct child c;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.pid = spawn_child(argv, pair[1], flags, &c.pidfd);
	assert_true(c.pid > 0);
	assert_true(c.pidfd >= 0);
	(void)close(pair[1]);
	c.fd = pair[0];
	return c;
}

static int
finish(struct child *c)
{
	int status;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	(void)close(c->fd);
	(void)close(c->pidfd);
	return status;
}

static void
read_all(int fd, char out[ANSWER_MAX])
{
	size_t len = 0;
	ssize_t got;

	while (len < ANSWER_MAX - 1 && (got = read(fd, out + len, ANSWER_MAX - 1 - len)) > 0) {
		len += (size_t)got;
	}
	out[len] = '\0';
}

/* Everything that the child says until it ends. */
static void
answer_of(char out[ANSWER_MAX], const char *job, unsigned flags)
{
	struct child c = start(job, NULL, flags);

	read_all(c.fd, out);
	assert_int_equal(finish(&c), 0);
}

static int
wait_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms);
}

static void
a_child_gets_its_arguments_and_its_socket(void **state)
{
	struct child c = start("argument", "hello there", 0);
	char out[ANSWER_MAX];
	int status;

	(void)state;
	read_all(c.fd, out);
	status = finish(&c);
	assert_string_equal(out, "hello there");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
a_child_has_nothing_else_open(void **state)
{
	char out[ANSWER_MAX];
	int leaky[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		leaky[i] = dup(STDERR_FILENO); /* without close-on-exec */
		assert_true(leaky[i] >= 0);
	}
	answer_of(out, "descriptors", 0);
	for (int i = 0; i < 20; i++) {
		(void)close(leaky[i]);
	}
	assert_string_equal(out, "0 1 2 3 ");
}

static void
standard_input_and_output_are_null_unless_asked_for(void **state)
{
	char out[ANSWER_MAX];
	int pipes[2], saved[2];

	(void)state;
	answer_of(out, "stdio", 0);
	assert_string_equal(out, "/dev/null /dev/null ");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	for (int fd = 0; fd < 2; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		assert_int_equal(dup2(pipes[fd], fd), fd);
	}
	answer_of(out, "stdio", SPAWN_STDIO);
	for (int fd = 0; fd < 2; fd++) {
		assert_int_equal(dup2(saved[fd], fd), fd);
		(void)close(saved[fd]);
		(void)close(pipes[fd]);
	}
	assert_non_null(strstr(out, "pipe:"));
	assert_null(strstr(out, "/dev/null"));
}

/* Whoever can write to the terminal can read it, so the log of a child is worth less. */
static void
a_terminal_is_kept_from_all_children_but_the_one_that_draws_on_it(void **state)
{
	char out[2][ANSWER_MAX];
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), other, saved;

	(void)state;
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	assert_true(other >= 0 && saved >= 0);
	assert_int_equal(dup2(other, STDERR_FILENO), STDERR_FILENO);
	answer_of(out[0], "errors", SPAWN_SESSION);
	answer_of(out[1], "errors", SPAWN_SESSION | SPAWN_STDIO);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
	(void)close(other);
	(void)close(terminal);
	assert_string_equal(out[0], "none");
	assert_string_equal(out[1], "terminal");
}

static void
the_environment_is_five_names_and_no_more_but_for_who_has_the_terminal(void **state)
{
	static const char *const names[] = {"LANG",	"LC_ALL",	 "LC_CTYPE", "PATH", "TERM",
					    "TERMINFO", "TERMINFO_DIRS", "TZ",	     "HOME"};
	char out[2][ANSWER_MAX], old[2][ANSWER_MAX];

	(void)state;
	(void)snprintf(old[0], sizeof(old[0]), "%s", getenv("PATH"));
	(void)snprintf(old[1], sizeof(old[1]), "%s", getenv("HOME") != NULL ? getenv("HOME") : "/");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(setenv(names[i], "x", 1), 0);
	}
	assert_int_equal(setenv("LD_PRELOAD_", "secret", 1), 0);
	assert_int_equal(setenv("PATHS", "secret", 1), 0);
	answer_of(out[0], "environment", SPAWN_SESSION | SPAWN_DIE_WITH_US);
	answer_of(out[1], "environment", SPAWN_STDIO);
	(void)setenv("PATH", old[0], 1);
	(void)setenv("HOME", old[1], 1);
	(void)unsetenv("LC_ALL");
	(void)unsetenv("TZ");
	assert_string_equal(out[0], "TERM=x\nLANG=x\nLC_ALL=x\nLC_CTYPE=x\nPATH=x\n");
	assert_string_equal(out[1], "TERM=x\nLANG=x\nLC_ALL=x\nLC_CTYPE=x\nPATH=x\n"
				    "TERMINFO=x\nTERMINFO_DIRS=x\nHOME=x\nTZ=x\n");
}

static void
signals_are_default_and_unblocked_whatever_the_parent_did(void **state)
{
	sigset_t set, before;
	char out[ANSWER_MAX];

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGRTMIN);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	answer_of(out, "signals", 0);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_BLOCK, NULL, &set);
	assert_int_equal(sigismember(&set, SIGTERM), 1);
	assert_int_equal(sigismember(&set, SIGUSR1), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_string_equal(out, "done");
}

static void
a_child_has_its_own_session_when_asked(void **state)
{
	char out[ANSWER_MAX];

	(void)state;
	answer_of(out, "session", SPAWN_SESSION);
	assert_string_equal(out, "own");
	answer_of(out, "session", 0);
	assert_string_equal(out, "shared");
}

static void
the_pidfd_tells_when_the_child_has_ended_and_is_not_inherited(void **state)
{
	struct child c = start("waits", NULL, 0);
	int status;

	(void)state;
	assert_int_equal(wait_readable(c.fd, LONG_MS), 1);
	assert_true((fcntl(c.pidfd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(wait_readable(c.pidfd, 0), 0);
	assert_int_equal(kill(c.pid, SIGKILL), 0);
	assert_int_equal(wait_readable(c.pidfd, LONG_MS), 1);
	status = finish(&c);
	assert_true(WIFSIGNALED(status));
}

/* Kills a child that has started another; returns the pid of that other one. */
static pid_t
kill_the_middle(struct child *c)
{
	char text[32] = "";
	ssize_t len;

	assert_int_equal(wait_readable(c->fd, LONG_MS), 1);
	len = read(c->fd, text, sizeof(text) - 1);
	assert_true(len > 0);
	assert_int_equal(kill(c->pid, SIGKILL), 0);
	return (pid_t)atoi(text);
}

/* The grandchild holds the other end: it reads as closed once both have gone. */
static void
a_child_that_is_tied_dies_with_its_parent(void **state)
{
	struct child c = start("nests-tied", NULL, 0);
	char byte;

	(void)state;
	assert_true(kill_the_middle(&c) > 0);
	assert_int_equal(wait_readable(c.fd, LONG_MS), 1);
	assert_int_equal(read(c.fd, &byte, 1), 0);
	(void)finish(&c);
}

static void
a_child_that_is_not_tied_outlives_its_parent(void **state)
{
	struct child c = start("nests", NULL, 0);
	pid_t left = kill_the_middle(&c);

	(void)state;
	assert_int_equal(wait_readable(c.pidfd, LONG_MS), 1);
	assert_int_equal(wait_readable(c.fd, SHORT_MS), 0);
	assert_int_equal(kill(left, SIGKILL), 0);
	(void)finish(&c);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_gets_its_arguments_and_its_socket),
		cmocka_unit_test(a_child_has_nothing_else_open),
		cmocka_unit_test(standard_input_and_output_are_null_unless_asked_for),
		cmocka_unit_test(a_terminal_is_kept_from_all_children_but_the_one_that_draws_on_it),
		cmocka_unit_test(
			the_environment_is_five_names_and_no_more_but_for_who_has_the_terminal),
		cmocka_unit_test(signals_are_default_and_unblocked_whatever_the_parent_did),
		cmocka_unit_test(a_child_has_its_own_session_when_asked),
		cmocka_unit_test(the_pidfd_tells_when_the_child_has_ended_and_is_not_inherited),
		cmocka_unit_test(a_child_that_is_tied_dies_with_its_parent),
		cmocka_unit_test(a_child_that_is_not_tied_outlives_its_parent),
	};

	if (argc > 1) {
		return child_main(argv[1], argc > 2 ? argv[2] : "");
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

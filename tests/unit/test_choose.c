/*
 * Which serial port is meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/choose.h"
#include "agent/single.h"

/* Two adapters, instead of those of this machine. */
int
ports_list(struct port *out, size_t cap)
{
	static const struct port two[] = {{.path = "/dev/ttyUSB0", .serial = "FT0"},
					  {.path = "/dev/ttyUSB1", .serial = "FT1"}};

	assert_true(cap >= 2);
	memcpy(out, two, sizeof(two));
	return 2;
}

static void
the_only_port_needs_no_question(void **state)
{
	(void)state;
	assert_int_equal(choose_pick(1, NULL), 0);
	assert_int_equal(choose_pick(0, NULL), -1);
	assert_int_equal(choose_pick(2, NULL), -1);
}

static void
the_typed_number_is_the_one_on_the_screen(void **state)
{
	(void)state;
	assert_int_equal(choose_pick(3, "1\n"), 0);
	assert_int_equal(choose_pick(3, " 3 \n"), 2);
	assert_int_equal(choose_pick(3, "2"), 1);
}

static void
anything_else_chooses_nothing(void **state)
{
	static const char *const lines[] = {"",
					    "\n",
					    "0\n",
					    "4\n",
					    "-1\n",
					    "1x\n",
					    "x1",
					    "1 2\n",
					    "1.5",
					    "4294967297\n",
					    "99999999999999999999\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(choose_pick(3, lines[i]), -1);
	}
}

static void
a_named_port_is_found_by_its_whole_path(void **state)
{
	static const struct port ports[] = {{.path = "/dev/ttyUSB1", .serial = "FT1"},
					    {.path = "/dev/ttyUSB0", .serial = "FT0"}};

	(void)state;
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB0"), 1);
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB"), -1);
	assert_int_equal(choose_known(ports, 2, "/dev/ttyUSB11"), -1);
	assert_int_equal(choose_known(ports, -1, "/dev/ttyUSB1"), -1);
}

/* In a process of its own at a terminal of its own, with the signals blocked as single_take()
 * leaves them: 0 when FT1 was chosen and a stop is kept, else another number. */
static int
ask_at(int terminal)
{
	struct options o = {.demo = false};
	sigset_t set;
	char dir[MAX_PATH];
	pid_t sim;

	alarm(10);
	single_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if (dup2(terminal, STDIN_FILENO) < 0 || choose_box(&o, &sim, dir) < 0) {
		return 1;
	}
	(void)sigpending(&set);
	return sigismember(&set, SIGUSR1) && strcmp(o.usb, "FT1") == 0 ? 0 : 2;
}

/* What comes of the question when these signals come before a 2 is typed. */
static int
answer_of(const int signals[], size_t count)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), status = -1, said[2];
	char byte;
	pid_t pid;

	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	assert_int_equal(pipe(said), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(said[1], STDERR_FILENO);
		_exit(ask_at(open(ptsname(terminal), O_RDWR | O_NOCTTY)));
	}
	close(said[1]);
	do {
		assert_int_equal(read(said[0], &byte, 1), 1);
	} while (byte != '?'); /* the question stands: signals are blocked, and it waits */
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(kill(pid, signals[i]), 0);
	}
	if (signals[count - 1] == SIGUSR1) {
		usleep(100000); /* a stop does not end the question */
		assert_int_equal(write(terminal, "2\n", 2), 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(said[0]);
	close(terminal);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
a_stop_during_the_question_is_kept_for_the_guard(void **state)
{
	static const int stop[] = {SIGUSR1};

	(void)state;
	assert_int_equal(answer_of(stop, 1), 0);
}

static void
a_signal_that_ends_ends_the_question(void **state)
{
	static const int ends[][1] = {{SIGINT}, {SIGTERM}, {SIGHUP}, {SIGQUIT}};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_int_equal(answer_of(ends[i], 1), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_only_port_needs_no_question),
		cmocka_unit_test(the_typed_number_is_the_one_on_the_screen),
		cmocka_unit_test(anything_else_chooses_nothing),
		cmocka_unit_test(a_named_port_is_found_by_its_whole_path),
		cmocka_unit_test(a_stop_during_the_question_is_kept_for_the_guard),
		cmocka_unit_test(a_signal_that_ends_ends_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

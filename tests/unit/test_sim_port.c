/*
 * The simulated cable and the log: a real pty, opened, closed and opened again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sim/port.h"
#include "agent/sim/trace.h"

static char folder[] = "/tmp/tether-sim-XXXXXX";
static char path[64], log_path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/box", folder);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(log_path);
	return rmdir(folder);
}

static int
open_user(void)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Reads what has come through the pty within a second. */
static void
expect_read(struct sim_port *p, const char *expected)
{
	struct pollfd fd = {p->master, POLLIN, 0};
	char bytes[32];

	assert_int_equal(poll(&fd, 1, 1000), 1);
	assert_int_equal(sim_port_read(p, bytes, sizeof(bytes)), strlen(expected));
	assert_memory_equal(bytes, expected, strlen(expected));
}

static void
bytes_pass_unchanged_and_the_port_can_be_opened_again(void **state)
{
	static const char raw[] = "A40\r\n\003\021\032\177";
	struct sim_port p;
	char bytes[32];

	(void)state;
	assert_int_equal(sim_port_open(&p, path), 0);
	for (int round = 0; round < 2; round++) {
		int fd = open_user();

		assert_int_equal(write(fd, raw, sizeof(raw) - 1), sizeof(raw) - 1);
		expect_read(&p, raw);
		sim_port_write(&p, raw, sizeof(raw) - 1);
		assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(raw) - 1);
		assert_memory_equal(bytes, raw, sizeof(raw) - 1);
		close(fd);
		assert_int_equal(sim_port_read(&p, bytes, sizeof(bytes)), 0);
	}
	sim_port_close(&p);
}

static void
the_link_goes_when_the_port_closes(void **state)
{
	struct sim_port p;
	struct stat st;

	(void)state;
	assert_int_equal(sim_port_open(&p, path), 0);
	assert_int_equal(lstat(path, &st), 0);
	sim_port_close(&p);
	assert_int_equal(lstat(path, &st), -1);
}

static void
a_left_over_link_is_replaced_and_a_successors_link_is_kept(void **state)
{
	struct sim_port first, second;
	struct stat st;

	(void)state;
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(sim_port_open(&first, path), 0);
	assert_int_equal(sim_port_open(&second, path), 0);
	sim_port_close(&first);
	assert_int_equal(stat(path, &st), 0);
	sim_port_close(&second);
}

static void
a_file_in_the_links_place_is_not_touched(void **state)
{
	struct sim_port p;
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(sim_port_open(&p, path), -1);
	assert_int_equal(unlink(path), 0);
}

static void
pulling_the_cable_hangs_up_on_the_reader(void **state)
{
	struct sim_port p;
	struct pollfd fd = {-1, POLLIN, 0};
	char byte;

	(void)state;
	assert_int_equal(sim_port_open(&p, path), 0);
	fd.fd = open_user();
	sim_port_close(&p);
	assert_int_equal(poll(&fd, 1, 1000), 1);
	assert_true((fd.revents & POLLHUP) != 0);
	sim_port_write(&p, "x", 1);
	assert_int_equal(sim_port_read(&p, &byte, 1), 0);
	close(fd.fd);
}

static void
the_log_has_times_escapes_and_changes_only(void **state)
{
	static const char expected[] = "1234.567 ready /x\n"
				       "1234.568 in \"A\\x01\\\"\\r\"\n"
				       "2000.000 power H\n"
				       "2000.000 mode 5\n"
				       "2000.000 level A=12.5 B=0\n"
				       "3000.000 level A=0 B=0\n";
	struct sim_model m;
	struct sim_trace t;
	char text[512] = "";
	FILE *f;

	(void)state;
	sim_model_init(&m, sim_firmware_find("2.106"));
	assert_int_equal(sim_trace_open(&t, log_path, &m), 0);
	sim_trace_text(&t, 1234567890, "ready", "/x");
	sim_trace_bytes(&t, 1234568000, "in", "A\001\"\r", 4);
	m.power = 'H';
	m.mode = 5;
	m.raw[SIM_A] = 25;
	sim_trace_state(&t, 2000000000, &m);
	sim_trace_state(&t, 2500000000, &m);
	m.off = true;
	sim_trace_state(&t, 3000000000, &m);
	f = fopen(log_path, "re"); /* before the log is closed: each line is flushed */
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), sizeof(expected) - 1);
	assert_string_equal(text, expected);
	fclose(f);
	sim_trace_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass_unchanged_and_the_port_can_be_opened_again),
		cmocka_unit_test(the_link_goes_when_the_port_closes),
		cmocka_unit_test(a_left_over_link_is_replaced_and_a_successors_link_is_kept),
		cmocka_unit_test(a_file_in_the_links_place_is_not_touched),
		cmocka_unit_test(pulling_the_cable_hangs_up_on_the_reader),
		cmocka_unit_test(the_log_has_times_escapes_and_changes_only),
	};

	return cmocka_run_group_tests_name("sim_port", tests, make_folder, remove_folder);
}

/* The admin's socket (keysvc/main_admin.c): the end of a list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "keysvc/main.h"

static struct keysvc k; /* large */

/* Begins a list of `count` sessions, which nobody reads; returns the admin's end. */
static int
begin_list(size_t count)
{
	const struct admin_ask ask = {.op = ADMIN_LIST};
	int pair[2];

	k.journal.count = count;
	assert_int_equal(frame_pair(pair), 0);
	k.admins[0] = (struct admin){.fd = pair[0]};
	assert_int_equal(frames_send(pair[1], frames_to_main, FRAME_ADMIN_ASK, &ask), FRAME_OK);
	admin_readable(&k, &k.admins[0]);
	return pair[1];
}

/* Reads all that is there; returns how many rows, and whether the end was behind them. */
static size_t
read_rows(int fd, bool *end)
{
	union frame_message m;
	size_t rows = 0;
	int type;

	*end = false;
	while ((type = frames_recv(fd, frames_to_admin, &m)) > 0) {
		rows += type == FRAME_ADMIN_SESSION;
		*end = type == FRAME_ADMIN_DONE;
	}
	return rows;
}

static void
a_list_that_fills_the_socket_to_the_last_row_still_gets_its_end(void **state)
{
	size_t room;
	bool end;
	int fd;

	(void)state;
	k.journal.list = calloc(MAX_SESSIONS, sizeof(k.journal.list[0]));
	fd = begin_list(MAX_SESSIONS);
	room = k.admins[0].at; /* so many rows the socket takes */
	assert_in_range(room, 1, MAX_SESSIONS - 1);
	close(k.admins[0].fd);
	close(fd);

	fd = begin_list(room);
	assert_int_equal(read_rows(fd, &end), room);
	assert_false(end);
	assert_true(k.admins[0].fd >= 0);
	admin_writable(&k, &k.admins[0]);
	assert_int_equal(read_rows(fd, &end), 0);
	assert_true(end);
	assert_int_equal(k.admins[0].doing, ADMIN_IDLE);
	close(k.admins[0].fd);
	close(fd);
	free(k.journal.list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_fills_the_socket_to_the_last_row_still_gets_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

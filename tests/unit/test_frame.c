/* Frames over a socket pair. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/frame.h"

struct order {
	uint32_t seq;
	bool stop;
};

static void
order_fields(struct wire *w, void *message)
{
	struct order *o = message;

	wire_u32(w, &o->seq);
	wire_bool(w, &o->stop);
}

static void
nothing(struct wire *w, void *message)
{
	(void)w;
	(void)message;
}

static const struct frame_type table[] = {{7, 5, order_fields}, {8, 0, nothing}, {0, 0, NULL}};

static int
open_pair(void **state)
{
	static int fd[2];

	assert_int_equal(frame_pair(fd), 0);
	*state = fd;
	return 0;
}

static int
close_pair(void **state)
{
	int *fd = *state;

	for (int i = 0; i < 2; i++) {
		if (fd[i] >= 0) {
			(void)close(fd[i]);
		}
	}
	return 0;
}

static void
a_frame_arrives_as_it_was_sent(void **state)
{
	const int *fd = *state;
	const struct order sent = {.seq = 0x01020304, .stop = true};
	const struct frame_type *t = NULL;
	struct order got = {0};
	uint8_t buf[MAX_FRAME];

	assert_int_equal(frame_send(fd[0], &table[0], &sent), FRAME_OK);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_OK);
	assert_ptr_equal(t, &table[0]);
	assert_memory_equal(buf, "\x01\x07\x00\x05\x01\x02\x03\x04\x01", 9);
	assert_int_equal(frame_decode(t, buf, &got), FRAME_OK);
	assert_int_equal(got.seq, sent.seq);
	assert_true(got.stop);
}

static void
two_frames_stay_two(void **state)
{
	const int *fd = *state;
	const struct order sent = {.seq = 1};
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];

	assert_int_equal(frame_send(fd[0], &table[0], &sent), FRAME_OK);
	assert_int_equal(frame_send(fd[0], &table[1], NULL), FRAME_OK);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_OK);
	assert_int_equal(t->type, 7);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_OK);
	assert_int_equal(t->type, 8);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_EMPTY);
}

static void
the_last_words_of_a_peer_that_read_nothing_arrive(void **state)
{
	int *fd = *state;
	const struct order sent = {.seq = 9};
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];

	assert_int_equal(frame_send(fd[1], &table[0], &sent), FRAME_OK); /* never read */
	assert_int_equal(frame_send(fd[0], &table[0], &sent), FRAME_OK);
	(void)close(fd[0]);
	fd[0] = -1;
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_OK);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_CLOSED);
}

static void
a_malformed_frame_is_bad(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t len;
	} rows[] = {
		{"another version", "\x02\x07\x00\x05\x01\x02\x03\x04\x01", 9},
		{"unknown type", "\x01\x09\x00\x05\x01\x02\x03\x04\x01", 9},
		{"type 0", "\x01\x00\x00\x00", 4},
		{"length of another type", "\x01\x07\x00\x00", 4},
		{"one byte short", "\x01\x07\x00\x05\x01\x02\x03\x04", 8},
		{"one byte over", "\x01\x07\x00\x05\x01\x02\x03\x04\x01\x00", 10},
		{"half a header", "\x01\x07", 2},
	};
	const int *fd = *state;
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(send(fd[0], rows[i].bytes, rows[i].len, 0), rows[i].len);
		if (frame_recv(fd[1], table, &t, buf) != FRAME_BAD) {
			fail_msg("accepted: %s", rows[i].what);
		}
	}
}

/* The kernel cuts it to the very length that its header names. */
static void
a_frame_longer_than_any_of_ours_is_bad(void **state)
{
	static const struct frame_type longest[] = {{9, MAX_FRAME - FRAME_HEADER, nothing}, {0}};
	static const uint8_t big[MAX_FRAME + 1] = {1, 9, (MAX_FRAME - FRAME_HEADER) >> 8,
						   (MAX_FRAME - FRAME_HEADER) & 0xff};
	const int *fd = *state;
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];

	assert_int_equal(send(fd[0], big, MAX_FRAME, 0), MAX_FRAME);
	assert_int_equal(frame_recv(fd[1], longest, &t, buf), FRAME_OK);
	assert_int_equal(send(fd[0], big, sizeof(big), 0), sizeof(big));
	assert_int_equal(frame_recv(fd[1], longest, &t, buf), FRAME_BAD);
}

static void
a_bad_field_is_bad(void **state)
{
	const int *fd = *state;
	const struct frame_type *t;
	struct order got;
	uint8_t buf[MAX_FRAME];

	assert_int_equal(send(fd[0], "\x01\x07\x00\x05\x01\x02\x03\x04\x02", 9, 0), 9);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_OK);
	assert_int_equal(frame_decode(t, buf, &got), FRAME_BAD);
}

/* A table whose length is not what its walker takes is our own mistake: caught both ways. */
static void
a_table_that_lies_about_a_length_is_bad(void **state)
{
	static const struct frame_type lies[] = {{7, 6, order_fields}, {7, 4, order_fields}};
	const int *fd = *state;
	struct order o = {0};
	uint8_t buf[MAX_FRAME] = {0};

	for (int i = 0; i < 2; i++) {
		assert_int_equal(frame_send(fd[0], &lies[i], &o), FRAME_BAD);
		assert_int_equal(frame_decode(&lies[i], buf, &o), FRAME_BAD);
	}
}

static void
a_descriptor_in_a_frame_is_bad_and_not_taken(void **state)
{
	const int *fd = *state;
	uint8_t frame[] = {1, 8, 0, 0};
	struct iovec part = {.iov_base = frame, .iov_len = sizeof(frame)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];
	int before, after;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd[0], sizeof(int));
	before = dup(0);
	(void)close(before);
	assert_int_equal(sendmsg(fd[0], &message, 0), 4);
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_BAD);
	after = dup(0);
	(void)close(after);
	assert_int_equal(after, before);
}

static void
a_peer_that_has_gone_is_closed_in_both_directions(void **state)
{
	int *fd = *state;
	const struct frame_type *t;
	uint8_t buf[MAX_FRAME];

	(void)close(fd[0]);
	fd[0] = -1;
	assert_int_equal(frame_recv(fd[1], table, &t, buf), FRAME_CLOSED);
	assert_int_equal(frame_send(fd[1], &table[1], NULL), FRAME_CLOSED);
}

static void
a_peer_that_does_not_read_never_blocks_the_sender(void **state)
{
	const int *fd = *state;
	int rc = FRAME_OK, sent = 0;

	while (rc == FRAME_OK && sent < 1000000) {
		rc = frame_send(fd[0], &table[1], NULL);
		sent++;
	}
	assert_int_equal(rc, FRAME_EMPTY);
}

static void
a_pair_is_not_inherited(void **state)
{
	const int *fd = *state;

	for (int i = 0; i < 2; i++) {
		assert_true((fcntl(fd[i], F_GETFD) & FD_CLOEXEC) != 0);
		assert_true((fcntl(fd[i], F_GETFL) & O_NONBLOCK) != 0);
	}
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(a_frame_arrives_as_it_was_sent),
		WITH_PAIR(two_frames_stay_two),
		WITH_PAIR(the_last_words_of_a_peer_that_read_nothing_arrive),
		WITH_PAIR(a_malformed_frame_is_bad),
		WITH_PAIR(a_frame_longer_than_any_of_ours_is_bad),
		WITH_PAIR(a_bad_field_is_bad),
		WITH_PAIR(a_table_that_lies_about_a_length_is_bad),
		WITH_PAIR(a_descriptor_in_a_frame_is_bad_and_not_taken),
		WITH_PAIR(a_peer_that_has_gone_is_closed_in_both_directions),
		WITH_PAIR(a_peer_that_does_not_read_never_blocks_the_sender),
		WITH_PAIR(a_pair_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

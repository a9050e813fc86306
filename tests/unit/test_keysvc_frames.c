/* Every frame of the key service arrives as it was sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "keysvc/frames.h"
#include "keysvc/limits.h"

static const struct frame_type *const tables[] = {frames_to_signer, frames_from_signer,
						  frames_to_net,    frames_from_net,
						  frames_to_main,   frames_to_admin};

/* Sent, received, sent again: both times the same bytes. */
static void
each_frame_survives_the_way(void **state)
{
	union frame_message first, second;
	uint8_t one[MAX_FRAME], two[MAX_FRAME];
	int fd[2];

	(void)state;
	assert_int_equal(frame_pair(fd), 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct frame_type *t = tables[i]; t->type != 0; t++) {
			ssize_t n;

			memset(&first, 0, sizeof(first));
			memset(&first, 1, 1); /* a text or a number: both may hold it */
			assert_int_equal(frames_send(fd[0], tables[i], t->type, &first), FRAME_OK);
			n = recv(fd[1], one, sizeof(one), MSG_PEEK);
			assert_int_equal(n, FRAME_HEADER + t->length);
			assert_int_equal(frames_recv(fd[1], tables[i], &second), t->type);
			assert_int_equal(frames_send(fd[0], tables[i], t->type, &second), FRAME_OK);
			assert_int_equal(recv(fd[1], two, sizeof(two), 0), n);
			assert_memory_equal(one, two, (size_t)n);
		}
	}
	close(fd[0]);
	close(fd[1]);
}

static void
a_frame_of_another_direction_is_refused(void **state)
{
	union frame_message m;
	int fd[2];

	(void)state;
	memset(&m, 0, sizeof(m));
	assert_int_equal(frame_pair(fd), 0);
	assert_int_equal(frames_send(fd[0], frames_to_signer, FRAME_NET_ASK, &m), FRAME_BAD);
	assert_int_equal(frames_send(fd[0], frames_from_net, FRAME_NET_ASK, &m), FRAME_OK);
	assert_int_equal(frames_recv(fd[1], frames_from_signer, &m), FRAME_BAD);
	assert_int_equal(frames_recv(fd[1], frames_from_signer, &m), FRAME_EMPTY);
	close(fd[0]);
	assert_int_equal(frames_recv(fd[1], frames_from_signer, &m), FRAME_CLOSED);
	close(fd[1]);
}

/* What the signer may be owed at once fits in its socket, so that it never has to wait for main. */
static void
as_many_answers_as_calls_may_be_open_fit_in_the_socket(void **state)
{
	struct sign_answer a = {0};
	int fd[2];

	(void)state;
	assert_int_equal(frame_pair(fd), 0);
	for (int i = 0; i < MAX_PENDING; i++) {
		assert_int_equal(frames_send(fd[0], frames_from_signer, FRAME_SIGN_ANSWER, &a), FRAME_OK);
	}
	close(fd[0]);
	close(fd[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_frame_survives_the_way),
		cmocka_unit_test(a_frame_of_another_direction_is_refused),
		cmocka_unit_test(as_many_answers_as_calls_may_be_open_fit_in_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

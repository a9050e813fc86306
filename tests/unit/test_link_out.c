/* What waits for the guard (agent/link/link_out.h), and codes as sentences (link_words.h). */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <mosquitto.h>

#include "agent/link/link_out.h"
#include "agent/link/link_words.h"

static int
put(struct link_out *q, enum op op, uint32_t n)
{
	return link_out_put(q, &(struct command){.op = (uint8_t)op, .n = n});
}

static void
expect(struct link_out *q, enum op op, uint32_t n)
{
	const struct command *c = link_out_next(q);

	assert_non_null(c);
	assert_int_equal(c->op, op);
	assert_int_equal(c->n, n);
	link_out_drop(q);
}

static void
commands_leave_in_the_order_they_came(void **state)
{
	struct link_out q = {0};

	(void)state;
	/* Twice round the ring. */
	for (uint32_t n = 0; n < 2 * MAX_LINK_OUT; n += 2) {
		assert_int_equal(put(&q, OP_LEVEL, n), 0);
		assert_int_equal(put(&q, OP_ALIVE, n + 1), 0);
		expect(&q, OP_LEVEL, n);
		expect(&q, OP_ALIVE, n + 1);
	}
	assert_null(link_out_next(&q));
}

static void
a_full_queue_drops_the_newest_but_never_a_stop(void **state)
{
	struct link_out q = {0};

	(void)state;
	for (uint32_t n = 0; n < MAX_LINK_OUT; n++) {
		assert_int_equal(put(&q, OP_LEVEL, n), 0);
	}
	assert_int_equal(put(&q, OP_LEVEL, 999), -1);
	expect(&q, OP_LEVEL, 0);
	assert_int_equal(put(&q, OP_LEVEL, 1000), 0);
	assert_int_equal(put(&q, OP_STOP, 0), 0);
	expect(&q, OP_STOP, 0);
	assert_null(link_out_next(&q));
}

static void
a_stop_overtakes_and_nothing_asked_before_it_follows_it(void **state)
{
	struct link_out q = {0};

	(void)state;
	put(&q, OP_LEVEL, 1);
	put(&q, OP_LEVEL, 2);
	put(&q, OP_STOP, 0);
	put(&q, OP_LEVEL, 3);
	expect(&q, OP_STOP, 0);
	expect(&q, OP_LEVEL, 3);
	assert_null(link_out_next(&q));
}

static void
many_stops_become_one(void **state)
{
	struct link_out q = {0};

	(void)state;
	for (int i = 0; i < 3 * MAX_LINK_OUT; i++) {
		assert_int_equal(put(&q, OP_STOP, 0), 0);
	}
	expect(&q, OP_STOP, 0);
	assert_null(link_out_next(&q));
	link_out_drop(&q);
	assert_null(link_out_next(&q));
}

/* A sentence: fits the frame, begins with a capital, ends as one, and shows no number: no code, no
 * address, no id. */
static void
check_sentence(const char *text)
{
	size_t len = strlen(text);

	assert_in_range(len, 10, sizeof(((struct link_status *)0)->why) - 1);
	assert_true(isupper((unsigned char)text[0]));
	assert_non_null(strchr(".?)", text[len - 1]));
	text = strncmp(text, "The server does not speak MQTT 5", 32) == 0 ? "" : text;
	assert_null(strpbrk(text, "0123456789"));
}

static void
every_code_becomes_a_sentence_without_numbers(void **state)
{
	(void)state;
	for (int code = 0; code < 300; code++) {
		struct link_words w[] = {
			link_words_connack(JOB_ISSUE, code),
			link_words_connack(JOB_AGENT, code),
			link_words_disconnect(code),
			link_words_connect(code, ECONNREFUSED),
			link_words_connect(MOSQ_ERR_ERRNO, code),
		};

		for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++) {
			assert_true(w[i].phase == LINK_REFUSED || w[i].phase == LINK_LOST);
			check_sentence(w[i].text);
		}
	}
}

static void
a_refused_token_is_refused_and_a_busy_server_is_tried_again(void **state)
{
	(void)state;
	assert_int_equal(link_words_connack(JOB_AGENT, 135).phase, LINK_REFUSED);
	assert_int_equal(link_words_connack(JOB_AGENT, 134).phase, LINK_REFUSED);
	assert_int_equal(link_words_connack(JOB_AGENT, 128).phase, LINK_LOST);
	assert_int_equal(link_words_connack(JOB_AGENT, 137).phase, LINK_LOST);
	assert_true(link_words_connack(JOB_AGENT, 137).retry > 0);
	assert_int_equal(link_words_disconnect(152).phase, LINK_REFUSED);
	assert_int_equal(link_words_disconnect(139).phase, LINK_LOST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_leave_in_the_order_they_came),
		cmocka_unit_test(a_full_queue_drops_the_newest_but_never_a_stop),
		cmocka_unit_test(a_stop_overtakes_and_nothing_asked_before_it_follows_it),
		cmocka_unit_test(many_stops_become_one),
		cmocka_unit_test(every_code_becomes_a_sentence_without_numbers),
		cmocka_unit_test(a_refused_token_is_refused_and_a_busy_server_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

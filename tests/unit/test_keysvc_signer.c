/* The signer, asked directly by one who may ask anything that a frame can say. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/encode.h"
#include "common/spawn.h"
#include "keysvc/frames.h"
#include "keysvc/layout.h"
#include "keysvc/signer.h"

#define ANSWER_MS 5000

static struct {
	char folder[32], kid[KID_TEXT + 1];
	pid_t pid;
	int fd;
	EVP_PKEY *public;
} signer;

static int
receive(union frame_message *m)
{
	struct pollfd p = {.fd = signer.fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
	return frames_recv(signer.fd, frames_from_signer, m);
}

/* Secrets in a folder of their own, and a signer on them in a child. */
static int
start(void **state)
{
	char path[64];
	union frame_message m;
	int pair[2];

	(void)state;
	strcpy(signer.folder, "/tmp/tether-unit-XXXXXX");
	assert_non_null(mkdtemp(signer.folder));
	assert_int_equal(chdir(signer.folder), 0);
	assert_int_equal(layout_init(), 2);
	assert_int_equal(frame_pair(pair), 0);
	signer.pid = fork();
	if (signer.pid == 0) {
		if (pair[1] != CHILD_FD && dup2(pair[1], CHILD_FD) < 0) {
			_exit(99);
		}
		close(pair[0] != CHILD_FD ? pair[0] : pair[1]);
		_exit(signer_run());
	}
	close(pair[1]);
	signer.fd = pair[0];
	assert_int_equal(receive(&m), FRAME_SIGN_READY);
	memcpy(signer.kid, m.ready.kid, sizeof(signer.kid));
	snprintf(path, sizeof(path), "%s/%s.pem", PATH_PUBLIC, signer.kid);
	signer.public = layout_public_key(path);
	assert_non_null(signer.public);
	return 0;
}

static int
stop(void **state)
{
	char command[64];

	(void)state;
	if (signer.pid > 0) {
		close(signer.fd);
		kill(signer.pid, SIGKILL);
		waitpid(signer.pid, NULL, 0);
	}
	EVP_PKEY_free(signer.public);
	snprintf(command, sizeof(command), "rm -r %s", signer.folder);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static struct sign_answer
ask(uint8_t type, const void *question)
{
	union frame_message m;

	assert_int_equal(frames_send(signer.fd, frames_to_signer, type, question), FRAME_OK);
	assert_int_equal(receive(&m), FRAME_SIGN_ANSWER);
	return m.signed_;
}

static EVP_PKEY *
find_key(void *context, const char *kid)
{
	(void)context;
	return strcmp(kid, signer.kid) == 0 ? signer.public : NULL;
}

static struct token
verified(const struct sign_answer *a)
{
	struct token t;

	assert_int_equal(token_verify(&t, a->token, strlen(a->token), clock_unix(), find_key, NULL),
			 TOKEN_OK);
	assert_string_equal(t.client, a->client);
	assert_int_equal(t.exp, a->expiry);
	return t;
}

static struct sign_answer
issue(void)
{
	const struct sign_issue question = {.tag = 5, .agent = {1}, .link = {2}};

	return ask(FRAME_SIGN_ISSUE, &question);
}

static void
an_issued_key_is_redeemed_for_the_same_session_and_end(void **state)
{
	struct sign_answer issued = issue(), redeemed;
	struct sign_redeem question = {.tag = 6};
	struct token agent = verified(&issued), partner;

	(void)state;
	assert_int_equal(issued.tag, 5);
	assert_int_equal(agent.role, ROLE_AGENT);
	assert_int_equal(issued.expiry - issued.issued, MAX_LIFE);
	assert_int_equal(key_parse(&question.key, issued.key, KEY_TEXT), 0);
	assert_int_equal(question.key.expiry, issued.expiry);
	redeemed = ask(FRAME_SIGN_REDEEM, &question);
	assert_int_equal(redeemed.tag, 6);
	assert_int_equal(redeemed.why, REFUSED_NOT);
	partner = verified(&redeemed);
	assert_int_equal(partner.role, ROLE_PARTNER);
	assert_memory_equal(partner.sid, agent.sid, SID_LEN);
	assert_int_equal(redeemed.expiry, issued.expiry);
	assert_string_not_equal(redeemed.client, issued.client);
}

static void
every_changed_bit_of_a_key_is_forgery(void **state)
{
	struct sign_answer issued = issue(), a;
	struct sign_redeem question = {.tag = 1};
	uint8_t bytes[KEY_BYTES];
	char text[KEY_TEXT + 1];

	(void)state;
	assert_int_equal(b64_decode(bytes, KEY_BYTES, issued.key, KEY_TEXT), 0);
	for (size_t bit = 0; bit < 8 * KEY_BYTES; bit++) {
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
		b64_encode(text, bytes, KEY_BYTES);
		assert_int_equal(key_parse(&question.key, text, KEY_TEXT), 0);
		a = ask(FRAME_SIGN_REDEEM, &question);
		assert_int_equal(a.why, REFUSED_FORGED);
		assert_string_equal(a.token, "");
		bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1 << bit % 8);
	}
}

static void
only_services_get_a_token_for_the_asking(void **state)
{
	(void)state;
	for (unsigned role = 0; role < 256; role++) {
		const struct sign_service question = {.tag = role,
						      .role = (uint8_t)role,
						      .life = MAX_LIFE};
		struct sign_answer a = ask(FRAME_SIGN_SERVICE, &question);

		if (role == ROLE_GW || role == ROLE_KEYSVC) {
			assert_int_equal(verified(&a).role, role);
			assert_int_equal(a.expiry - a.issued, MAX_LIFE);
		} else {
			assert_int_equal(a.why, REFUSED_ROLE);
			assert_string_equal(a.token, "");
		}
	}
}

static void
a_service_may_ask_for_less_than_four_hours_but_not_for_more(void **state)
{
	static const struct {
		uint32_t asked, given;
	} rows[] = {{10, 10}, {MAX_LIFE, MAX_LIFE}, {MAX_LIFE + 1, MAX_LIFE}, {UINT32_MAX, MAX_LIFE}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sign_service question = {.role = ROLE_GW, .life = rows[i].asked};
		struct sign_answer a = ask(FRAME_SIGN_SERVICE, &question);

		assert_int_equal(a.expiry - a.issued, rows[i].given);
		(void)verified(&a);
	}
}

static void
a_frame_of_any_other_type_or_length_ends_it(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 64; type++) {
		uint8_t frame[4 + 80] = {FRAME_VERSION, (uint8_t)type, 0, 80};
		int status;

		start(state);
		assert_int_equal(send(signer.fd, frame, sizeof(frame), 0), sizeof(frame));
		assert_int_equal(waitpid(signer.pid, &status, 0), signer.pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		signer.pid = 0;
		close(signer.fd);
		stop(state);
	}
}

static void
a_key_of_another_secret_is_forged(void **state)
{
	const uint8_t secret[KEY_SECRET] = {0};
	struct sign_redeem question = {.key = {.expiry = (uint32_t)clock_unix() + 60}};

	(void)state;
	assert_int_equal(key_sign(&question.key, secret), 0);
	assert_int_equal(ask(FRAME_SIGN_REDEEM, &question).why, REFUSED_FORGED);
}

static void
a_frame_that_is_none_of_the_three_calls_ends_it(void **state)
{
	static const uint8_t strange[] = {FRAME_VERSION, FRAME_NET_SETUP, 0, 0};
	int status;

	(void)state;
	assert_int_equal(send(signer.fd, strange, sizeof(strange), 0), sizeof(strange));
	assert_int_equal(waitpid(signer.pid, &status, 0), signer.pid);
	signer.pid = 0;
	close(signer.fd);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void
it_is_sealed_before_it_says_that_it_is_ready(void **state)
{
	char path[64], line[128];
	bool sealed = false;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)signer.pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		sealed = sealed || strcmp(line, "Seccomp:\t2\n") == 0;
	}
	fclose(f);
	assert_true(sealed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_issued_key_is_redeemed_for_the_same_session_and_end,
						start, stop),
		cmocka_unit_test_setup_teardown(every_changed_bit_of_a_key_is_forgery, start, stop),
		cmocka_unit_test_setup_teardown(only_services_get_a_token_for_the_asking, start, stop),
		cmocka_unit_test_setup_teardown(a_service_may_ask_for_less_than_four_hours_but_not_for_more,
						start, stop),
		cmocka_unit_test(a_frame_of_any_other_type_or_length_ends_it),
		cmocka_unit_test_setup_teardown(a_key_of_another_secret_is_forged, start, stop),
		cmocka_unit_test_setup_teardown(a_frame_that_is_none_of_the_three_calls_ends_it, start,
						stop),
		cmocka_unit_test_setup_teardown(it_is_sealed_before_it_says_that_it_is_ready, start,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Children that seal themselves (sealed.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tests/unit/sealed.h"

struct held held;

int
status_of(unsigned kinds, try_fn *fn)
{
	pid_t pid = fork();
	const char *why = NULL;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_seal(kinds, &why) != 0) {
			_exit(NOT_SEALED);
		}
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

void
all_die(const struct attempt *a)
{
	for (; a->what != NULL; a++) {
		int status = status_of(a->kinds, a->fn);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
			fail_msg("not killed (wait status %#x): %s", status, a->what);
		}
	}
}

void
all_work(const struct attempt *a)
{
	for (; a->what != NULL; a++) {
		int status = status_of(a->kinds, a->fn);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			fail_msg("wait status %#x: %s", status, a->what);
		}
	}
}

int
sealed_begin(void **state)
{
	const struct sockaddr_in any = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN};

	(void)state;
	/* OpenSSL reads its configuration file at the first use, which must come before a seal. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) {
		return -1;
	}
	held.key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	held.pty[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (held.key == NULL || held.pty[0] < 0 || grantpt(held.pty[0]) != 0 ||
	    unlockpt(held.pty[0]) != 0) {
		return -1;
	}
	held.pty[1] = open(ptsname(held.pty[0]), O_RDWR | O_NOCTTY);
	held.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	held.file = open("/dev/null", O_WRONLY);
	held.epoll = epoll_create1(0);
	if (held.pty[1] < 0 || held.file < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, held.pair) != 0 ||
	    bind(held.listener, (const struct sockaddr *)&any, sizeof(any)) != 0 ||
	    listen(held.listener, 1) != 0) {
		return -1;
	}
	return epoll_ctl(held.epoll, EPOLL_CTL_ADD, held.pair[1], &event);
}

int
sealed_finish(void **state)
{
	const int fds[] = {held.pair[0],  held.pair[1], held.pty[0], held.pty[1],
			   held.listener, held.epoll,	held.file};

	(void)state;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		(void)close(fds[i]);
	}
	EVP_PKEY_free(held.key);
	return 0;
}

/*
 * A TCP connection to the server (reach.h).
 */
#include "agent/setup/reach.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REACHED, NO_NAME, REFUSED, NO_ROUTE, LATE, OUTCOMES };

static int
outcome_of(int error)
{
	return error == ECONNREFUSED ? REFUSED : error == ETIMEDOUT ? LATE : NO_ROUTE;
}

static int
try_all(const char *host, uint16_t port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char service[8];
	int outcome = NO_ROUTE;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &list) != 0) {
		return NO_NAME;
	}
	for (const struct addrinfo *a = list; a != NULL && outcome != REACHED; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

		outcome = fd < 0					? NO_ROUTE
			  : connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? REACHED
									: outcome_of(errno);
		if (fd >= 0) {
			close(fd);
		}
	}
	freeaddrinfo(list);
	return outcome;
}

int
reach_start(const char *host, uint16_t port, int *pidfd)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(try_all(host, port));
	}
	*pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0U) : -1;
	return (int)pid;
}

const char *
reach_end(int pid, int pidfd, int late)
{
	static const char *const words[OUTCOMES] = {
		[NO_NAME] = "its name is not known here",
		[REFUSED] = "nothing answers at that port",
		[NO_ROUTE] = "there is no way to it from here",
		[LATE] = "it did not answer in 3 seconds",
	};
	int status = 0;

	if (late) {
		kill(pid, SIGKILL);
	}
	(void)waitpid(pid, &status, 0);
	if (pidfd >= 0) {
		close(pidfd);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) >= OUTCOMES) {
		return words[LATE];
	}
	return words[WEXITSTATUS(status)];
}

/*
 * A stand-in for logind on a bus of the test's own: gives out locks, announces sleep, and says when
 * each lock is let go of.
 *
 *   logind_standin ADDRESS DELAY_US    InhibitDelayMaxUSec
 *
 * Standard input: sleep | wake | refuse | grant. Standard output, with CLOCK_MONOTONIC in ms as the
 * simulated box's log has it: `MS inhibit WHAT MODE`, `MS released`. Input is the test's and trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#define SERVICE "org.freedesktop.login1"
#define OBJECT "/org/freedesktop/login1"
#define INTERFACE "org.freedesktop.login1.Manager"

struct standin {
	sd_bus *bus;
	uint64_t delay_us;
	int lock; /* our end of the one lock that is out, -1 none */
	bool sleeping, refusing;
};

static void
stamp(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("%lld.%03ld ", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000,
	       t.tv_nsec / 1000 % 1000);
}

static int
inhibit(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct standin *s = context;
	const char *what, *who, *why, *mode;
	int pair[2], rc;

	rc = sd_bus_message_read(m, "ssss", &what, &who, &why, &mode);
	if (rc < 0) {
		return rc;
	}
	if (s->refusing) {
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "refused by the test");
	}
	if (s->sleeping || s->lock >= 0) {
		return sd_bus_error_set(error, SERVICE ".OperationInProgress", "busy");
	}
	if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	stamp();
	printf("inhibit %s %s\n", what, mode);
	s->lock = pair[0];
	rc = sd_bus_reply_method_return(m, "h", pair[1]);
	close(pair[1]);
	return rc;
}

static const sd_bus_vtable table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Inhibit", "ssss", "h", inhibit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("InhibitDelayMaxUSec", "t", NULL, offsetof(struct standin, delay_us), 0),
	SD_BUS_SIGNAL("PrepareForSleep", "b", 0),
	SD_BUS_VTABLE_END,
};

static void
obey(struct standin *s, const char *line)
{
	if (strcmp(line, "sleep\n") == 0 || strcmp(line, "wake\n") == 0) {
		s->sleeping = line[0] == 's';
		(void)sd_bus_emit_signal(s->bus, OBJECT, INTERFACE, "PrepareForSleep", "b",
					 (int)s->sleeping);
	} else if (strcmp(line, "refuse\n") == 0 || strcmp(line, "grant\n") == 0) {
		s->refusing = line[0] == 'r';
	} else {
		fprintf(stderr, "logind_standin: not understood: %s", line);
		exit(2);
	}
}

/* One line at a time, or the stream would keep a second one where poll() can't see it. */
static bool
read_line(char *line, size_t size)
{
	size_t n = 0;

	while (n < size - 1 && read(STDIN_FILENO, &line[n], 1) == 1) {
		if (line[n++] == '\n') {
			break;
		}
	}
	line[n] = '\0';
	return n > 0;
}

static void
serve(struct standin *s)
{
	char line[32];

	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
				       {sd_bus_get_fd(s->bus), POLLIN, 0},
				       {s->lock, POLLIN, 0}};

		while (sd_bus_process(s->bus, NULL) > 0) {
		}
		fds[2].fd = s->lock;
		(void)sd_bus_flush(s->bus);
		(void)poll(fds, 3, -1);
		if (fds[2].revents != 0) {
			stamp();
			puts("released");
			close(s->lock);
			s->lock = -1;
		}
		if (fds[0].revents != 0) {
			if (!read_line(line, sizeof(line))) {
				return;
			}
			obey(s, line);
		}
	}
}

int
main(int argc, char *argv[])
{
	struct standin s = {.lock = -1};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3) {
		fputs("usage: logind_standin ADDRESS DELAY_US\n", stderr);
		return 2;
	}
	s.delay_us = strtoull(argv[2], NULL, 10);
	if (sd_bus_new(&s.bus) < 0 || sd_bus_set_address(s.bus, argv[1]) < 0 ||
	    sd_bus_set_bus_client(s.bus, 1) < 0 || sd_bus_start(s.bus) < 0 ||
	    sd_bus_add_object_vtable(s.bus, NULL, OBJECT, INTERFACE, table, &s) < 0 ||
	    sd_bus_request_name(s.bus, SERVICE, 0) < 0) {
		fputs("logind_standin: no bus\n", stderr);
		return 1;
	}
	puts("ready");
	serve(&s);
	sd_bus_unref(s.bus);
	return 0;
}

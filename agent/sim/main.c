/*
 * tether-box: a simulated 2B on a pseudo terminal, for tests and for trying Tether without a box.
 * One process, one thread. Input: bytes of whoever opens the port, lines on standard input.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/sim/hand.h"
#include "agent/sim/trace.h"

#define NS 1000000000ull
#define SPEED 9600

struct options {
	const char *link, *log;
	const struct sim_firmware *firmware;
	unsigned speed;
};

struct program {
	struct sim_box box;
	struct sim_trace trace;
	int signals, input; /* input -1: ended */
	char line[SIM_HAND_LINE];
	size_t line_len;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

static void
usage(FILE *out)
{
	const struct sim_firmware *f;

	fprintf(out,
		"usage: tether-box --link PATH [--firmware VERSION] [--log FILE] [--speed BAUD]\n"
		"versions:");
	for (size_t i = 0; (f = sim_firmware_at(i)) != NULL; i++) {
		fprintf(out, " %s", f->version);
	}
	fprintf(out, "\n");
}

static int
read_speed(const char *text, unsigned *speed)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end != '\0' || value < 300 || value > 1000000) {
		fprintf(stderr, "tether-box: --speed takes 300 to 1000000 baud, not \"%s\"\n",
			text);
		return -1;
	}
	*speed = (unsigned)value;
	return 0;
}

static int
read_option(struct options *o, int option)
{
	switch (option) {
	case 'l':
		o->link = optarg;
		return 0;
	case 'f':
		o->firmware = sim_firmware_find(optarg);
		if (o->firmware == NULL) {
			fprintf(stderr, "tether-box: no firmware \"%s\" is known here\n", optarg);
		}
		return o->firmware != NULL ? 0 : -1;
	case 'o':
		o->log = optarg;
		return 0;
	case 's':
		return read_speed(optarg, &o->speed);
	case 'h':
		usage(stdout);
		exit(0);
	default:
		return -1;
	}
}

static int
read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"link", required_argument, NULL, 'l'}, {"firmware", required_argument, NULL, 'f'},
		{"log", required_argument, NULL, 'o'},	{"speed", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},	{NULL, 0, NULL, 0},
	};
	int option;

	*o = (struct options){.firmware = sim_firmware_find("2.106"), .speed = SPEED};
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (read_option(o, option) != 0) {
			return -1;
		}
	}
	if (o->link == NULL || optind != argc) {
		fprintf(stderr, "tether-box: --link PATH is needed, and nothing but options\n");
		return -1;
	}
	return 0;
}

static void
on_command(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct program *p = context;

	sim_trace_bytes(&p->trace, at, "in", bytes, len);
	sim_trace_state(&p->trace, at, &p->box.model);
}

static void
on_lost(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct program *p = context;

	sim_trace_bytes(&p->trace, at, "lost", bytes, len);
}

static void
on_send(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct program *p = context;

	(void)at;
	sim_port_write(&p->box.port, bytes, len);
}

static void
on_answered(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct program *p = context;

	sim_trace_bytes(&p->trace, at, "out", bytes, len);
}

static const struct sim_events events = {on_command, on_lost, on_send, on_answered};

static void
obey_line(struct program *p)
{
	char why[640];
	uint64_t now = now_ns();

	p->line[p->line_len] = '\0';
	p->line_len = 0;
	sim_trace_text(&p->trace, now, "hand", p->line);
	if (sim_hand(&p->box, p->line, now, why, sizeof(why)) != 0) {
		fprintf(stderr, "tether-box: %s\n", why);
	}
	sim_trace_state(&p->trace, now, &p->box.model);
}

static void
read_input(struct program *p)
{
	char bytes[256];
	ssize_t n = read(p->input, bytes, sizeof(bytes));

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
		p->input = -1; /* the box goes on without a hand */
	}
	for (ssize_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			obey_line(p);
		} else if (p->line_len < sizeof(p->line) - 1) {
			p->line[p->line_len++] = bytes[i];
		}
	}
}

static void
read_port(struct program *p, uint64_t now)
{
	char bytes[SIM_LINE];
	size_t room = SIM_LINE - p->box.serial.line_count;
	size_t n = sim_port_read(&p->box.port, bytes, room);

	(void)sim_serial_hear(&p->box.serial, bytes, n, now);
}

static int
wait_for(struct program *p, struct pollfd fds[3])
{
	uint64_t next = sim_serial_next(&p->box.serial), now = now_ns();
	uint64_t ns = next > now ? next - now : 0;
	struct timespec t = {(time_t)(ns / NS), (long)(ns % NS)};
	bool room = p->box.serial.line_count < SIM_LINE;

	fds[0] = (struct pollfd){p->signals, POLLIN, 0};
	fds[1] = (struct pollfd){p->input, POLLIN, 0};
	fds[2] = (struct pollfd){room ? p->box.port.master : -1, POLLIN, 0};
	return ppoll(fds, 3, next == SIM_NEVER ? NULL : &t, NULL);
}

static int
run(struct program *p)
{
	struct pollfd fds[3];

	for (;;) {
		if (wait_for(p, fds) < 0 && errno != EINTR) {
			perror("tether-box: ppoll");
			return 1;
		}
		if (fds[0].revents != 0) {
			return 0;
		}
		sim_serial_run(&p->box.serial, now_ns());
		if (fds[2].revents != 0) {
			read_port(p, now_ns());
		}
		if (fds[1].revents != 0) {
			read_input(p);
		}
	}
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct program p = {.input = STDIN_FILENO};
	int status = 1;

	if (read_options(&o, argc, argv) != 0) {
		usage(stderr);
		return 2;
	}
	p.signals = open_signals();
	p.box.link = o.link;
	sim_model_init(&p.box.model, o.firmware);
	sim_serial_init(&p.box.serial, &p.box.model, o.speed, &events, &p);
	if (sim_trace_open(&p.trace, o.log, &p.box.model) != 0) {
		fprintf(stderr, "tether-box: can't write the log %s: %s\n", o.log, strerror(errno));
	} else if (sim_port_open(&p.box.port, o.link) != 0) {
		fprintf(stderr, "tether-box: can't make %s: %s\n", o.link, strerror(errno));
	} else {
		sim_trace_text(&p.trace, now_ns(), "ready", o.link);
		printf("ready %s\n", o.link);
		fflush(stdout);
		status = run(&p);
		sim_port_close(&p.box.port);
	}
	sim_trace_close(&p.trace);
	return status;
}

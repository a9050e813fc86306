/*
 * A stand-in for the guard in tests: starts the real box process as its child, heartbeats it, and
 * speaks frames with it. Orders come as lines on standard input, reports go as lines to standard
 * output. The end of standard input closes the box's socket.
 *
 *   box_parent PORT [USB-SERIAL]
 *   order ACT VALUE [VALIDITY-MS]   ACT: a number of enum box_act; validity 1000 unless told
 *   hush | beat    stop the heartbeats, and begin again (they run from the start)
 *   deaf | hear    stop reading reports, and begin again
 *   raw HEX        one datagram as it is
 *   quit           close the box's socket
 *
 * Input is the test's and trusted.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/box/box.h"
#include "agent/box/exchange.h"
#include "agent/frames.h"
#include "common/clock.h"
#include "common/encode.h"
#include "common/spawn.h"

#define BEAT_NS (250 * NS_MS)

struct parent {
	int box; /* -1: closed */
	pid_t pid;
	uint32_t seq;
	bool hushed, deaf;
	uint64_t beat_at;
};

static void
send_order(struct parent *p, uint8_t act, uint8_t value, unsigned validity_ms)
{
	struct box_order o = {.seq = ++p->seq, .act = act, .value = value};

	o.valid_until = clock_ns() + validity_ms * NS_MS;
	(void)frames_send(p->box, frames_to_box, FRAME_BOX_ORDER, &o);
	if (act != ACT_HEARTBEAT) {
		printf("ordered seq=%u act=%u value=%u\n", o.seq, act, value);
	}
}

static void
say_report(const struct box_report *r)
{
	printf("report seq=%u done=%u port=%s zero=%d a=%u b=%u c=%u d=%u mode=%u power=%u "
	       "fields=%u modes=%u replies=%u faults=%u percent=%u version=%s\n",
	       r->seq, r->done, box_port_name(r->port), r->zero, r->a, r->b, r->c, r->d, r->mode,
	       r->power, r->fields, r->modes, r->replies, r->faults, r->percent, r->version);
}

static void
say_element(const struct box_element *e)
{
	char hex[HEX_LEN(ELEMENT_LEN) + 1];

	hex_encode(hex, e->bytes, ELEMENT_LEN);
	printf("element polls=%u bytes=%s\n", e->polls, hex);
}

/* False when the box has closed its end. */
static bool
hear_box(struct parent *p)
{
	struct box_report report;
	struct box_element element;
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	int rc = frame_recv(p->box, frames_from_box, &type, buf);

	if (rc != FRAME_OK) {
		return rc == FRAME_EMPTY;
	}
	if (type->type == FRAME_BOX_REPORT && frame_decode(type, buf, &report) == FRAME_OK) {
		say_report(&report);
	} else if (type->type == FRAME_BOX_ELEMENT &&
		   frame_decode(type, buf, &element) == FRAME_OK) {
		say_element(&element);
	} else {
		printf("bad frame\n");
	}
	return true;
}

static void
quit(struct parent *p)
{
	close(p->box);
	p->box = -1;
}

static void
send_raw(struct parent *p, const char *hex)
{
	uint8_t bytes[64];
	size_t n = strlen(hex) / 2;

	if (n <= sizeof(bytes) && hex_decode(bytes, n, hex, 2 * n) == 0) {
		(void)send(p->box, bytes, n, MSG_NOSIGNAL);
	}
}

static void
obey(struct parent *p, const char *line)
{
	unsigned act, value, validity = 1000;

	if (sscanf(line, "order %u %u %u", &act, &value, &validity) >= 2) {
		send_order(p, (uint8_t)act, (uint8_t)value, validity);
	} else if (strcmp(line, "hush") == 0 || strcmp(line, "beat") == 0) {
		p->hushed = line[0] == 'h';
	} else if (strcmp(line, "deaf") == 0 || strcmp(line, "hear") == 0) {
		p->deaf = line[0] == 'd';
	} else if (strncmp(line, "raw ", 4) == 0) {
		send_raw(p, line + 4);
	} else if (strcmp(line, "quit") == 0) {
		quit(p);
	} else {
		printf("bad order\n");
	}
}

static void
read_orders(struct parent *p)
{
	static char buf[1024];
	static size_t have;
	char *end;
	ssize_t n = read(STDIN_FILENO, buf + have, sizeof(buf) - 1 - have);

	if (n <= 0) {
		quit(p);
		return;
	}
	have += (size_t)n;
	buf[have] = '\0';
	while (p->box >= 0 && (end = strchr(buf, '\n')) != NULL) {
		*end = '\0';
		obey(p, buf);
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have + 1);
	}
}

static void
say_exit(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		printf("exit signal=%d\n", WTERMSIG(status));
	} else {
		printf("exit code=%d\n", WEXITSTATUS(status));
	}
}

static int
begin(struct parent *p, char **argv)
{
	const char *child[] = {"box-child", "--child", "box", argv[1], argv[2], NULL};
	int pair[2], pidfd;

	if (frame_pair(pair) != 0) {
		return -1;
	}
	p->box = pair[0];
	p->pid = spawn_child(child, pair[1], SPAWN_SESSION, &pidfd);
	close(pair[1]);
	printf("box pid=%d\n", (int)p->pid);
	return p->pid < 0 ? -1 : 0;
}

static void
turn(struct parent *p)
{
	struct pollfd f[2] = {{STDIN_FILENO, POLLIN, 0}, {p->deaf ? -1 : p->box, POLLIN, 0}};

	if (!p->hushed && clock_ns() >= p->beat_at) {
		p->beat_at = clock_ns() + BEAT_NS;
		send_order(p, ACT_HEARTBEAT, 0, 1000);
	}
	(void)poll(f, 2, 20);
	if (f[1].revents != 0 && !hear_box(p)) {
		quit(p);
		return;
	}
	if (f[0].revents != 0) {
		read_orders(p);
	}
}

int
main(int argc, char **argv)
{
	struct parent p = {.box = -1};

	if (argc >= 4 && strcmp(argv[1], "--child") == 0) {
		return box_main(argv[3], argc > 4 ? argv[4] : NULL);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2 || begin(&p, argv) != 0) {
		return 1;
	}
	while (p.box >= 0) {
		turn(&p);
	}
	say_exit(p.pid);
	return 0;
}

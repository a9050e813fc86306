/*
 * A stand-in for the guard in tests: runs the real link process as its child and speaks frames with
 * it. Orders come as lines on standard input, what the link says goes as lines to standard output.
 *
 *   setup JOB HOST PORT CA CLIENT SID TOKEN   JOB issue|agent|end, `-` for an empty text
 *   ping | state TEXT | state-size N | raw HEX (one datagram as it is)
 *   hold | go    stop reading what the link says, and begin again
 *   quit         close the link's socket, as does the end of standard input
 *
 * Input is the test's and trusted.
 */
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/frames.h"
#include "agent/link/link.h"
#include "common/encode.h"
#include "common/spawn.h"

struct parent {
	int link; /* -1: closed */
	pid_t pid;
	bool held;
};

static void
say_status(const struct link_status *s)
{
	static const char *const phases[] = {"connecting", "connected", "refused", "lost", "done"};

	printf("status %s refused=%u retry=%u why=%s\n", s->phase < 5 ? phases[s->phase] : "?",
	       s->refused, s->retry, s->why);
}

static void
say_issued(const struct link_issued *i)
{
	char sid[HEX_LEN(SID_LEN) + 1];

	hex_encode(sid, i->sid, SID_LEN);
	printf("issued sid=%s key=%s client=%s token=%s left=%u latest=%s oldest=%s\n", sid, i->key,
	       i->client, i->token, i->left, i->latest, i->oldest);
}

static void
say_command(const struct command *c)
{
	printf("command op=%u channel=%u value=%u n=%u\n", c->op, c->channel, c->value, c->n);
}

/* False when the link has closed its end. */
static bool
hear_link(struct parent *p)
{
	static union {
		struct link_status status;
		struct link_issued issued;
		struct command command;
	} m;
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	int rc = frame_recv(p->link, frames_from_link, &type, buf);

	if (rc != FRAME_OK) {
		return rc == FRAME_EMPTY;
	}
	if (frame_decode(type, buf, &m) != FRAME_OK) {
		printf("bad frame\n");
	} else if (type->type == FRAME_LINK_STATUS) {
		say_status(&m.status);
	} else if (type->type == FRAME_LINK_ISSUED) {
		say_issued(&m.issued);
	} else {
		say_command(&m.command);
	}
	return true;
}

static void
send_setup(struct parent *p, const char *line)
{
	static struct link_setup s;
	static_assert(sizeof(s.token) == 1537 && sizeof(s.host) == 254 && sizeof(s.ca) == 256, "below");
	char job[8], sid[40], *texts[] = {s.host, s.ca, s.client, s.token};
	unsigned port;

	memset(&s, 0, sizeof(s));
	if (sscanf(line, "setup %7s %253s %u %255s %32s %39s %1536s", job, s.host, &port, s.ca,
		   s.client, sid, s.token) != 7) {
		printf("bad order\n");
		return;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i], "-") == 0) {
			memset(texts[i], 0, 2);
		}
	}
	s.job = strcmp(job, "issue") == 0 ? JOB_ISSUE : strcmp(job, "end") == 0 ? JOB_END : JOB_AGENT;
	s.port = (uint16_t)port;
	(void)hex_decode(s.sid, SID_LEN, sid, strlen(sid));
	memset(s.agent_element, 1, sizeof(s.agent_element));
	memset(s.link_element, 2, sizeof(s.link_element));
	(void)frames_send(p->link, frames_to_link, FRAME_LINK_SETUP, &s);
}

static void
send_state(struct parent *p, const char *text, size_t len)
{
	static struct link_state s;

	memset(&s, 0, sizeof(s));
	s.len = (uint16_t)len;
	memcpy(s.bytes, text, len);
	/* Unlike the guard this waits for room: the test counts on every state. */
	while (frames_send(p->link, frames_to_link, FRAME_LINK_STATE, &s) == FRAME_EMPTY) {
		(void)poll(&(struct pollfd){p->link, POLLOUT, 0}, 1, 1000);
	}
}

static void
send_raw(struct parent *p, const char *hex)
{
	uint8_t bytes[64];
	size_t n = strlen(hex) / 2;

	if (n <= sizeof(bytes) && hex_decode(bytes, n, hex, 2 * n) == 0) {
		(void)send(p->link, bytes, n, MSG_NOSIGNAL);
	}
}

static void
quit(struct parent *p)
{
	close(p->link);
	p->link = -1;
}

static void
obey(struct parent *p, const char *line)
{
	static const char filling[MAX_STATE] = {0};

	if (strncmp(line, "setup ", 6) == 0) {
		send_setup(p, line);
	} else if (strcmp(line, "ping") == 0) {
		(void)frames_send(p->link, frames_to_link, FRAME_LINK_PING, &(char){0});
	} else if (strncmp(line, "state-size ", 11) == 0) {
		send_state(p, filling, strtoul(line + 11, NULL, 10) % (MAX_STATE + 1));
	} else if (strncmp(line, "state ", 6) == 0) {
		send_state(p, line + 6, strlen(line + 6));
	} else if (strncmp(line, "raw ", 4) == 0) {
		send_raw(p, line + 4);
	} else if (strcmp(line, "hold") == 0 || strcmp(line, "go") == 0) {
		p->held = line[0] == 'h';
	} else if (strcmp(line, "quit") == 0) {
		quit(p);
	} else {
		printf("bad order\n");
	}
}

/* Obeys each whole line that standard input has. */
static void
read_orders(struct parent *p)
{
	static char buf[8192];
	static size_t have;
	char *end;
	ssize_t n = read(STDIN_FILENO, buf + have, sizeof(buf) - 1 - have);

	if (n <= 0) {
		quit(p);
		return;
	}
	have += (size_t)n;
	buf[have] = '\0';
	while ((end = strchr(buf, '\n')) != NULL) {
		*end = '\0';
		obey(p, buf);
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have + 1);
	}
}

static int
run_link(int sock)
{
	if (sock != CHILD_FD) {
		dup2(sock, CHILD_FD);
		close(sock);
	}
	return link_main();
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

static void
serve(struct parent *p)
{
	while (p->link >= 0) {
		struct pollfd f[2] = {
			{STDIN_FILENO, POLLIN, 0},
			{p->held ? -1 : p->link, POLLIN, 0},
		};

		if (poll(f, 2, -1) < 0) {
			break;
		}
		if (f[1].revents != 0 && !hear_link(p)) {
			break;
		}
		if (f[0].revents != 0) {
			read_orders(p);
		}
	}
}

int
main(void)
{
	struct parent p = {0};
	int pair[2];

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (frame_pair(pair) != 0 || (p.pid = fork()) < 0) {
		return 1;
	}
	if (p.pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		close(pair[0]);
		return run_link(pair[1]);
	}
	close(pair[1]);
	p.link = pair[0];
	printf("link pid=%d\n", (int)p.pid);
	serve(&p);
	say_exit(p.pid);
	return 0;
}

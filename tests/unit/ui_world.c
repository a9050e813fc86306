/*
 * The terminal ui in a world of its own, for memory checkers: no sandbox (they need what it
 * forbids), a pty for its terminal and a script for its guard. Every state is shown at every size
 * with every kind of key. Exits with 0 when the ui ended as it should and a stop came from each
 * screen.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ui/tty.h"
#include "common/clock.h"
#include "common/sandbox.h"

#define QUIET_MS 80	/* the ui has drawn when it has been silent for this long */
#define ANSWER_MS 10000 /* for a slow machine with a checker on it */
#define FLOOD_MS 300	/* a stop is told to the guard within this while it sends all it can */
#define BELLS 3		/* somebody asks, the cable is pulled, the check-in is due */

int
sandbox_seal(unsigned kinds, const char **why)
{
	(void)kinds;
	*why = "";
	return 0;
}

static const struct winsize sizes[] = {
	{.ws_row = 24, .ws_col = 80}, {.ws_row = 40, .ws_col = 100}, {.ws_row = 12, .ws_col = 40},
	{.ws_row = 5, .ws_col = 20},  {.ws_row = 1, .ws_col = 1},    {.ws_row = 200, .ws_col = 300},
};

static const char *const typed[] = {"",
				    "?",
				    "?",
				    "l",
				    "\033",
				    "s",
				    "jjj\033[B\033[C",
				    "7",
				    "\177",
				    "\r",
				    "\033[<0;9;9M",
				    "\033[M !!",
				    "\033[200~qy\033[201~",
				    "Aq\014c"};

static struct ui_view
make_view(unsigned i)
{
	static const uint8_t phases[] = {GUARD_WAITING, GUARD_ASKING, GUARD_LIVE, GUARD_STOPPED,
					 GUARD_FAULT,	GUARD_ENDED,  GUARD_LIVE};
	struct ui_view v = {.phase = phases[i],
			    .why = (uint8_t)(i == 5 ? WHY_EXPIRED : WHY_WEARER),
			    .port = (uint8_t)(i == 4 ? PORT_GONE : PORT_OK),
			    .link = LINK_CONNECTED,
			    .zero = phases[i] != GUARD_LIVE,
			    .latched = i == 3,
			    .join = i == 6,
			    .level = {15, 40},
			    .target = {30, 40},
			    .cap = {{60, 40}, {20, 0}},
			    .percent = 52,
			    .mode = (uint8_t)i,
			    .modes_allowed = 0x1ff,
			    .modes_present = 0x1ffff,
			    .left = 14000,
			    .idle_left = 600,
			    .checkin_left = i == 6 ? 20 : 1800,
			    .live_s = 90,
			    .rtt_ms = 40,
			    .hold_s = 5,
			    .rise_ms = 100,
			    .unsaved = i == 2,
			    .version = "2.119B",
			    .words = "apple river stone"};

	memset(v.note, 'n', sizeof(v.note) - 1);
	memset(v.link_text, 'x', i == 5 ? 0 : i == 6 ? sizeof(v.link_text) - 1 : 110);
	return v;
}

/* What the terminal was sent: bells that were rung, not those that end a text for its clipboard,
 * and whether its mouse was given back. */
static struct {
	unsigned bells;
	bool clipboard, mouse;
	char last[8]; /* newest last */
} heard;

static void
hear(const char *drawn, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++) {
		memmove(heard.last, heard.last + 1, sizeof(heard.last) - 1);
		heard.last[sizeof(heard.last) - 1] = drawn[i];
		if (memcmp(heard.last + 6, "\033]", 2) == 0) {
			heard.clipboard = true;
		} else if (drawn[i] == '\a') {
			heard.bells += heard.clipboard ? 0 : 1;
			heard.clipboard = false;
		} else if (memcmp(heard.last, "\033[?1000", 7) == 0) {
			heard.mouse = drawn[i] == 'h';
		}
	}
}

/* Reads what the ui draws and sends. 1 once a stop came, 0 when it has gone silent, -1 at its end.
 */
static int
listen_to_ui(int terminal, int guard, bool for_stop)
{
	uint64_t until = clock_ms() + (for_stop ? ANSWER_MS : QUIET_MS);
	char drawn[4096];

	while (clock_ms() < until) {
		struct pollfd fds[] = {{terminal, POLLIN, 0}, {guard, POLLIN, 0}};
		const struct frame_type *type;
		uint8_t buf[MAX_FRAME];
		struct ui_input in;
		ssize_t n;

		(void)poll(fds, 2, 10);
		if ((fds[0].revents & POLLIN) != 0 &&
		    (n = read(terminal, drawn, sizeof(drawn))) > 0) {
			hear(drawn, n);
			until = for_stop ? until : clock_ms() + QUIET_MS;
		}
		while (frame_recv(guard, frames_from_ui, &type, buf) == FRAME_OK) {
			if (frame_decode(type, buf, &in) == FRAME_OK && in.action == UI_STOP &&
			    for_stop) {
				return 1;
			}
		}
	}
	return for_stop ? -1 : 0;
}

static bool
type_text(int terminal, int guard, const char *text)
{
	return write(terminal, text, strlen(text)) == (ssize_t)strlen(text) &&
	       listen_to_ui(terminal, guard, strcmp(text, " ") == 0) >= 0;
}

/* One state at one size: each key, then a stop that must come. */
static bool
play(int terminal, int guard, unsigned state, const struct winsize *size)
{
	struct ui_view v = make_view(state);
	struct ui_event e = {.unix_time = 1700000000 + state};

	snprintf(e.text, sizeof(e.text), "%0119u", state);
	if (ioctl(terminal, TIOCSWINSZ, size) != 0 ||
	    frames_send(guard, frames_to_ui, FRAME_UI_VIEW, &v) != FRAME_OK ||
	    frames_send(guard, frames_to_ui, FRAME_UI_EVENT, &e) != FRAME_OK) {
		return false;
	}
	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		if ((state + i) % 3 == 0 && !type_text(terminal, guard, typed[i])) {
			return false;
		}
	}
	return type_text(terminal, guard, " ");
}

/* More views than can be drawn, each different from the last. */
static void
flood(int guard, unsigned *count)
{
	struct ui_view v = make_view(2);

	do {
		v.level[0] = (uint8_t)(++*count % 100);
		v.rtt_ms = (uint16_t)*count;
	} while (frames_send(guard, frames_to_ui, FRAME_UI_VIEW, &v) == FRAME_OK);
}

/* A guard that sends all it can holds up no stop. Milliseconds that it took, or -1. */
static int
stop_in_a_flood(int terminal, int guard)
{
	uint64_t begun = clock_ms(), pressed = 0;
	unsigned count = 0;

	while (clock_ms() < begun + ANSWER_MS) {
		const struct frame_type *type;
		uint8_t buf[MAX_FRAME];
		char drawn[4096];
		struct pollfd fd = {terminal, POLLIN, 0};
		struct ui_input in;

		flood(guard, &count);
		if (poll(&fd, 1, 0) == 1) {
			(void)!read(terminal, drawn, sizeof(drawn));
		}
		if (pressed == 0 && clock_ms() > begun + 500) {
			pressed = clock_ms();
			(void)!write(terminal, " ", 1);
		}
		while (frame_recv(guard, frames_from_ui, &type, buf) == FRAME_OK) {
			if (frame_decode(type, buf, &in) == FRAME_OK && in.action == UI_STOP) {
				return (int)(clock_ms() - pressed);
			}
		}
	}
	return -1;
}

static int
script(int terminal, int guard, bool slow)
{
	int took;

	for (unsigned i = 0; i < 7; i++) {
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			if (!play(terminal, guard, i, &sizes[s])) {
				fprintf(stderr, "no stop in state %u at size %zu\n", i, s);
				return 1;
			}
		}
	}
	if (heard.bells != BELLS || !heard.mouse) {
		fprintf(stderr, "%u bells instead of %d, or no mouse\n", heard.bells, BELLS);
		return 1;
	}
	took = stop_in_a_flood(terminal, guard);
	if (took < 0 || (!slow && took > FLOOD_MS)) {
		fprintf(stderr, "a stop in a flood of views took %d ms\n", took);
		return 1;
	}
	close(guard);
	for (uint64_t until = clock_ms() + ANSWER_MS; heard.mouse && clock_ms() < until;) {
		(void)listen_to_ui(terminal, -1, false);
	}
	if (heard.mouse) {
		fprintf(stderr, "the terminal did not get its mouse back\n");
		return 1;
	}
	return 0;
}

/* Standard input and output become the pty, the ui ends when the script closes its socket. */
static int
run_ui(int terminal, int fd)
{
	struct ui_peer peer;
	int saved = dup(STDOUT_FILENO), rc;

	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	if (saved < 0 || dup2(terminal, STDIN_FILENO) < 0 || dup2(terminal, STDOUT_FILENO) < 0) {
		return 1;
	}
	close(terminal);
	ui_peer_init(&peer, fd);
	rc = ui_tty(&peer);
	close(fd);
	close(saved);
	return rc;
}

/* With any argument: a checker makes it slow. */
int
main(int argc, char **argv)
{
	int guard[2], terminal = posix_openpt(O_RDWR | O_NOCTTY), other, status = 1, rc;
	pid_t pid;

	(void)argv;
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 ||
	    ioctl(terminal, TIOCSWINSZ, &sizes[0]) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, guard) != 0) {
		return 1;
	}
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	pid = fork();
	if (pid == 0) {
		close(guard[1]);
		close(other);
		_exit(script(terminal, guard[0], argc > 1));
	}
	close(guard[0]);
	close(terminal);
	rc = run_ui(other, guard[1]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		return 1;
	}
	return rc != 0 ? rc : WEXITSTATUS(status);
}

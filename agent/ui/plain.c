/*
 * The ui in lines; see plain.h. Runs in the ui. Input: bytes of the terminal or of a program that
 * the wearer runs, and frames of the guard. Keys are read before anything is written.
 */
#include "agent/ui/plain.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent/ui/tell.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"

#define STAMP 16 /* "23:59:59  " */

struct plain {
	struct ui_peer *peer;
	struct ui_keys keys;
	struct told told;
	struct teller teller;
	int input; /* -1: ended */
	bool tty;    /* standard input is a terminal */
	bool bell;   /* standard output is one */
	bool broken; /* standard output or the terminal has gone */
};

/* Waits while nobody reads: then we are silent, and the guard stops. */
static void
write_all(struct plain *p, const char *text, size_t len)
{
	while (len > 0 && !p->broken) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			p->broken = true;
		}
	}
}

static void
print(void *context, uint32_t when, bool loud, const char *line)
{
	struct plain *p = context;
	char text[STAMP + TELL_LINE + 4], stamp[STAMP] = "";
	time_t at = when != 0 ? (time_t)when : (time_t)clock_unix();
	struct tm tm;
	int len;

	if (localtime_r(&at, &tm) != NULL) {
		(void)strftime(stamp, sizeof(stamp), "%H:%M:%S  ", &tm);
	}
	len = snprintf(text, sizeof(text), "%s%s%s\n", stamp, line, loud && p->bell ? "\a" : "");
	write_all(p, text, (size_t)len);
}

/* Keys that only this ui has a use for, and what the screen would have drawn. */
static void
answer_keys(struct plain *p, const struct ui_wish *wish, bool status)
{
	const struct ui_view *v = &p->peer->view;

	if (wish->copy || p->keys.qr) {
		p->keys.qr = false;
		p->keys.notice = NULL;
		tell_link(v, &p->teller);
	}
	if (p->keys.help) {
		p->keys.help = false;
		tell_help(&p->teller);
	}
	if (status && p->peer->seen) {
		tell_status(v, &p->teller);
	}
}

static void
read_keys(struct plain *p)
{
	struct ui_wish wish;
	char bytes[UI_BATCH];
	ssize_t n = read(p->input, bytes, sizeof(bytes));

	if (n <= 0) {
		if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			p->input = -1;
			p->broken = p->tty;
		}
		return;
	}
	ui_keys_read(&p->keys, &p->peer->view, bytes, (size_t)n, &wish);
	for (size_t i = 0; i < wish.count; i++) {
		ui_peer_send(p->peer, &wish.input[i]);
	}
	p->told.notice[0] = '\0'; /* a key that earns the same notice again hears it again */
	answer_keys(p, &wish, memchr(bytes, 'i', (size_t)n) != NULL &&
				      memchr(bytes, '\033', (size_t)n) == NULL);
}

static int
run(struct plain *p)
{
	int rc, wait = 0;

	for (;;) {
		struct pollfd fds[] = {
			{p->input, POLLIN, 0}, {p->peer->fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};

		(void)poll(fds, 3, wait);
		if (fds[0].revents != 0) {
			read_keys(p);
		}
		rc = ui_peer_read(p->peer);
		tell_changes(&p->told, p->peer, &p->keys, clock_ms(), &p->teller);
		if (rc < 0 || p->broken || (fds[2].revents & (POLLERR | POLLHUP)) != 0) {
			return rc == -1 ? 0 : 1;
		}
		wait = ui_peer_alive(p->peer, clock_ms());
	}
}

/* Every key at once and none of them a signal; output stays as it is. */
static void
set_raw(const struct termios *before)
{
	struct termios raw = *before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int
ui_plain(struct ui_peer *peer)
{
	struct plain p = {.peer = peer, .input = STDIN_FILENO, .bell = isatty(STDOUT_FILENO) == 1};
	struct termios before;
	const char *why;
	int rc;

	p.teller = (struct teller){.say = print, .context = &p};
	p.tty = tcgetattr(STDIN_FILENO, &before) == 0;
	tzset(); /* reads the time zone while files can still be read */
	signal(SIGPIPE, SIG_IGN);
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_TTY, &why) != 0) {
		log_error("no sandbox: %s", why);
		return 1;
	}
	if (p.tty) {
		set_raw(&before);
	}
	rc = run(&p);
	if (p.tty) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	return rc;
}

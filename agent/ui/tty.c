/*
 * The terminal ui: keys in, screen out. Runs in the ui. Input: bytes of the terminal and frames of
 * the guard. Keys are read before anything is drawn; bytes are read plainly, not by curses, so
 * that no decoding can hold up or hide a stop.
 */
#include "agent/ui/tty.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/sandbox.h"

/* OSC 52, the terminal's clipboard: standard base64 with padding. */
static void
copy_link(const char *link)
{
	char text[8 + B64_LEN(MAX_LINK) + 8] = "\033]52;c;";
	size_t head = strlen(text), len;
	ssize_t ignored;

	b64_encode(text + head, link, strlen(link));
	for (char *c = text + head; *c != '\0'; c++) {
		if (*c == '-') {
			*c = '+';
		} else if (*c == '_') {
			*c = '/';
		}
	}
	len = strlen(text);
	while ((len - head) % 4 != 0) {
		text[len++] = '=';
	}
	text[len++] = '\a';
	ignored = write(STDOUT_FILENO, text, len);
	(void)ignored;
}

/* Standard input and output must be one terminal that curses knows. 0 or -1. */
static int
begin(void)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		log_error("this is no terminal; tether --headless needs none");
		return -1;
	}
	setlocale(LC_ALL, "");
	tzset(); /* reads the time zone while files can still be read */
	if (newterm(NULL, stdout, stdin) == NULL) {
		log_error("this kind of terminal is not known; set TERM, or use tether --headless");
		return -1;
	}
	raw();
	noecho();
	nonl();
	(void)curs_set(0);
	ui_screen_colors();
	return 0;
}

/* A ui has a session of its own, so SIGWINCH passes it by: the size is asked for instead. */
static void
follow_size(void)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS)) {
		(void)resizeterm(size.ws_row, size.ws_col);
	}
}

/* 0, or -1 when the terminal has gone. */
static int
read_keys(struct ui_peer *peer, struct ui_keys *keys)
{
	struct ui_wish wish;
	char bytes[UI_BATCH];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0) {
		return -1;
	}
	ui_keys_read(keys, &peer->view, bytes, (size_t)n, &wish);
	for (size_t i = 0; i < wish.count; i++) {
		ui_peer_send(peer, &wish.input[i]);
	}
	if (wish.copy) {
		copy_link(peer->view.link_text);
	}
	if (wish.redraw) {
		(void)clearok(curscr, TRUE);
	}
	return 0;
}

static int
run(struct ui_peer *peer)
{
	struct ui_keys keys = {0};
	int wait = 0;

	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {peer->fd, POLLIN, 0}};
		int rc;

		(void)poll(fds, 2, wait);
		if (fds[0].revents != 0 && read_keys(peer, &keys) != 0) {
			return 1;
		}
		rc = ui_peer_read(peer);
		if (rc < 0) {
			return rc == -1 ? 0 : 1;
		}
		follow_size();
		ui_screen_draw(peer, &keys);
		wait = ui_peer_alive(peer, clock_ms());
	}
}

int
ui_tty(struct ui_peer *peer)
{
	const char *why = "";
	int rc = 1;

	if (begin() != 0) {
		return 1;
	}
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_TTY | SANDBOX_SIGNALS, &why) == 0) {
		rc = run(peer);
	}
	(void)endwin();
	if (why[0] != '\0') {
		log_error("no sandbox: %s", why);
	}
	return rc;
}

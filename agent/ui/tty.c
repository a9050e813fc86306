/*
 * The terminal ui: keys in, screen out. Runs in the ui. Input: bytes of the terminal and frames of
 * the guard. Keys are read before anything is drawn; bytes are read plainly, not by curses, so
 * that no decoding can hold up or hide a stop.
 */
#include "agent/ui/tty.h"

#include <curses.h>
#include <term.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/ui/keys.h"
#include "agent/ui/picture.h"
#include "agent/ui/view.h"
#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/sandbox.h"

#define DRAW_MS 40 /* at most 25 pictures a second, whatever the guard sends */

struct tty {
	struct ui_peer *peer;
	struct ui_keys keys;
	struct ui_canvas canvas; /* what is on the terminal now */
	uint64_t draw_at;	 /* ms; not before */
	bool stale;		 /* there is something new to draw */
};

static void
send_text(const char *text, size_t len)
{
	ssize_t ignored = write(STDOUT_FILENO, text, len);

	(void)ignored;
}

/* OSC 52, the terminal's clipboard: standard base64 with padding. */
static void
copy_link(const char *link)
{
	char text[8 + B64_LEN(MAX_LINK) + 8] = "\033]52;c;";
	size_t head = strlen(text), len;

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
	send_text(text, len);
}

/* What the terminal wants to be sent for it, NULL where it can't do that. */
static const char *
can(const char *capability)
{
	const char *text = tigetstr(capability);

	return text != (const char *)-1 ? text : NULL;
}

/* Button presses in the form that has no length limit, and pasted text marked as such. Terminals
 * that have a mouse understand all three. */
static void
set_mouse(bool on)
{
	static const char begin[] = "\033[?1000h\033[?1006h\033[?2004h";
	static const char end[] = "\033[?2004l\033[?1006l\033[?1000l";

	if (can("kmous") != NULL) {
		send_text(on ? begin : end, sizeof(begin) - 1);
	}
}

/* The locale whose characters the terminal shows, by the first variable that is set. */
static bool
wants_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0') {
			return strcasestr(value, "UTF-8") != NULL ||
			       strcasestr(value, "utf8") != NULL;
		}
	}
	return false;
}

/* By ssh comes the name of a locale that this machine may not have: then the characters are right
 * all the same, and without them there is no QR code. */
static void
take_locale(void)
{
	if ((setlocale(LC_ALL, "") == NULL || !ui_screen_blocks()) && wants_utf8()) {
		(void)setlocale(LC_ALL, "C.UTF-8");
	}
}

/* One that can't put the cursor where it is told (TERM=dumb) would show a heap of letters, and STOP
 * nowhere. */
static bool
can_draw(void)
{
	bool can_place;
	int error;

	if (setupterm(NULL, STDOUT_FILENO, &error) != OK) {
		return false;
	}
	can_place = can("cup") != NULL;
	(void)del_curterm(set_curterm(NULL));
	return can_place;
}

/* Standard input and output must be one terminal that curses knows. NULL when not. */
static SCREEN *
begin(void)
{
	SCREEN *screen;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		log_error("this is no terminal; tether --plain and --headless need none");
		return NULL;
	}
	take_locale();
	tzset(); /* reads the time zone while files can still be read */
	screen = can_draw() ? newterm(NULL, stdout, stdin) : NULL;
	if (screen == NULL) {
		log_error("this kind of terminal is not known; set TERM, or use tether --plain");
		return NULL;
	}
	raw();
	noecho();
	nonl();
	(void)curs_set(0);
	ui_screen_colors();
	return screen;
}

/* A ui has a session of its own, so SIGWINCH passes it by: the size is asked for instead. */
static void
follow_size(struct tty *t)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS)) {
		(void)resizeterm(size.ws_row, size.ws_col);
		t->stale = true;
	}
}

/* 0, or -1 when the terminal has gone. */
static int
read_keys(struct tty *t)
{
	struct ui_wish wish;
	char bytes[UI_BATCH];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0) {
		return -1;
	}
	ui_keys_read(&t->keys, &t->peer->view, bytes, (size_t)n, &wish);
	for (size_t i = 0; i < wish.count; i++) {
		ui_peer_send(t->peer, &wish.input[i]);
	}
	if (wish.copy) {
		copy_link(t->peer->view.link_text);
	}
	if (wish.redraw) {
		(void)clearok(curscr, TRUE);
	}
	t->stale = true;
	return 0;
}

/* As ui_peer_read, for the keys too; rings when what has come is not to be missed. */
static int
read_guard(struct tty *t)
{
	bool seen = t->peer->seen;
	struct ui_view before = t->peer->view;
	int rc = ui_peer_read(t->peer);

	if (rc == 1) {
		t->stale = true;
		ui_keys_follow(&t->keys, &before, &t->peer->view);
		if (t->peer->seen && ui_attention(seen ? &before : NULL, &t->peer->view)) {
			(void)beep();
		}
	}
	return rc;
}

/* Milliseconds until the next picture may be drawn, -1 when there is nothing new. */
static int
draw(struct tty *t)
{
	uint64_t now = clock_ms();

	follow_size(t);
	if (!t->stale) {
		return -1;
	}
	if (now < t->draw_at) {
		return (int)(t->draw_at - now);
	}
	ui_picture(&t->canvas, t->peer, &t->keys, LINES, COLS, ui_screen_blocks());
	ui_screen_draw(&t->canvas);
	t->draw_at = now + DRAW_MS;
	t->stale = false;
	return -1;
}

/* Keys first, then the guard, then the picture: nothing that is to be drawn can hold up a stop. */
static int
run(struct tty *t)
{
	int wait = 0;

	for (;;) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {t->peer->fd, POLLIN, 0}};
		int rc, later;

		(void)poll(fds, 2, wait);
		if (fds[0].revents != 0 && read_keys(t) != 0) {
			return 1;
		}
		rc = read_guard(t);
		if (rc < 0) {
			return rc == -1 ? 0 : 1;
		}
		later = draw(t);
		wait = ui_peer_alive(t->peer, clock_ms());
		wait = later >= 0 && later < wait ? later : wait;
	}
}

int
ui_tty(struct ui_peer *peer)
{
	static struct tty tty; /* too large for a stack */
	const char *why = "";
	SCREEN *screen = begin();
	int rc = 1;

	if (screen == NULL) {
		return 1;
	}
	tty = (struct tty){.peer = peer, .stale = true};
	tty.keys.areas = &tty.canvas.areas;
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_TTY | SANDBOX_SIGNALS, &why) == 0) {
		set_mouse(true);
		rc = run(&tty);
		set_mouse(false);
	}
	(void)endwin();
	delscreen(screen);
	if (why[0] != '\0') {
		log_error("no sandbox: %s", why);
	}
	return rc;
}

void
ui_tty_mend(void)
{
	static const char *const ends[] = {"sgr0", "cnorm", "rmcup"};
	int error;

	if (tcgetpgrp(STDOUT_FILENO) != getpgrp() ||
	    setupterm(NULL, STDOUT_FILENO, &error) != OK) {
		return;
	}
	set_mouse(false);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (can(ends[i]) != NULL) {
			(void)putp(can(ends[i]));
		}
	}
	(void)fflush(stdout);
}

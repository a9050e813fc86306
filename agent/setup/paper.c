/*
 * Plain text at a terminal (paper.h).
 */
#include "agent/setup/paper.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/setup/dialog.h"

#define WIDTH_MAX 80
#define WIDTH_MIN 20
#define CONTROL(c) ((c)&0x1f)

int
paper_open(struct paper *p)
{
	struct termios keys;

	*p = (struct paper){.len = 0};
	if (tcgetattr(STDIN_FILENO, &p->before) < 0) {
		return -1;
	}
	keys = p->before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	keys.c_iflag &= ~(tcflag_t)(IXON);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
}

void
paper_close(struct paper *p)
{
	paper_say(p, "");
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &p->before);
}

static size_t
width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ||
	    size.ws_col > WIDTH_MAX) {
		return WIDTH_MAX - 1;
	}
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col - 1u;
}

/* The bytes of `text` that stand on the next line, up to its break. */
static size_t
line_break(const char *text, size_t most)
{
	size_t all = strcspn(text, "\n"), last = 0;

	if (all <= most || strncmp(text, "  ", 2) == 0) {
		return all;
	}
	for (size_t i = 0; i <= most; i++) {
		last = text[i] == ' ' ? i : last;
	}
	return last > 0 ? last : strcspn(text, " \n"); /* one word that is longer than a line */
}

void
paper_wrap(const char *text, size_t most, char *out, size_t size)
{
	size_t at = 0;

	while (*text != '\0' && at + 2 < size) {
		size_t n = line_break(text, most);

		n = n < size - at - 2 ? n : size - at - 2;
		memcpy(out + at, text, n);
		at += n;
		out[at++] = '\n';
		text += n;
		text += *text == ' ' || *text == '\n' ? 1 : 0;
	}
	out[at] = '\0';
}

/* To the terminal as a whole; what a closed one does not take is lost, as it is. */
static void
put(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

void
paper_say(struct paper *p, const char *text)
{
	char out[2 * DIALOG_TEXT];

	if (p->open) {
		put("\n");
		p->open = false;
	}
	paper_wrap(text, width(), out, sizeof(out));
	put(out);
}

/* Of what is wider than the terminal, its end: from a second row there would be no way back. */
static void
draw(struct paper *p)
{
	char text[sizeof(p->lead) + LINE_TEXT], out[3 * sizeof(text)];
	size_t len = strlen(p->lead) + p->len, most = width(), over;
	char *shown = text;

	snprintf(text, sizeof(text), "%s%s", p->lead, p->line);
	if (len > most) {
		shown = text + len - most;
		*shown = '<';
		len = most;
	}
	over = p->open && p->drawn > len ? p->drawn - len : 0;
	/* No escape sequences: any terminal can do this, and nothing else is read aloud. */
	snprintf(out, sizeof(out), "\r%s%*s", shown, (int)over, "");
	put(out);
	for (; over > 0; over--) {
		put("\b");
	}
	p->drawn = len;
	p->open = true;
}

void
paper_lead(struct paper *p, const char *lead)
{
	if (p->open && strcmp(lead, p->lead) == 0) {
		return;
	}
	snprintf(p->lead, sizeof(p->lead), "%s", lead);
	draw(p);
}

static void
edit(struct paper *p, char c)
{
	if (c == 0x7f || c == CONTROL('h')) {
		p->len -= p->len > 0 ? 1 : 0;
	} else if (c == CONTROL('u')) {
		p->len = 0;
	} else if (c > ' ' && c <= '~' && p->len < LINE_TEXT - 1) {
		p->line[p->len++] = c;
	} else {
		return;
	}
	p->line[p->len] = '\0';
	if (p->open) {
		draw(p);
	}
}

enum paper_key
paper_key(struct paper *p, char c, bool letters)
{
	switch (c) {
	case CONTROL('c'):
	case CONTROL('d'):
	case CONTROL('z'):
	case CONTROL('\\'):
		return PAPER_QUIT;
	case ' ':
		return PAPER_SPACE;
	case '\r':
	case '\n':
		return PAPER_LINE;
	default:
		if (c == 'q' && p->len == 0 && !letters) {
			return PAPER_QUIT;
		}
		edit(p, c);
		return PAPER_NOTHING;
	}
}

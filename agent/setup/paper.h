/*
 * Plain text at a terminal: paragraphs broken into lines, one line that is typed, and one that is
 * redrawn. No screen: it reads well aloud, and at 40 columns. Runs before anything is started.
 */
#ifndef TETHER_SETUP_PAPER_H
#define TETHER_SETUP_PAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define LINE_TEXT 300 /* what may be typed: a server's name has 260 */

struct paper {
	struct termios before;
	char line[LINE_TEXT];
	size_t len;
	char lead[400]; /* what stands before the typed line */
	bool open;	/* the cursor stands behind lead and line */
	size_t drawn;	/* columns of that line */
};

enum paper_key { PAPER_NOTHING, PAPER_LINE, PAPER_SPACE, PAPER_QUIT };

/* Keys one by one from now on, and back. 0 or -1. */
int paper_open(struct paper *p);
void paper_close(struct paper *p);

/* Paragraphs, broken between words; lines that begin with two spaces are left as they are. */
void paper_say(struct paper *p, const char *text);

/* What stands before the typed line; drawn again only when it has changed. */
void paper_lead(struct paper *p, const char *lead);

/* One byte of the keyboard. `letters`: the line may begin with q. After PAPER_LINE p->line is what
 * was typed. */
enum paper_key paper_key(struct paper *p, char c, bool letters);

/* `text` broken into lines of at most `width` columns (bytes: the words are ASCII). Pure. */
void paper_wrap(const char *text, size_t width, char *out, size_t size);

#endif

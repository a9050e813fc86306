/*
 * Log lines to standard error. Any process. What is logged is chosen by the caller; control
 * characters in it are replaced, so that no text can forge a second line or drive a terminal.
 */
#include "common/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_MAX_ 512 /* one write of at most PIPE_BUF is never torn between processes */

static char log_part[24] = "tether";
static int log_debugging;
static int log_to_person; /* a terminal: whoever reads there has no use for priorities */

void
log_open(const char *part, int debug)
{
	(void)snprintf(log_part, sizeof(log_part), "%s", part);
	log_debugging = debug;
	log_to_person = isatty(STDERR_FILENO);
}

static void
make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			*text = '?';
		}
	}
}

/* Standard error may be a pipe that nobody drains; setting O_NONBLOCK on it would change it for
 * every process that shares it, so ask first whether there is room. */
static void
write_if_room(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0) {
		ssize_t done = write(STDERR_FILENO, line, len);

		(void)done;
	}
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_MAX_ - 40];
	char line[LINE_MAX_];
	va_list args;
	int len;

	if (level == LOG_DEBUG_ && !log_debugging) {
		return;
	}
	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0) {
		return;
	}
	make_printable(text);
	len = log_to_person ? snprintf(line, sizeof(line), "%s: %s\n", log_part, text)
			    : snprintf(line, sizeof(line), "<%d>%s: %s\n", (int)level, log_part, text);
	if (len > 0 && (size_t)len < sizeof(line)) {
		write_if_room(line, (size_t)len);
	}
}

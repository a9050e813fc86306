/* See writer.h. */
#include "compose/logkeep/writer.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

struct reader {
	char text[MAX_LINE];
	size_t len;
};

static void
keep(struct log_files *f, struct reader *r)
{
	char line[MAX_LINE];
	int64_t now = clock_unix();

	if (r->len > 0) {
		int len = line_frame(line, f->part, now, r->text, r->len);

		log_files_write(f, now, line, (size_t)len);
	}
	r->len = 0;
}

static void
take(struct log_files *f, struct reader *r, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			keep(f, r);
		} else if (r->len < sizeof(r->text)) {
			r->text[r->len++] = text[i];
		}
	}
}

static void
complain_once(const struct log_files *f)
{
	static int done;

	if (f->dropped > 0 && f->fd < 0 && !done) {
		done = 1;
		fprintf(stderr, "tether-logkeep: the log's folder can't be written\n");
	}
}

void
writer_run(struct log_files *f, int fd)
{
	static struct reader r;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char chunk[4096];
	uint64_t due = 0;

	for (;;) {
		uint64_t now = clock_ms();

		if (now >= due) {
			log_files_forget(f, clock_unix());
			due = now + (uint64_t)log_files_pause(f);
		}
		if (poll(&p, 1, (int)(due - now < 60000 ? due - now : 60000)) <= 0) {
			continue;
		}
		ssize_t len = read(fd, chunk, sizeof(chunk));

		if (len <= 0) {
			break;
		}
		take(f, &r, chunk, (size_t)len);
		complain_once(f);
	}
	keep(f, &r); /* last words without a newline */
}

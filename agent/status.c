/*
 * `tether status`; see status.h. A process of its own, as the wearer. Input: one frame, from a
 * process of the same user.
 */
#include "agent/status.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent/frames.h"
#include "agent/single.h"
#include "agent/ui/headless.h"
#include "agent/ui/tell.h"

#define PATIENCE_S 2 /* a guard that answers at all does so at once, but others may stand in line */

/* Waits its turn: the guard lets few stand in line. A descriptor, or -1 with errno. */
static int
ask_at(const struct sockaddr_un *address)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd;

	if (address->sun_path[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	     connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static bool
is_nobody(int error)
{
	return error == ENOENT || error == ECONNREFUSED;
}

/* The first that is there. */
static int
ask(void)
{
	struct sockaddr_un address;
	int fd = -1;

	errno = ENOENT;
	for (int i = 0; fd < 0 && is_nobody(errno) && single_find_socket(i, &address) == 0; i++) {
		fd = ask_at(&address);
	}
	return fd;
}

/* In /tmp the socket could be somebody else's. */
static bool
is_ours(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == getuid();
}

static int
receive(int fd, struct ui_view *view)
{
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];

	if (!is_ours(fd) || poll(&answer, 1, PATIENCE_S * 1000) != 1 ||
	    frame_recv(fd, frames_to_ui, &type, buf) != FRAME_OK || type->type != FRAME_UI_VIEW) {
		return -1;
	}
	return frame_decode(type, buf, view) == FRAME_OK ? 0 : -1;
}

static int
get(struct ui_view *view)
{
	int fd = ask(), rc;

	if (fd < 0) {
		fputs(is_nobody(errno) ? "tether: no tether of yours is running\n"
				       : "tether: your tether can't be asked just now\n",
		      stderr);
		return -1;
	}
	rc = receive(fd, view);
	close(fd);
	if (rc < 0) {
		fputs("tether: your tether does not answer; `tether stop` may still work\n", stderr);
	}
	return rc;
}

static void
print(void *context, uint32_t when, bool loud, const char *line)
{
	(void)context;
	(void)when;
	(void)loud;
	puts(line);
}

int
status_words(void)
{
	const struct teller teller = {.say = print};
	struct ui_view view;

	if (get(&view) < 0) {
		return 1;
	}
	tell_status(&view, &teller);
	return 0;
}

int
status_json(void)
{
	struct ui_view view;
	char line[UI_EVENT];

	if (get(&view) < 0 || ui_state_line(&view, line) < 0) {
		return 1;
	}
	fputs(line, stdout);
	return 0;
}

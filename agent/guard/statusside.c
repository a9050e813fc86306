/*
 * The guard's answer to `tether status`: a socket beside the pid file, at which whoever connects
 * gets one view, without the link and the check words, and is let go. Runs in the guard. Nothing is
 * ever read from a client, so all that a stranger of the same user can do is to ask; and since one
 * is answered every ASK_MS, and never waited for, many who ask can't hold up a stop.
 */
#include "agent/guard/guard.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/single.h"
#include "common/log.h"
#include "common/secret.h"

#define ASK_MS 20
#define WAITING 4 /* clients who may wait their turn */

/* An old file at the path is that of a guard that was killed: the lock of the pid file says so. */
static int
listen_at(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int rc;

	(void)unlink(address->sun_path);
	rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	(void)umask(before);
	return rc == 0 ? listen(fd, WAITING) : -1;
}

void
status_open(struct guard *g)
{
	struct sockaddr_un address;

	g->status_fd = -1;
	if (single_socket(&address) < 0) {
		log_warn("no `tether status`: the path of its socket would be too long");
		return;
	}
	g->status_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (g->status_fd < 0 || listen_at(g->status_fd, &address) < 0) {
		log_warn("no `tether status`: %s", strerror(errno));
		status_close(g);
	}
}

void
status_close(struct guard *g)
{
	struct sockaddr_un address;

	if (g->status_fd < 0) {
		return;
	}
	close(g->status_fd);
	g->status_fd = -1;
	if (single_socket(&address) == 0) {
		(void)unlink(address.sun_path);
	}
}

static bool
is_ours(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == getuid();
}

static void
answer(struct guard *g, int fd, uint64_t now)
{
	struct ui_view v;

	view_fill(g, &v, now);
	secret_wipe(v.link_text, sizeof(v.link_text));
	secret_wipe(v.words, sizeof(v.words));
	(void)frames_send(fd, frames_to_ui, FRAME_UI_VIEW, &v);
}

int
status_fd(const struct guard *g, uint64_t now)
{
	return now >= g->status_at ? g->status_fd : -1;
}

void
status_read(struct guard *g, uint64_t now)
{
	int fd = accept4(g->status_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	g->status_at = now + ASK_MS;
	if (fd < 0) {
		return;
	}
	if (is_ours(fd)) {
		answer(g, fd, now);
	}
	close(fd);
}

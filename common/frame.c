/*
 * Frames between two of our own processes. Every process; the peer may have been taken over, so
 * each frame is checked in full before a field of it is used.
 */
#include "common/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

int
frame_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd);
}

static int
error_of_errno(void)
{
	/* ENOBUFS: the socket's queue is full, like EAGAIN. */
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) {
		return FRAME_EMPTY;
	}
	return FRAME_CLOSED;
}

static void
write_header(uint8_t *buf, const struct frame_type *t)
{
	buf[0] = FRAME_VERSION;
	buf[1] = t->type;
	buf[2] = (uint8_t)(t->length >> 8);
	buf[3] = (uint8_t)t->length;
}

int
frame_send(int fd, const struct frame_type *t, const void *message)
{
	uint8_t buf[MAX_FRAME];
	struct wire w = {.data = buf + FRAME_HEADER, .len = t->length, .writing = true};
	size_t len = (size_t)FRAME_HEADER + t->length;
	ssize_t sent;

	if (len > sizeof(buf)) {
		return FRAME_BAD;
	}
	write_header(buf, t);
	/* One walker serves both directions; a writing cursor only reads the message. */
	t->fields(&w, (void *)(uintptr_t)message);
	if (w.bad || w.pos != w.len) {
		return FRAME_BAD;
	}
	sent = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		return error_of_errno();
	}
	return (size_t)sent == len ? FRAME_OK : FRAME_BAD;
}

static const struct frame_type *
find_type(const struct frame_type *table, uint8_t type)
{
	if (type == 0) {
		return NULL;
	}
	for (; table->type != 0; table++) {
		if (table->type == type) {
			return table;
		}
	}
	return NULL;
}

int
frames_send(int fd, const struct frame_type *table, uint8_t type, const void *message)
{
	for (const struct frame_type *t = table; t->type != 0; t++) {
		if (t->type == type) {
			return frame_send(fd, t, message);
		}
	}
	return FRAME_BAD;
}

/* No control buffer: descriptors sent along are closed by the kernel and show as MSG_CTRUNC. */
int
frame_recv(int fd, const struct frame_type *table, const struct frame_type **t,
	   uint8_t buf[MAX_FRAME])
{
	struct iovec part = {.iov_base = buf, .iov_len = MAX_FRAME};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	const struct frame_type *found;
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

	if (got < 0 && errno == ECONNRESET) {
		/* It went with frames of ours unread, and is said so once, before its own last words. */
		got = recvmsg(fd, &message, MSG_DONTWAIT);
	}
	if (got < 0) {
		return error_of_errno();
	}
	if (got == 0) {
		return FRAME_CLOSED;
	}
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || got < FRAME_HEADER ||
	    buf[0] != FRAME_VERSION) {
		return FRAME_BAD;
	}
	found = find_type(table, buf[1]);
	if (found == NULL || (buf[2] << 8 | buf[3]) != found->length ||
	    got - FRAME_HEADER != found->length) {
		return FRAME_BAD;
	}
	*t = found;
	return FRAME_OK;
}

int
frame_decode(const struct frame_type *t, uint8_t buf[MAX_FRAME], void *message)
{
	struct wire w = {.data = buf + FRAME_HEADER, .len = t->length, .writing = false};

	t->fields(&w, message);
	return w.bad || w.pos != w.len ? FRAME_BAD : FRAME_OK;
}

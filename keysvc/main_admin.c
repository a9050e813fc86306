/*
 * The admin's socket: state/keysvc.sock, mode 0600, fixed frames. Main process. Who can open it is
 * this user or root; still only whole, known frames are acted on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "keysvc/layout.h"
#include "keysvc/main.h"

#define CHECK_MS 50 /* how often a waiting admin is looked at */

static void
admin_close(struct admin *a)
{
	close(a->fd);
	a->fd = -1;
	a->doing = ADMIN_IDLE;
}

/* The last frame of an answer; the connection stays for more questions. A list may just have filled
 * the socket: then it waits for room like the rows before it. */
static void
finish(struct keysvc *k, struct admin *a)
{
	int result;

	a->done.connected = k->net.connected;
	result = frames_send(a->fd, frames_to_admin, FRAME_ADMIN_DONE, &a->done);
	if (result == FRAME_EMPTY && a->doing == ADMIN_LISTING) {
		return;
	}
	a->doing = ADMIN_IDLE;
	a->deadline = clock_ms() + ADMIN_PATIENCE;
	if (result != FRAME_OK) {
		admin_close(a);
	}
}

int
admin_open(struct keysvc *k)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_SOCKET};
	mode_t before = umask(0177);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int result = -1;

	/* A socket file of a former run: we hold the lock, so nobody listens on it. */
	unlink(PATH_SOCKET);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, MAX_ADMINS) == 0) {
		result = 0;
	}
	umask(before);
	k->listener = fd;
	return result;
}

void
admin_accept(struct keysvc *k)
{
	int fd = accept4(k->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (size_t i = 0; i < MAX_ADMINS && fd >= 0; i++) {
		if (k->admins[i].fd < 0) {
			k->admins[i] = (struct admin){.fd = fd,
						      .deadline = clock_ms() + ADMIN_PATIENCE};
			main_due_in(k, DUE_ADMIN, CHECK_MS);
			return;
		}
	}
	if (fd >= 0) {
		close(fd); /* all places are taken; they end by themselves */
	}
}

/* ---- what is asked -------------------------------------------------------------------------- */

/* The broker gets a moment to confirm, so that "revoked" can mean "cut". */
static void
wait_for_broker(struct keysvc *k, struct admin *a)
{
	net_tell(k);
	a->doing = ADMIN_WAITING;
	a->at = k->revoked.count;
	a->done.cut = 0;
	a->deadline = clock_ms() + TOLD_PATIENCE;
	main_due_in(k, DUE_ADMIN, CHECK_MS);
}

/* A sid that is not known here may be another key service's: it is refused all the same, for as
 * long as any key could live. */
static void
revoke_one(struct keysvc *k, struct admin *a, const uint8_t sid[SID_LEN])
{
	const struct session *s = journal_find(&k->journal, sid);
	int64_t expiry = s != NULL ? s->expires : clock_unix() + MAX_LIFE;

	a->done.result = s != NULL ? ADMIN_OK : ADMIN_UNKNOWN;
	a->done.count = 1;
	if (desk_revoke(k, sid, expiry, SESSION_REVOKED) != 0) {
		a->done.result = ADMIN_FAILED;
		a->done.count = 0;
		finish(k, a);
		return;
	}
	wait_for_broker(k, a);
}

static void
revoke_all(struct keysvc *k, struct admin *a)
{
	int count = desk_revoke_all(k);

	if (count < 0) {
		a->done.result = ADMIN_FAILED;
		finish(k, a);
		return;
	}
	a->done.count = (uint32_t)count;
	wait_for_broker(k, a);
}

static uint32_t
seconds_until(uint64_t due, uint64_t now)
{
	return due > now ? (uint32_t)((due - now) / 1000) : 0;
}

static void
fill_status(const struct keysvc *k, struct admin_status *s)
{
	int64_t unix_now = clock_unix(), from = unix_now;
	uint64_t now = clock_ms();

	*s = (struct admin_status){.signer = k->signer.ready,
				   .stat = k->stat,
				   .gateways = k->options->gateways,
				   .next_tokens = seconds_until(k->due[DUE_TOKENS], now),
				   .clock = (uint64_t)unix_now,
				   .agents = k->options->agents};
	for (size_t i = 0; i < STATUS_HOURS; i++, from += 3600) {
		s->ending[i] = (uint32_t)journal_live(&k->journal, from, from + 3600);
	}
	s->stat.live = (uint32_t)journal_live(&k->journal, unix_now, INT64_MAX);
	s->connected_for = k->net.connected ? (uint32_t)((now - k->net.since) / 1000) : 0;
}

static void
tell_status(struct keysvc *k, struct admin *a)
{
	struct admin_status status;

	fill_status(k, &status);
	if (frames_send(a->fd, frames_to_admin, FRAME_ADMIN_STATUS, &status) != FRAME_OK) {
		admin_close(a);
		return;
	}
	a->done.count = (uint32_t)journal_live(&k->journal, clock_unix(), INT64_MAX);
	a->done.revoked = (uint32_t)k->revoked.count;
	a->done.uptime = (uint32_t)((clock_ms() - k->started) / 1000);
	memcpy(a->done.kid, k->signer.kid, sizeof(a->done.kid));
	finish(k, a);
}

static void
begin_rotation(struct keysvc *k, struct admin *a)
{
	if (rotate_begin(k) != 0) {
		a->done.result = ADMIN_BUSY;
		finish(k, a);
		return;
	}
	a->doing = ADMIN_ROTATING;
	a->deadline = clock_ms() + ROTATE_PATIENCE;
}

void
admin_rotated(struct keysvc *k, enum admin_result result)
{
	for (size_t i = 0; i < MAX_ADMINS; i++) {
		struct admin *a = &k->admins[i];

		if (a->fd >= 0 && a->doing == ADMIN_ROTATING) {
			a->done.result = (uint8_t)result;
			a->done.count = k->options->gateways;
			memcpy(a->done.kid, k->signer.kid, sizeof(a->done.kid));
			finish(k, a);
		}
	}
}

static void
handle_ask(struct keysvc *k, struct admin *a, const struct admin_ask *ask)
{
	memset(&a->done, 0, sizeof(a->done));
	a->from = k->revoked.count;
	switch (ask->op) {
	case ADMIN_LIST:
		a->doing = ADMIN_LISTING;
		a->at = 0;
		admin_writable(k, a);
		break;
	case ADMIN_REVOKE:
		revoke_one(k, a, ask->sid);
		break;
	case ADMIN_REVOKE_ALL:
		revoke_all(k, a);
		break;
	case ADMIN_STATUS:
		tell_status(k, a);
		break;
	case ADMIN_ROTATE:
		begin_rotation(k, a);
		break;
	default:
		admin_close(a);
		break;
	}
}

void
admin_readable(struct keysvc *k, struct admin *a)
{
	union frame_message m;
	int type = frames_recv(a->fd, frames_to_main, &m);

	if (type == FRAME_ADMIN_ASK && a->doing == ADMIN_IDLE) {
		handle_ask(k, a, &m.admin);
	} else if (type != FRAME_EMPTY) {
		admin_close(a);
	}
}

/* Sends as much of the list as there is room for. */
void
admin_writable(struct keysvc *k, struct admin *a)
{
	while (a->doing == ADMIN_LISTING && a->at < k->journal.count) {
		const struct session *s = &k->journal.list[a->at];
		struct admin_session m = {.issued = (uint64_t)s->issued,
					  .expires = (uint64_t)s->expires,
					  .state = s->state};
		int result;

		memcpy(m.sid, s->sid, SID_LEN);
		result = frames_send(a->fd, frames_to_admin, FRAME_ADMIN_SESSION, &m);
		if (result == FRAME_EMPTY) {
			return;
		}
		if (result != FRAME_OK) {
			admin_close(a);
			return;
		}
		a->at++;
		a->deadline = clock_ms() + ADMIN_PATIENCE;
	}
	if (a->doing == ADMIN_LISTING) {
		a->done.count = (uint32_t)k->journal.count;
		finish(k, a);
	}
}

void
admin_check(struct keysvc *k)
{
	uint64_t now = clock_ms();
	bool any = false;

	for (size_t i = 0; i < MAX_ADMINS; i++) {
		struct admin *a = &k->admins[i];

		if (a->fd < 0) {
			continue;
		}
		if (a->doing == ADMIN_WAITING) {
			a->done.told = k->net.connected && k->net.told >= a->at;
			a->done.counted = a->done.told && k->net.counted >= a->at;
			if (a->done.counted || !k->net.connected || now >= a->deadline) {
				finish(k, a);
			}
		} else if (now >= a->deadline) {
			admin_close(a);
		}
		any = any || a->fd >= 0;
	}
	if (any) {
		main_due_in(k, DUE_ADMIN, CHECK_MS);
	}
}

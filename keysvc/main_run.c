/*
 * Set-up, loop and timers of the main process. Input: frames of its children and of the admin.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "keysvc/layout.h"
#include "keysvc/main.h"
#include "keysvc/notify.h"

#define TIDY_AGAIN 5000 /* ms, when it is not the moment */

/* ---- children ------------------------------------------------------------------------------ */

void
main_end_child(struct child *c)
{
	int status;

	if (c->fd < 0) {
		return;
	}
	close(c->fd);
	/* One that ended by itself in a way that it could not tell: the log has to. */
	if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM) {
			log_error("a child was ended by signal %d (%s)", WTERMSIG(status),
				  strsignal(WTERMSIG(status)));
		}
	} else {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	*c = (struct child){.fd = -1};
}

int
main_start_child(struct child *c, const char *name)
{
	const char *const argv[] = {"tether-keysvc", "--child", name, NULL};
	int pair[2], pidfd = -1;

	*c = (struct child){.fd = -1};
	if (frame_pair(pair) != 0) {
		log_error("can't start the %s: %s", name, strerror(errno));
		return -1;
	}
	c->pid = spawn_child(argv, pair[1], SPAWN_SESSION | SPAWN_DIE_WITH_US, &pidfd);
	close(pair[1]);
	if (pidfd >= 0) {
		close(pidfd); /* its end shows on the socket */
	}
	if (c->pid < 0) {
		log_error("can't start the %s: %s", name, strerror(errno));
		close(pair[0]);
		return -1;
	}
	c->fd = pair[0];
	return 0;
}

/* ---- timers -------------------------------------------------------------------------------- */

void
main_due_in(struct keysvc *k, enum due due, uint64_t ms)
{
	k->due[due] = clock_ms() + ms;
}

void
main_announce(struct keysvc *k)
{
	if (!k->announced) {
		k->announced = true;
		log_note("ready");
		notify("READY=1");
	}
}

static void
sync_journal(struct keysvc *k)
{
	if (fdatasync(k->journal.file.fd) != 0) {
		log_error("can't write the journal: %s", strerror(errno));
	}
}

static bool
admins_busy(const struct keysvc *k)
{
	for (size_t i = 0; i < MAX_ADMINS; i++) {
		if (k->admins[i].doing != ADMIN_IDLE) {
			return true;
		}
	}
	return false;
}

/* Places in the lists change: not while somebody counts on them. */
static void
tidy(struct keysvc *k)
{
	int64_t now = clock_unix();
	bool settled = !k->net.connected || k->net.told == k->revoked.count;
	int result;

	if (admins_busy(k)) {
		main_due_in(k, DUE_TIDY, TIDY_AGAIN);
		return;
	}
	if (layout_forget(now, k->signer.kid) != 0) {
		log_error("can't remove an old public key: %s", strerror(errno));
	}
	result = journal_tidy(&k->journal, PATH_JOURNAL, now);
	if (result == 0 && settled) {
		result = revocations_tidy(&k->revoked, now);
		k->net.sent = k->net.connected ? k->revoked.count : 0;
		k->net.told = k->net.counted = k->net.sent;
	}
	if (result != 0) {
		log_error("can't write journal or revocations anew: %s", strerror(errno));
	}
	main_due_in(k, DUE_TIDY, TIDY_PERIOD);
}

static void (*const handlers[DUE_COUNT])(struct keysvc *k) = {
	[DUE_SIGNER] = signer_start,
	[DUE_CALL] = signer_late,
	[DUE_NET] = net_begin,
	[DUE_NET_LATE] = net_late,
	[DUE_NET_OLD] = net_renew,
	[DUE_NET_NEXT] = net_next_late,
	[DUE_NET_LEFT] = net_left_late,
	[DUE_STAT] = net_stat,
	[DUE_TOKENS] = signer_renew_tokens,
	[DUE_SYNC] = sync_journal,
	[DUE_TIDY] = tidy,
	[DUE_ROTATE] = rotate_due,
	[DUE_ADMIN] = admin_check,
};

static void
run_due(struct keysvc *k)
{
	uint64_t now = clock_ms();

	for (size_t i = 0; i < DUE_COUNT; i++) {
		if (k->due[i] != 0 && now >= k->due[i]) {
			k->due[i] = 0;
			handlers[i](k);
		}
	}
}

/* Milliseconds until the next deadline. */
static int
next_due(const struct keysvc *k)
{
	uint64_t now = clock_ms(), first = now + TIDY_PERIOD;

	for (size_t i = 0; i < DUE_COUNT; i++) {
		if (k->due[i] != 0 && k->due[i] < first) {
			first = k->due[i];
		}
	}
	return first > now ? (int)(first - now) : 0;
}

/* ---- loop ---------------------------------------------------------------------------------- */

enum {
	AT_SIGNAL, AT_SIGNER, AT_NET, AT_NET_NEXT, AT_NET_LEFT, AT_MAKER, AT_SIGNER_NEXT, AT_LISTENER,
	AT_ADMIN, AT_COUNT = AT_ADMIN + MAX_ADMINS
};

static void
fill_poll(const struct keysvc *k, struct pollfd p[AT_COUNT], int signals)
{
	/* poll ignores entries with a negative descriptor. */
	p[AT_SIGNAL] = (struct pollfd){signals, POLLIN, 0};
	p[AT_SIGNER] = (struct pollfd){k->signer.child.fd, POLLIN, 0};
	p[AT_NET] = (struct pollfd){k->net.child.fd,
				    (short)(POLLIN | (k->net.blocked ? POLLOUT : 0)), 0};
	p[AT_NET_NEXT] = (struct pollfd){k->net.next.fd, POLLIN, 0};
	p[AT_NET_LEFT] = (struct pollfd){k->net.left.fd, POLLIN, 0};
	p[AT_MAKER] = (struct pollfd){k->rotation.maker.fd, POLLIN, 0};
	p[AT_SIGNER_NEXT] = (struct pollfd){k->rotation.next.fd, POLLIN, 0};
	p[AT_LISTENER] = (struct pollfd){k->listener, POLLIN, 0};
	for (size_t i = 0; i < MAX_ADMINS; i++) {
		bool writes = k->admins[i].doing == ADMIN_LISTING;

		p[AT_ADMIN + i] = (struct pollfd){k->admins[i].fd, writes ? POLLOUT : POLLIN, 0};
	}
}

static void
serve_admins(struct keysvc *k, const struct pollfd p[AT_COUNT])
{
	for (size_t i = 0; i < MAX_ADMINS; i++) {
		struct admin *a = &k->admins[i];

		if (a->fd < 0 || p[AT_ADMIN + i].fd != a->fd || p[AT_ADMIN + i].revents == 0) {
			continue;
		}
		if (a->doing == ADMIN_LISTING) {
			admin_writable(k, a);
		} else {
			admin_readable(k, a);
		}
	}
	if (p[AT_LISTENER].revents != 0) {
		admin_accept(k);
	}
}

/* Each handler reads without waiting, so that it does no harm when the descriptor of its child has
 * just become another's. */
static void
serve_children(struct keysvc *k, const struct pollfd p[AT_COUNT])
{
	const struct {
		const struct child *child;
		void (*readable)(struct keysvc *k);
	} children[] = {
		[AT_SIGNER] = {&k->signer.child, signer_readable},
		[AT_NET] = {&k->net.child, net_readable},
		[AT_NET_NEXT] = {&k->net.next, net_next_readable},
		[AT_NET_LEFT] = {&k->net.left, net_left_readable},
		[AT_MAKER] = {&k->rotation.maker, rotate_maker_readable},
		[AT_SIGNER_NEXT] = {&k->rotation.next, rotate_next_readable},
	};

	for (size_t i = AT_SIGNER; i <= AT_SIGNER_NEXT; i++) {
		if ((p[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && children[i].child->fd >= 0) {
			children[i].readable(k);
		}
	}
}

static int64_t
clock_ahead(void)
{
	return clock_unix() - (int64_t)(clock_ms() / 1000);
}

/* Tokens end by the clock of the day, and are renewed by one that nobody sets: when the first was
 * set, the gateways' are over too early or not good yet. */
static void
watch_clock(struct keysvc *k)
{
	int64_t jump = clock_ahead() - k->clock_ahead;

	if (jump > MAX_CLOCK_JUMP || jump < -MAX_CLOCK_JUMP) {
		k->clock_ahead += jump;
		log_note("the clock was set: the gateways get new tokens");
		main_due_in(k, DUE_TOKENS, 0);
	}
}

/* Until a signal asks to end (0) or the service can't go on (-1). */
static int
loop(struct keysvc *k, int signals)
{
	struct pollfd p[AT_COUNT];

	while (!k->failed) {
		fill_poll(k, p, signals);
		if (poll(p, AT_COUNT, next_due(k)) < 0 && errno != EINTR) {
			return -1;
		}
		if (p[AT_SIGNAL].revents != 0) {
			return 0;
		}
		serve_children(k, p);
		serve_admins(k, p);
		net_tell(k);
		watch_clock(k);
		run_due(k);
	}
	return -1;
}

/* ---- set-up -------------------------------------------------------------------------------- */

/* Terminating signals as a descriptor. */
static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error to report */
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* One daemon a folder. The lock ends with the process; the descriptor stays open until then. */
static int
lock_folder(void)
{
	int fd = open(PATH_STATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		log_error("can't open %s: %s%s", PATH_STATE, strerror(errno),
			  errno == ENOENT ? " (run `tether-keysvc init` first)" : "");
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		log_error("another tether-keysvc runs in this folder");
		return -1;
	}
	return 0;
}

static int
open_all(struct keysvc *k)
{
	int64_t now = clock_unix();

	if (lock_folder() != 0) {
		return -1;
	}
	if (journal_open(&k->journal, PATH_JOURNAL, now) != 0) {
		log_error("can't open %s: %s", PATH_JOURNAL, strerror(errno));
		return -1;
	}
	if (revocations_open(&k->revoked, PATH_REVOKED, now) != 0) {
		log_error("can't open %s: %s", PATH_REVOKED, strerror(errno));
		return -1;
	}
	if (desk_reconcile(k) != 0) {
		log_error("no memory");
		return -1;
	}
	if (admin_open(k) != 0) {
		log_error("can't open %s: %s", PATH_SOCKET, strerror(errno));
		return -1;
	}
	return 0;
}

static void
end_children(struct keysvc *k)
{
	struct child *const children[] = {&k->net.child,  &k->net.next,       &k->net.left,
					  &k->signer.child, &k->rotation.maker, &k->rotation.next};

	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		main_end_child(children[i]);
	}
}

int
main_run(const struct run_options *options)
{
	static struct keysvc k; /* large, and one a process */
	int signals, result;

	log_open("keysvc", 0);
	(void)secret_process(); /* tokens pass through here */
	k.options = options;
	k.started = clock_ms();
	k.clock_ahead = clock_ahead();
	k.signer.child.fd = k.rotation.maker.fd = k.rotation.next.fd = -1;
	k.net.child.fd = k.net.next.fd = k.net.left.fd = k.listener = -1;
	for (size_t i = 0; i < MAX_ADMINS; i++) {
		k.admins[i].fd = -1;
	}
	secret_random(&k.rates.seed, sizeof(k.rates.seed));
	signals = open_signals();
	if (signals < 0 || open_all(&k) != 0) {
		return 1;
	}
	main_due_in(&k, DUE_SIGNER, 0);
	main_due_in(&k, DUE_TIDY, 0);
	result = loop(&k, signals);
	notify("STOPPING=1");
	end_children(&k);
	unlink(PATH_SOCKET);
	(void)fdatasync(k.journal.file.fd);
	return result == 0 ? 0 : 1;
}

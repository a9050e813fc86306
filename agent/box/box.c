/*
 * The box process (box.h): moves bytes and frames, decides nothing. The guard's frames are trusted
 * once their form is right; bytes from the cable are not.
 */
#include "agent/box/box.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/box/element.h"
#include "agent/box/exchange.h"
#include "agent/box/holder.h"
#include "agent/box/serial.h"
#include "agent/frames.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/spawn.h"

#define OPEN_TRIES 20 /* a box process that is ending lets go of the port within 2 s */
#define OPEN_PAUSE_MS 100
#define READS_MAX 16
#define LAST_WORD_MS 100
#define ORPHAN_MS 2000 /* without a guard and without zero for so long: worth a word */

struct box {
	int guard;  /* -1: has gone */
	int serial; /* -1: not open yet */
	int asked;  /* signalfd: another box process asks for the port */
	bool taken; /* it may have it */
	uint64_t orphan_at; /* ms, when to say that the guard has gone; 0 said or not yet */
	bool gone;  /* the port went away... */
	int error;  /* ...with this errno, 0 for a hang-up */
	uint8_t why; /* enum box_port: what is told then */
	struct exchange x;
	struct element *element;
	struct box_element ready; /* not sent yet when ready.polls > 0 */
};

/* The guard ends this process by closing its socket. A signal, from a terminal or a session's end,
 * must not: it would leave the outputs as they are. */
static int
ignore_signals(void)
{
	static const int all[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGTSTP,
				  SIGTTIN, SIGTTOU, SIGPIPE, SIGALRM, SIGUSR1};
	sigset_t asked;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		(void)signal(all[i], SIG_IGN);
	}
	sigemptyset(&asked);
	sigaddset(&asked, HOLDER_SIGNAL);
	if (sigprocmask(SIG_BLOCK, &asked, NULL) < 0) {
		return -1;
	}
	return signalfd(-1, &asked, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void
guard_gone(struct box *b)
{
	b->guard = -1;
	b->orphan_at = clock_ms() + ORPHAN_MS;
	exchange_close(&b->x, clock_ns());
}

static void
send_report(struct box *b)
{
	struct box_report r;

	if (b->guard < 0) {
		return;
	}
	exchange_report(&b->x, &r);
	if (b->gone) {
		r.port = b->why;
	}
	/* A full socket: the guard is not reading; the next report says more than this one. */
	if (frames_send(b->guard, frames_from_box, FRAME_BOX_REPORT, &r) != FRAME_EMPTY) {
		b->x.news = false;
	}
}

static void
send_element(struct box *b)
{
	if (b->ready.polls == 0 || b->guard < 0) {
		return;
	}
	if (frames_send(b->guard, frames_from_box, FRAME_BOX_ELEMENT, &b->ready) != FRAME_EMPTY) {
		memset(&b->ready, 0, sizeof(b->ready));
		b->x.poll_every = POLL_IDLE;
	}
}

/* Everything that the guard has sent. One clock reading serves: orders are compared with the clock
 * again before anything is written. */
static void
read_guard(struct box *b)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct box_order order;
	int error;

	while (b->guard >= 0) {
		error = frame_recv(b->guard, frames_to_box, &type, buf);
		if (error == FRAME_EMPTY) {
			return;
		}
		if (error != FRAME_OK || frame_decode(type, buf, &order) != FRAME_OK) {
			guard_gone(b);
			return;
		}
		exchange_order(&b->x, &order, clock_ns());
	}
}

/* Drains the input. Bounded: a port that babbles must not keep the guard's orders waiting, and what
 * is still to be read only means that the input is not quiet yet. */
static void
read_serial(struct box *b)
{
	char bytes[256];
	uint64_t now;
	ssize_t n = 1;

	for (int i = 0; i < READS_MAX && n > 0; i++) {
		n = read(b->serial, bytes, sizeof(bytes));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			b->gone = true;
			b->error = n < 0 ? errno : 0;
		}
		if (n > 0) {
			now = clock_ns();
			element_add(b->element, bytes, (size_t)n, now);
			exchange_bytes(&b->x, bytes, (size_t)n, now);
		}
	}
	if (b->ready.polls == 0) {
		(void)element_take(b->element, b->x.replies, &b->ready);
	}
}

/* A command in part is worse than none: "A1" of "A100" would be ended by the next one's CR. Giving
 * up makes the guard start another process, which begins with K. A port whose queue is full
 * (EAGAIN) is simply one that does not answer. */
static void
write_serial(struct box *b, const char *command, size_t len)
{
	ssize_t n = write(b->serial, command, len);

	if (n != (ssize_t)len && !(n < 0 && errno == EAGAIN)) {
		b->gone = true;
		b->error = n < 0 ? errno : EIO;
	}
}

/* Writes what is due. Returns how long poll() may sleep, in ms. */
static int
write_due(struct box *b)
{
	char command[CODEC_COMMAND];
	uint64_t now = clock_ns();
	uint64_t wake;
	size_t len = exchange_next(&b->x, command, now, &wake);

	if (len > 0) {
		write_serial(b, command, len);
		return 0;
	}
	if (wake <= now) {
		return 0;
	}
	wake = (wake - now) / NS_MS + 1;
	return wake < 1000 ? (int)wake : 1000;
}

static void
wait_for_input(const struct box *b, int ms)
{
	struct pollfd fds[3] = {{.fd = b->guard, .events = POLLIN},
				{.fd = b->serial, .events = POLLIN},
				{.fd = b->asked, .events = POLLIN}};

	(void)poll(fds, 3, ms);
}

/* A process with a guard of its own may have the port of one that has none: it begins with K. What
 * was asked while there still was a guard is forgotten. */
static void
read_asked(struct box *b)
{
	struct signalfd_siginfo info;

	while (read(b->asked, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		b->taken = b->guard < 0;
	}
}

static void
say_orphan(struct box *b)
{
	if (b->orphan_at != 0 && clock_ms() >= b->orphan_at) {
		b->orphan_at = 0;
		log_warn("tether has gone and the box does not answer: it is told to go to zero "
			 "until it does. Use its own knob, or start tether again");
	}
}

static void
serve(struct box *b)
{
	int ms = 0;

	while (!exchange_over(&b->x) && !b->gone && !b->taken) {
		wait_for_input(b, ms);
		read_guard(b);
		read_asked(b);
		say_orphan(b);
		read_serial(b);
		ms = b->gone ? 0 : write_due(b);
		if (b->x.news) {
			send_report(b);
		}
		send_element(b);
	}
}

/* A process before us may still be writing K, its last or for ever. Heartbeats are answered
 * meanwhile, or the guard would take us for hung. */
static int
open_port(struct box *b, const char *port, const char *usb_serial)
{
	b->serial = serial_open(port, usb_serial);
	for (int i = 0; b->serial == SERIAL_BUSY && i < OPEN_TRIES && b->guard >= 0; i++) {
		holder_ask(port);
		wait_for_input(b, OPEN_PAUSE_MS);
		read_guard(b);
		read_asked(b);
		send_report(b);
		b->serial = serial_open(port, usb_serial);
	}
	if (b->serial < 0) {
		log_error("%s", serial_error(b->serial));
		b->why = b->serial == SERIAL_BUSY     ? PORT_BUSY
			 : b->serial == SERIAL_FAILED ? PORT_FAILED
						      : PORT_GONE;
		b->serial = -1;
		return -1;
	}
	return 0;
}

static int
prepare(struct box *b, const char *port, const char *usb_serial)
{
	const char *why = NULL;

	b->asked = ignore_signals();
	log_open("box", 0);
	exchange_init(&b->x, clock_ns());
	b->element = element_create();
	if (b->element == NULL) {
		log_error("no SHA-256 in this system's OpenSSL");
		return -1;
	}
	if (open_port(b, port, usb_serial) != 0) {
		return -1;
	}
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_TTY, &why) != 0) {
		log_error("can't seal the process: %s", why);
		return -1;
	}
	return 0;
}

/* The last report. Leaving with an order unread would reset the socket, and the reset would
 * overtake the report: so the guard gets a moment to read it, and nothing is left unread. */
static void
say_gone(struct box *b)
{
	uint64_t until = clock_ms() + LAST_WORD_MS;

	if (b->serial >= 0) {
		close(b->serial);
		b->serial = -1;
	}
	b->gone = true;
	send_report(b);
	while (b->guard >= 0 && clock_ms() < until) {
		wait_for_input(b, LAST_WORD_MS);
		read_guard(b);
	}
}

int
box_main(const char *port, const char *usb_serial)
{
	struct box b = {.guard = CHILD_FD, .serial = -1, .asked = -1, .why = PORT_GONE};

	if (prepare(&b, port, usb_serial) != 0) {
		say_gone(&b);
		return 1;
	}
	serve(&b);
	if (b.gone) {
		log_warn("the serial port went away: %s",
			 b.error != 0 ? strerror(b.error) : "it hung up");
		say_gone(&b);
	}
	return b.gone ? 2 : b.taken ? 3 : 0;
}

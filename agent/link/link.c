/*
 * The link process: one connection to the server, from set-up to its end. Frames of the guard are
 * trusted, everything from the network is hostile and read only after the seal.
 *
 * Order: set-up frame, TLS context and authorities, resolve, TCP connect, seal, TLS, MQTT. The
 * resolver's answers are the one thing from outside that is read before the seal.
 */
#include "agent/link/link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "agent/link/link_job.h"
#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "common/spawn.h"

#define EXIT_GUARD 2         /* the guard does not speak as agreed */
#define TRY_S 8              /* a silent address is given up after this, so that three fit in 30 s */
#define SETUP_MS 5000        /* the guard sends the set-up frame before it starts us */
#define FLUSH_MS 500         /* how long the last words to the guard may take */
#define TURN_MS 1000         /* libmosquitto's keep-alive wants to be looked at once a second */
#define TURN_FRAMES 64       /* frames read from the guard before the network has its turn */
#define HEAP_MAX (64U << 20) /* libmosquitto allocates what a packet's header says, up to 256 MB */

static int
wait_for(int fd, short events, int ms)
{
	struct pollfd p = {fd, events, 0};

	return poll(&p, 1, ms) == 1 ? 0 : -1;
}

/* ---- towards the guard --------------------------------------------------------------------- */

/* Sends what waits, in order of importance, until there is no room. FRAME_OK, _EMPTY or worse. */
static int
tell_guard(struct link *l)
{
	const struct command *c;
	int rc = FRAME_OK;

	while (rc == FRAME_OK && (c = link_out_next(&l->out)) != NULL) {
		rc = frames_send(l->guard, frames_from_link, FRAME_LINK_COMMAND, c);
		if (rc == FRAME_OK) {
			link_out_drop(&l->out);
		}
	}
	if (rc == FRAME_OK && l->issued_due) {
		rc = frames_send(l->guard, frames_from_link, FRAME_LINK_ISSUED, &l->issued);
		l->issued_due = rc != FRAME_OK;
	}
	if (rc == FRAME_OK && l->status_due) {
		rc = frames_send(l->guard, frames_from_link, FRAME_LINK_STATUS, &l->status);
		l->status_due = rc != FRAME_OK;
	}
	return rc;
}

static void
tell_guard_last(struct link *l)
{
	uint64_t end = clock_ms() + FLUSH_MS;

	while (tell_guard(l) == FRAME_EMPTY && clock_ms() < end) {
		(void)wait_for(l->guard, POLLOUT, FLUSH_MS);
	}
}

/* ---- from the guard ------------------------------------------------------------------------ */

static bool
setup_valid(const struct link_setup *s)
{
	uint8_t client[CLIENT_LEN];

	/* Port 0 would mean a local socket's path to libmosquitto. */
	return s->job <= JOB_END && s->host[0] != '\0' && s->port != 0 &&
	       hex_decode(client, CLIENT_LEN, s->client, strlen(s->client)) == 0 &&
	       (s->job == JOB_ISSUE || s->token[0] != '\0');
}

static int
read_setup(struct link *l)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;

	if (wait_for(l->guard, POLLIN, SETUP_MS) != 0 ||
	    frame_recv(l->guard, frames_to_link, &type, buf) != FRAME_OK ||
	    type->type != FRAME_LINK_SETUP || frame_decode(type, buf, &l->setup) != FRAME_OK) {
		return -1;
	}
	return setup_valid(&l->setup) ? 0 : -1;
}

/* One frame. FRAME_OK, or a negative enum frame_error: FRAME_BAD is the end. */
static int
hear_guard(struct link *l)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	int rc = frame_recv(l->guard, frames_to_link, &type, buf);

	if (rc != FRAME_OK) {
		return rc;
	}
	switch (type->type) {
	case FRAME_LINK_PING:
		l->status_due = true;
		return FRAME_OK;
	case FRAME_LINK_STATE:
		l->state_due = true;
		return frame_decode(type, buf, &l->state);
	default:
		return FRAME_BAD; /* a second set-up */
	}
}

/* ---- connecting ---------------------------------------------------------------------------- */

static void
wake_up(int number)
{
	(void)number;
}

/* Makes a blocking connect() give up every TRY_S seconds, so that the next address is tried. */
static void
set_alarm(time_t seconds)
{
	const struct itimerval timer = {{seconds, 0}, {seconds, 0}};
	struct sigaction action = {.sa_handler = wake_up}; /* no SA_RESTART: that is the point */

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Called by TLS between the TCP connection and the first byte: from here on no file and no new
 * socket, whatever the server manages to make of this process. */
static void
seal(void *context)
{
	struct link *l = context;
	const char *why = "";

	set_alarm(0);
	tzset(); /* reads /etc/localtime now, not when the certificate's dates are looked at */
#ifndef TETHER_SANITIZED
	setrlimit(RLIMIT_DATA, &(struct rlimit){HEAP_MAX, HEAP_MAX});
#endif
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_SOCKOPT, &why) != 0) {
		log_error("the sandbox can't be set up: %s", why);
		job_end(l, &(struct link_words){
				   LINK_LOST, 0, "The link can't be sandboxed on this computer."});
		tell_guard_last(l);
		_exit(EXIT_FAILURE);
	}
}

static int
connect_server(struct link *l)
{
	struct link_words words = {LINK_LOST, 0, NULL};

	if (job_create(l, seal, &words.text) == 0) {
		set_alarm(TRY_S);
		if (job_connect(l, &words) == 0) {
			return 0;
		}
	}
	job_end(l, &words);
	return -1;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static int
turn_ms(const struct link *l)
{
	uint64_t now = clock_ms();

	if (l->deadline == 0 || l->deadline > now + TURN_MS) {
		return TURN_MS;
	}
	return l->deadline > now ? (int)(l->deadline - now) : 0;
}

/* Until the handshake is over libmosquitto can't tell what the socket waits for: 2.0.11 says too
 * little, from 2.0.15 on it asks to write all the time. */
static bool
wants_to_write(const struct link *l)
{
	const SSL *ssl = mosquitto_ssl_get(l->mqtt);

	return l->tls.done || ssl == NULL ? mosquitto_want_write(l->mqtt) : SSL_want_write(ssl);
}

/* Reading carries the handshake on, whatever it waits for. */
static void
serve_network(struct link *l, short events)
{
	int rc = 0;

	if ((events & ~POLLOUT) != 0 || (events != 0 && !l->tls.done)) {
		rc = mosquitto_loop_read(l->mqtt, 1);
	}
	if (rc == 0 && (events & POLLOUT) != 0 && l->tls.done) {
		rc = mosquitto_loop_write(l->mqtt, 1);
	}
	if (rc == 0) {
		rc = mosquitto_loop_misc(l->mqtt);
	}
	if (rc != 0 || mosquitto_socket(l->mqtt) < 0) {
		job_lost(l);
	}
	if (l->deadline != 0 && clock_ms() >= l->deadline) {
		job_late(l);
	}
}

/* Commands go out before anything else is done; a guard that has gone is still heard to its last word,
 * which may be the state that says `ended`. FRAME_OK, or FRAME_CLOSED or FRAME_BAD: the end. */
static int
serve_guard(struct link *l)
{
	int told = tell_guard(l), heard = FRAME_OK;

	for (int i = 0; i < TURN_FRAMES && heard == FRAME_OK; i++) {
		heard = hear_guard(l);
	}
	if (heard != FRAME_BAD) {
		job_publish_state(l);
	}
	if (heard == FRAME_BAD || heard == FRAME_CLOSED) {
		return heard;
	}
	if (told != FRAME_CLOSED) {
		told = tell_guard(l);
	}
	return told == FRAME_CLOSED && heard == FRAME_EMPTY ? FRAME_CLOSED : FRAME_OK;
}

/* Until the job is over or the guard has gone: 0, or -1 when the guard broke the rules. */
static int
serve(struct link *l)
{
	int rc = FRAME_OK;

	while (!l->over && rc == FRAME_OK) {
		bool full = l->status_due || link_out_next(&l->out) != NULL;
		struct pollfd p[2] = {
			{l->guard, (short)(POLLIN | (full ? POLLOUT : 0)), 0},
			{mosquitto_socket(l->mqtt), (short)(POLLIN | (wants_to_write(l) ? POLLOUT : 0)),
			 0},
		};

		if (poll(p, 2, turn_ms(l)) < 0 && errno != EINTR) {
			return -1;
		}
		serve_network(l, p[1].revents);
		rc = serve_guard(l);
	}
	return rc == FRAME_BAD ? -1 : 0;
}

int
link_main(void)
{
	static struct link l; /* large, and one a process */
	int rc;

	l.guard = CHILD_FD;
	log_open("link", 0);
	(void)secret_process(); /* the token is for nobody else's eyes */
	if (read_setup(&l) != 0) {
		log_error("the guard's set-up was not understood");
		return EXIT_GUARD;
	}
	rc = connect_server(&l) == 0 ? serve(&l) : 0;
	if (rc != 0) {
		rc = EXIT_GUARD;
	} else if (l.over && l.status.phase != LINK_DONE) {
		rc = EXIT_FAILURE;
	}
	tell_guard_last(&l);
	if (l.mqtt != NULL && mosquitto_socket(l.mqtt) >= 0) {
		(void)mosquitto_disconnect_v5(l.mqtt, 0, NULL);
	}
	return rc;
}

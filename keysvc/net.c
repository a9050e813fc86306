/*
 * The net process: connects to the broker, seals itself before the first byte of TLS, reads
 * requests, checks agents' tokens with the public keys and asks main. It lives for one connection
 * and holds nothing but its own four-hour token. Frames of main are trusted; everything from the
 * network is hostile. Taken over, it could lie about who asks: it could end sessions, which its
 * token allows anyway, and ask for what anyone can ask for; it can't sign, nor widen what is signed.
 */
#include "keysvc/net.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "keysvc/layout.h"
#include "keysvc/net_talk.h"

#define KEEPALIVE_S 10
#define SETUP_MS 5000
#define TRY_S 8              /* a silent address is given up after this, so that three fit */
#define TURN_MS 1000         /* libmosquitto's keep-alive wants to be looked at once a second */
#define HEAP_MAX (64U << 20) /* libmosquitto allocates what a packet's header says, up to 256 MB */
#define HANGUPS_MAX 16       /* turns after a hang-up that libmosquitto does not report */

/* ---- before the seal ----------------------------------------------------------------------- */

static void
load_keys(struct net *n)
{
	glob_t found;

	if (glob(PATH_PUBLIC "/*.pem", 0, NULL, &found) != 0) {
		return;
	}
	/* The newest ones: names begin with the day. */
	for (size_t i = found.gl_pathc; i > 0 && n->key_count < MAX_KEYS; i--) {
		EVP_PKEY *key = layout_public_key(found.gl_pathv[i - 1]);

		if (key != NULL && layout_kid(n->keys[n->key_count].kid, found.gl_pathv[i - 1]) == 0) {
			n->keys[n->key_count++].key = key;
		} else {
			log_warn("a file in %s is not a usable public key", PATH_PUBLIC);
			EVP_PKEY_free(key);
		}
	}
	globfree(&found);
}

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
	const struct sigaction action = {.sa_handler = wake_up}; /* no SA_RESTART: that is the point */

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Called between the TCP connection and the first byte of TLS. */
static void
seal(void *context)
{
	struct net *n = context;
	const char *why = "";

	set_alarm(0);
	tzset(); /* libc opens its time zone at the first use: a certificate's dates would be that */
#ifndef TETHER_SANITIZED
	setrlimit(RLIMIT_DATA, &(struct rlimit){HEAP_MAX, HEAP_MAX});
#endif
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_SOCKOPT, &why) != 0) {
		log_error("can't seal the sandbox: %s", why);
		net_talk_end(n, "the sandbox could not be sealed");
		_exit(EXIT_FAILURE);
	}
}

/* Connects (TCP on the addresses of the name in turn) and, by way of `seal`, seals. */
static int
connect_broker(struct net *n)
{
	const char *why;

	if (tls_client_init(&n->tls, n->setup.host, n->setup.ca, seal, n, &why) != 0) {
		net_talk_end(n, why);
		return -1;
	}
	if (net_talk_create(n) != 0) {
		net_talk_end(n, "MQTT could not be set up");
		return -1;
	}
	set_alarm(TRY_S);
	if (mosquitto_connect_bind_v5(n->mqtt, n->setup.host, n->setup.port, KEEPALIVE_S, NULL,
				      NULL) != 0) {
		/* `ready` is cleared when TLS begins, which may well fail in the same call. */
		net_talk_end(n, n->tls.ready == NULL ? tls_client_words(&n->tls)
						     : "the broker can't be reached");
		return -1;
	}
	return 0;
}

/* ---- loop ---------------------------------------------------------------------------------- */

/* 0, or -1 when main has gone. */
static int
serve_main(struct net *n)
{
	union frame_message m;

	while (!n->over && n->open_count < MAX_UNTOLD) {
		int type = frames_recv(CHILD_FD, frames_to_net, &m);

		if (type == FRAME_EMPTY) {
			return 0;
		}
		if (type < 0) {
			return -1;
		}
		net_talk_take(n, type, &m);
	}
	return 0;
}

/* libmosquitto reads again after a hang-up during the handshake without an error: that is counted,
 * else the loop would spin. */
static void
serve_network(struct net *n, short events, unsigned *hangups)
{
	int rc = 0;

	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 || ((events & POLLOUT) != 0 && !n->tls.done)) {
		rc = mosquitto_loop_read(n->mqtt, 1);
	}
	if (rc == 0 && (events & POLLOUT) != 0 && n->tls.done) {
		rc = mosquitto_loop_write(n->mqtt, 1);
	}
	if (rc == 0) {
		rc = mosquitto_loop_misc(n->mqtt);
	}
	if ((events & (POLLHUP | POLLERR)) != 0) {
		++*hangups;
	}
	if (rc != 0 || mosquitto_socket(n->mqtt) < 0 || *hangups > HANGUPS_MAX) {
		net_talk_lost(n);
	}
}

static int
serve(struct net *n)
{
	unsigned hangups = 0;

	while (!n->over) {
		bool ready = n->status.phase == NET_CONNECTED && n->open_count < MAX_UNTOLD;
		struct pollfd p[2] = {
			{CHILD_FD, ready ? POLLIN : 0, 0},
			{mosquitto_socket(n->mqtt),
			 (short)(POLLIN | (mosquitto_want_write(n->mqtt) ? POLLOUT : 0)), 0},
		};

		if (poll(p, 2, TURN_MS) < 0 && errno != EINTR) {
			return 1;
		}
		serve_network(n, p[1].revents, &hangups);
		if ((p[0].revents & POLLHUP) != 0 && (p[0].revents & POLLIN) == 0) {
			return 0;
		}
		if (n->status.phase == NET_CONNECTED && serve_main(n) != 0) {
			return 0;
		}
	}
	return 1;
}

static int
read_setup(struct net *n)
{
	struct pollfd p = {.fd = CHILD_FD, .events = POLLIN};
	union frame_message m;

	if (poll(&p, 1, SETUP_MS) != 1 ||
	    frames_recv(CHILD_FD, frames_to_net, &m) != FRAME_NET_SETUP) {
		return -1;
	}
	n->setup = m.setup;
	return 0;
}

int
net_run(void)
{
	static struct net n; /* large, and one a process */
	int status = 1;

	log_open("keysvc net", 0);
	signal(SIGPIPE, SIG_IGN);
	(void)secret_process(); /* the token is for nobody else's eyes */
	if (read_setup(&n) != 0) {
		log_error("main's set-up was not understood");
		return 1;
	}
	load_keys(&n);
	if (connect_broker(&n) == 0) {
		status = serve(&n);
	}
	if (n.mqtt != NULL && mosquitto_socket(n.mqtt) >= 0) {
		(void)mosquitto_disconnect_v5(n.mqtt, 0, NULL);
	}
	return status;
}

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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/evp.h>

#include "agent/link/link_tls.h"
#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/revoked.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "keysvc/frames.h"
#include "keysvc/layout.h"
#include "keysvc/limits.h"
#include "keysvc/rate.h"

#define FILTER "key/+/+/req"
#define CONTROL "$CONTROL/tether/v1"
#define KEEPALIVE_S 10
#define SETUP_MS 5000
#define TURN_MS 1000         /* libmosquitto's keep-alive wants to be looked at once a second */
#define HEAP_MAX (64U << 20) /* libmosquitto allocates what a packet's header says, up to 256 MB */
#define HANGUPS_MAX 16       /* turns after a hang-up that libmosquitto does not report */

struct net {
	struct net_setup setup;
	struct link_tls tls;
	struct mosquitto *mqtt;
	mosquitto_property *expiry;
	struct net_status status;
	bool over;
	struct {
		char kid[KID_TEXT + 1];
		EVP_PKEY *key;
	} keys[MAX_KEYS];
	size_t key_count;
	/* QoS 1 messages without PUBACK: while there are MAX_UNTOLD, main has to wait. */
	struct {
		int mid;
		bool revoke;
		uint32_t index;
	} open[MAX_UNTOLD];
	size_t open_count;
	bool control_refused; /* said once */
	uint64_t bad_bucket;
};

/* ---- towards main -------------------------------------------------------------------------- */

static void
tell_status(struct net *n)
{
	/* When main is so far behind, it will ask again or end us. */
	(void)frames_send(CHILD_FD, frames_from_net, FRAME_NET_STATUS, &n->status);
}

static void
end_as(struct net *n, const char *why)
{
	if (n->over) {
		return;
	}
	n->over = true;
	n->status.phase = NET_LOST;
	snprintf(n->status.why, sizeof(n->status.why), "%s", why);
	tell_status(n);
}

static void
end_as_lost(struct net *n)
{
	end_as(n, n->tls.done ? "the connection to the broker was lost" : link_tls_words(&n->tls));
}

/* ---- towards the broker -------------------------------------------------------------------- */

static void
publish(struct net *n, const char *topic, const char *text, int len, int qos,
	const struct net_revoke *revoke)
{
	int mid = 0;

	if (mosquitto_publish_v5(n->mqtt, &mid, topic, len, text, qos, false, n->expiry) != 0) {
		end_as_lost(n);
		return;
	}
	if (qos == 1 && n->open_count < MAX_UNTOLD) {
		n->open[n->open_count].mid = mid;
		n->open[n->open_count].revoke = revoke != NULL;
		n->open[n->open_count].index = revoke != NULL ? revoke->index : 0;
		n->open_count++;
	}
}

static void
publish_answer(struct net *n, const struct net_answer *a, const char *text)
{
	char topic[MAX_TOPIC], json[MAX_REPLY + 1];
	int len = reply_write(json, &a->reply, text);

	if (len < 0) {
		log_error("an answer did not fit");
		return;
	}
	snprintf(topic, sizeof(topic), "key/%s/%s/res", role_name(a->role), a->client);
	publish(n, topic, json, len, 1, NULL);
}

static void
publish_control(struct net *n, const struct revoked *r, const struct net_revoke *revoke)
{
	char line[REVOKED_LINE];
	int len = revoked_write(line, r);

	publish(n, CONTROL, line, len, 1, revoke);
}

static void
publish_stat(struct net *n, const struct net_stat *s)
{
	char json[256];
	int len = snprintf(json, sizeof(json),
			   "{\"v\":1,\"issued\":%u,\"redeemed\":%u,\"ended\":%u,\"revoked\":%u,"
			   "\"refused\":%u,\"busy\":%u,\"bad\":%u,\"live\":%u}",
			   s->issued, s->redeemed, s->ended, s->revoked, s->refused, s->busy,
			   n->status.bad, s->live);

	publish(n, "stat/keysvc", json, len, 0, NULL);
}

/* ---- requests ------------------------------------------------------------------------------ */

static EVP_PKEY *
find_key(void *context, const char *kid)
{
	const struct net *n = context;

	for (size_t i = 0; i < n->key_count; i++) {
		if (strcmp(n->keys[i].kid, kid) == 0) {
			return n->keys[i].key;
		}
	}
	return NULL;
}

int
net_topic_parse(enum role *role, char client[CLIENT_TEXT + 1], const char *topic)
{
	static const enum role askers[] = {ROLE_GUEST, ROLE_AGENT, ROLE_GW};
	uint8_t bytes[CLIENT_LEN];
	char head[MAX_TOPIC];

	for (size_t i = 0; i < sizeof(askers) / sizeof(askers[0]); i++) {
		size_t len = (size_t)snprintf(head, sizeof(head), "key/%s/", role_name(askers[i]));

		if (strncmp(topic, head, len) == 0 && strlen(topic) == len + CLIENT_TEXT + 4 &&
		    strcmp(topic + len + CLIENT_TEXT, "/req") == 0 &&
		    hex_decode(bytes, CLIENT_LEN, topic + len, CLIENT_TEXT) == 0) {
			*role = askers[i];
			memcpy(client, topic + len, CLIENT_TEXT);
			client[CLIENT_TEXT] = '\0';
			return 0;
		}
	}
	return -1;
}

/* An agent's own token says which session it may end. */
static enum refusal
read_token(const struct net *n, struct net_ask *ask, const char *token)
{
	struct token t;
	int error = token_verify(&t, token, strlen(token), clock_unix(), find_key, (void *)n);

	if (error != TOKEN_OK) {
		return error == TOKEN_EXPIRED ? REFUSED_EXPIRED : REFUSED_ROLE;
	}
	if (t.role != ROLE_AGENT || strcmp(t.client, ask->client) != 0) {
		return REFUSED_ROLE;
	}
	memcpy(ask->sid, t.sid, SID_LEN);
	ask->expiry = (uint32_t)t.exp;
	return REFUSED_NOT;
}

/* Answers at once what main need not see. Not for ever: who floods us with rubbish gets silence. */
static void
refuse(struct net *n, const struct net_ask *ask, enum refusal why, const char *text)
{
	static const struct rate rate = {1000 / MAX_BAD_ANSWERS, MAX_BAD_ANSWERS};
	struct net_answer a = {.role = ask->role};

	n->status.bad++;
	if (n->open_count == MAX_UNTOLD || rate_take(&n->bad_bucket, &rate, clock_ms()) != 0) {
		return;
	}
	memcpy(a.client, ask->client, sizeof(a.client));
	a.reply.id = ask->id;
	a.reply.why = (uint8_t)why;
	a.reply.retry = why == REFUSED_BUSY ? 1 : 0;
	publish_answer(n, &a, text);
}

static void
take_request(struct net *n, const struct mosquitto_message *message)
{
	struct net_ask ask = {0};
	struct request r;
	enum role role;
	enum refusal why;
	const char *text = NULL;

	if (net_topic_parse(&role, ask.client, message->topic) != 0) {
		n->status.bad++;
		return;
	}
	ask.role = (uint8_t)role;
	why = request_parse(&r, role, message->payload != NULL ? message->payload : "",
			    (size_t)message->payloadlen, &text);
	ask.id = r.id;
	if (why == REFUSED_NOT && r.token[0] != '\0') {
		why = read_token(n, &ask, r.token);
	}
	if (why == REFUSED_NOT) {
		ask.op = r.op;
		ask.key = r.key;
		memcpy(ask.agent, r.agent, ELEMENT_LEN);
		memcpy(ask.link, r.link, ELEMENT_LEN);
		if (frames_send(CHILD_FD, frames_from_net, FRAME_NET_ASK, &ask) == FRAME_OK) {
			return;
		}
		why = REFUSED_BUSY; /* main has its hands full */
	}
	refuse(n, &ask, why, text);
}

/* ---- libmosquitto's callbacks -------------------------------------------------------------- */

/* libmosquitto stops reading when errno is EAGAIN after a callback, although TLS may still hold
 * whole messages that no poll will tell of: errno stays as it was. */
static void
on_message(struct mosquitto *m, void *user, const struct mosquitto_message *message,
	   const mosquitto_property *p)
{
	int error = errno;

	(void)m;
	(void)p;
	take_request(user, message);
	errno = error;
}

static void
on_connect(struct mosquitto *m, void *user, int reason, int flags, const mosquitto_property *p)
{
	struct net *n = user;

	(void)flags;
	(void)p;
	if (reason != 0) {
		end_as(n, reason == MQTT_RC_NOT_AUTHORIZED || reason == MQTT_RC_BAD_USERNAME_OR_PASSWORD
				  ? "the broker does not accept this key service's token"
				  : "the broker refused the connection");
	} else if (mosquitto_subscribe_v5(m, NULL, FILTER, 1, 0, NULL) != 0) {
		end_as_lost(n);
	}
}

static void
on_subscribe(struct mosquitto *m, void *user, int mid, int count, const int *granted,
	     const mosquitto_property *p)
{
	struct net *n = user;

	(void)m;
	(void)mid;
	(void)p;
	if (count != 1 || granted[0] >= MQTT_RC_UNSPECIFIED) {
		end_as(n, "the broker does not let the key service listen");
		return;
	}
	n->status.phase = NET_CONNECTED;
	tell_status(n);
}

static void
on_publish(struct mosquitto *m, void *user, int mid, int reason, const mosquitto_property *p)
{
	struct net *n = user;
	struct net_told told;

	(void)m;
	(void)p;
	for (size_t i = 0; i < n->open_count; i++) {
		if (n->open[i].mid != mid) {
			continue;
		}
		told.index = n->open[i].index;
		if (n->open[i].revoke && reason < MQTT_RC_UNSPECIFIED) {
			(void)frames_send(CHILD_FD, frames_from_net, FRAME_NET_TOLD, &told);
		} else if (n->open[i].revoke && !n->control_refused) {
			n->control_refused = true;
			log_warn("the broker does not take revocations: is tether_auth loaded?");
		}
		n->open[i] = n->open[--n->open_count];
		return;
	}
}

static void
on_disconnect(struct mosquitto *m, void *user, int reason, const mosquitto_property *p)
{
	struct net *n = user;

	(void)m;
	(void)p;
	/* Reasons below 128 are libmosquitto's own MOSQ_ERR_ numbers: no word of the broker. */
	if (reason >= MQTT_RC_UNSPECIFIED) {
		end_as(n, "the broker ended the connection");
	} else {
		end_as_lost(n);
	}
}

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
seal(void *context)
{
	struct net *n = context;
	const char *why = "";

	tzset(); /* libc opens its time zone at the first use: a certificate's dates would be that */
#ifndef TETHER_SANITIZED
	setrlimit(RLIMIT_DATA, &(struct rlimit){HEAP_MAX, HEAP_MAX});
#endif
	if (sandbox_seal(SANDBOX_BASE | SANDBOX_SOCKOPT, &why) != 0) {
		log_error("can't seal the sandbox: %s", why);
		end_as(n, "the sandbox could not be sealed");
		_exit(EXIT_FAILURE);
	}
}

static int
set_options(struct net *n)
{
	struct mosquitto *m = n->mqtt;

	if (mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != 0 ||
	    mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1) != 0 ||
	    mosquitto_int_option(m, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) != 0 ||
	    mosquitto_void_option(m, MOSQ_OPT_SSL_CTX, n->tls.ctx) != 0 ||
	    mosquitto_username_pw_set(m, n->setup.client, n->setup.token) != 0) {
		return -1;
	}
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_subscribe_v5_callback_set(m, on_subscribe);
	mosquitto_publish_v5_callback_set(m, on_publish);
	mosquitto_message_v5_callback_set(m, on_message);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	return mosquitto_property_add_int32(&n->expiry, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
					    ANSWER_LIFE);
}

/* Connects (TCP on all addresses of the name in turn; main ends us when that takes too long) and,
 * by way of `seal`, seals. Session expiry is 0 when not named (MQTT 5.0, 3.1.2.11.2). */
static int
connect_broker(struct net *n)
{
	const char *why = "MQTT could not be set up";

	if (link_tls_init(&n->tls, n->setup.host, n->setup.ca, seal, n, &why) != 0 ||
	    mosquitto_lib_init() != 0) {
		end_as(n, why);
		return -1;
	}
	n->mqtt = mosquitto_new(n->setup.client, true, n);
	if (n->mqtt == NULL || set_options(n) != 0) {
		end_as(n, why);
		return -1;
	}
	if (mosquitto_connect_bind_v5(n->mqtt, n->setup.host, n->setup.port, KEEPALIVE_S, NULL,
				      NULL) != 0) {
		end_as(n, "the broker can't be reached");
		return -1;
	}
	return 0;
}

/* ---- loop ---------------------------------------------------------------------------------- */

static void
take_frame(struct net *n, int type, const union frame_message *m)
{
	struct revoked r = {.kind = REVOKED_SYNCED};

	switch (type) {
	case FRAME_NET_ANSWER:
		publish_answer(n, &m->answer, NULL);
		break;
	case FRAME_NET_REVOKE:
		r = (struct revoked){.kind = REVOKED_SID, .number = m->revoke.expiry};
		memcpy(r.sid, m->revoke.sid, SID_LEN);
		publish_control(n, &r, &m->revoke);
		break;
	case FRAME_NET_SYNCED:
		r.number = m->synced.count;
		publish_control(n, &r, NULL);
		break;
	case FRAME_NET_STAT:
		publish_stat(n, &m->stat);
		tell_status(n);
		break;
	default:
		break; /* a second setup */
	}
}

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
		take_frame(n, type, &m);
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
		end_as_lost(n);
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

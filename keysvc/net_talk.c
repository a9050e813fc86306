/*
 * What the net process says and hears on its connection. Frames of main are trusted; topics and
 * payloads are hostile. Here an agent's token is verified, with public keys.
 */
#include "keysvc/net_talk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mqtt_protocol.h>

#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/revoked.h"
#include "common/spawn.h"
#include "keysvc/net.h"
#include "common/rate.h"

#define REQUESTS "key/+/+/req"
#define CUT "key/cut"
#define CUT_DIGITS 6 /* the plugin knows of 131,072 clients at most */
#define CONTROL "$CONTROL/tether/v1"

/* ---- towards main -------------------------------------------------------------------------- */

void
net_talk_status(struct net *n)
{
	/* When main is so far behind, it will ask again or end us. */
	(void)frames_send(CHILD_FD, frames_from_net, FRAME_NET_STATUS, &n->status);
}

void
net_talk_end(struct net *n, const char *why)
{
	if (n->over) {
		return;
	}
	n->over = true;
	n->status.phase = NET_LOST;
	snprintf(n->status.why, sizeof(n->status.why), "%s", why);
	net_talk_status(n);
}

void
net_talk_lost(struct net *n)
{
	net_talk_end(n, n->tls.done ? "the connection to the broker was lost" : tls_client_words(&n->tls));
}

/* ---- towards the broker -------------------------------------------------------------------- */

static void
publish(struct net *n, const char *topic, const char *text, int len, int qos,
	const struct net_revoke *revoke)
{
	int mid = 0;

	if (mosquitto_publish_v5(n->mqtt, &mid, topic, len, text, qos, false, n->expiry) != 0) {
		net_talk_lost(n);
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
	int len = reply_write(json, &a->reply, text, &n->setup.agents);

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
	/* Each number counts from one start on: main's for as long as it runs, ours (the requests that
	 * main never saw) for one connection. Sums of both would seem to fall. */
	const uint32_t *by = s->refused, *here = n->refused;
	char json[384];
	int len = snprintf(json, sizeof(json),
			   "{\"v\":1,\"issued\":%u,\"redeemed\":%u,\"ended\":%u,\"revoked\":%u,"
			   "\"bad\":%u,\"role\":%u,\"version\":%u,\"forged\":%u,\"expired\":%u,"
			   "\"refused_revoked\":%u,\"busy\":%u,\"failed\":%u,"
			   "\"signer_failures\":%u,\"live\":%u}",
			   s->issued, s->redeemed, s->ended, s->revoked,
			   here[REFUSED_BAD] + here[REFUSED_BUSY],
			   here[REFUSED_ROLE] + here[REFUSED_EXPIRED], here[REFUSED_VERSION],
			   by[REFUSED_FORGED], by[REFUSED_EXPIRED], by[REFUSED_REVOKED],
			   by[REFUSED_BUSY], by[REFUSED_FAILED], s->signer_failures, s->live);

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

	n->refused[why]++;
	if (n->open_count == MAX_UNTOLD || rate_take(&n->bad_bucket, &rate, clock_ms()) != 0) {
		return;
	}
	memcpy(a.client, ask->client, sizeof(a.client));
	a.reply.id = ask->id;
	a.reply.why = (uint8_t)why;
	a.reply.retry = why == REFUSED_BUSY ? 1 : why == REFUSED_VERSION ? VERSION_RETRY : 0;
	publish_answer(n, &a, text);
}

static bool
is_too_old(const struct net *n, uint32_t version)
{
	const char *oldest = n->setup.agents.oldest;

	return version < version_number(oldest, strlen(oldest));
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
		n->refused[REFUSED_BAD]++;
		return;
	}
	ask.role = (uint8_t)role;
	why = request_parse(&r, role, message->payload != NULL ? message->payload : "",
			    (size_t)message->payloadlen, &text);
	ask.id = r.id;
	if (why == REFUSED_NOT && r.op == ASK_ISSUE && is_too_old(n, r.version)) {
		why = REFUSED_VERSION;
	}
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

int
net_cut_parse(struct net_cut *cut, const char *text, size_t len)
{
	size_t at = HEX_LEN(SID_LEN) + 1;
	struct net_cut read = {0};

	if (len <= at || len > at + CUT_DIGITS || text[at - 1] != ' ' ||
	    hex_decode(read.sid, SID_LEN, text, at - 1) != 0) {
		return -1;
	}
	for (; at < len; at++) {
		if (text[at] < '0' || text[at] > '9') {
			return -1;
		}
		read.connections = read.connections * 10 + (uint32_t)(text[at] - '0');
	}
	*cut = read;
	return 0;
}

static void
take_cut(const struct mosquitto_message *message)
{
	struct net_cut cut;

	if (net_cut_parse(&cut, message->payload, (size_t)message->payloadlen) == 0) {
		(void)frames_send(CHILD_FD, frames_from_net, FRAME_NET_CUT, &cut);
	}
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
	if (strcmp(message->topic, CUT) == 0) {
		take_cut(message);
	} else {
		take_request(user, message);
	}
	errno = error;
}

static void
on_connect(struct mosquitto *m, void *user, int reason, int flags, const mosquitto_property *p)
{
	char requests[] = REQUESTS, cut[] = CUT, *const filters[] = {requests, cut};
	struct net *n = user;

	(void)flags;
	(void)p;
	if (reason != 0) {
		net_talk_end(n, reason == MQTT_RC_NOT_AUTHORIZED || reason == MQTT_RC_BAD_USERNAME_OR_PASSWORD
				  ? "the broker does not accept this key service's token"
				  : "the broker refused the connection");
	} else if (mosquitto_subscribe_multiple(m, NULL, 2, filters, 1, 0, NULL) != 0) {
		net_talk_lost(n);
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
	/* A broker that keeps CUT from us can't say how many connections it cut: no reason to give up. */
	if (count < 1 || granted[0] >= MQTT_RC_UNSPECIFIED) {
		net_talk_end(n, "the broker does not let the key service listen");
		return;
	}
	n->status.phase = NET_CONNECTED;
	net_talk_status(n);
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
		net_talk_end(n, "the broker ended the connection");
	} else {
		net_talk_lost(n);
	}
}

/* ---- for net.c ------------------------------------------------------------------------------ */

void
net_talk_take(struct net *n, int type, const union frame_message *m)
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
		net_talk_status(n);
		break;
	default:
		break; /* a second setup */
	}
}

/* Session expiry is 0 when not named (MQTT 5.0, 3.1.2.11.2). */
int
net_talk_create(struct net *n)
{
	struct mosquitto *m = mosquitto_lib_init() == 0 ? mosquitto_new(n->setup.client, true, n)
							: NULL;

	n->mqtt = m;
	if (m == NULL ||
	    mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != 0 ||
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

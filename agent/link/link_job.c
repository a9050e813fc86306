/*
 * The link's side of MQTT: connect, subscribe, then by job ask the key service or relay commands.
 * Link process, sealed before the first byte of the server is read. Every callback's input is hostile.
 */
#include "agent/link/link_job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mqtt_protocol.h>

#include "agent/link/link_issue.h"
#include "common/clock.h"
#include "common/encode.h"

#define KEEPALIVE_S 10     /* a silent connection is noticed in at most twice this */
#define EXPIRY_S 5         /* what is later than this is worth nothing (docs/PROTOCOL.md) */
#define LATE_CONNECT 10000 /* ms from TCP connection to subscription; the guard allows 30 s in all */
#define LATE_ISSUE 10000   /* ms from request to answer */
#define LATE_END 5000

void
job_end(struct link *l, const struct link_words *words)
{
	if (l->over) {
		return;
	}
	l->over = true;
	l->status.phase = words->phase;
	l->status.retry = words->retry;
	(void)snprintf(l->status.why, sizeof(l->status.why), "%s", words->text);
	l->status_due = true;
}

static void
end_as(struct link *l, enum link_phase phase, uint16_t retry, const char *text)
{
	job_end(l, &(struct link_words){(uint8_t)phase, retry, text});
}

void
job_lost(struct link *l)
{
	end_as(l, LINK_LOST, 0,
	       l->tls.done ? "The connection to the server was lost." : tls_client_words(&l->tls));
}

void
job_late(struct link *l)
{
	end_as(l, LINK_LOST, 0,
	       l->asked ? "The key service did not answer." : "The server did not answer in time.");
}

static void
on_connect(struct mosquitto *m, void *user, int reason, int flags, const mosquitto_property *p)
{
	struct link *l = user;

	(void)flags;
	(void)p;
	if (reason != 0) {
		struct link_words words = link_words_connack(l->setup.job, reason);

		job_end(l, &words);
	} else if (mosquitto_subscribe_v5(m, NULL, l->listen, l->setup.job == JOB_AGENT ? 0 : 1, 0,
					  NULL) != 0) {
		job_lost(l);
	}
}

/* Guest or agent, the request is published once the answer can come. */
static void
ask(struct link *l)
{
	char request[MAX_REQUEST + 1];
	int len = request_write(request, &l->setup);

	if (len < 0 || mosquitto_publish_v5(l->mqtt, NULL, l->speak, len, request, 1, false,
					    l->expiry) != 0) {
		end_as(l, LINK_LOST, 0, "The key service could not be asked.");
		return;
	}
	l->asked = true;
	if (l->setup.job == JOB_ISSUE) { /* the wearer is told what is waited for */
		l->status.phase = LINK_CONNECTED;
		l->status_due = true;
	}
	l->deadline = clock_ms() + (l->setup.job == JOB_END ? LATE_END : LATE_ISSUE);
}

static void
on_subscribe(struct mosquitto *m, void *user, int mid, int count, const int *granted,
	     const mosquitto_property *p)
{
	struct link *l = user;

	(void)m;
	(void)mid;
	(void)p;
	if (l->over || l->asked || l->status.phase == LINK_CONNECTED) {
		return;
	}
	if (count != 1 || granted[0] >= MQTT_RC_UNSPECIFIED) {
		end_as(l, LINK_REFUSED, 0, "The server does not let this session listen.");
	} else if (l->setup.job == JOB_AGENT) {
		l->deadline = 0;
		l->status.phase = LINK_CONNECTED;
		l->status_due = true;
	} else {
		ask(l);
	}
}

static void
on_publish(struct mosquitto *m, void *user, int mid, int reason, const mosquitto_property *p)
{
	struct link *l = user;

	(void)m;
	(void)mid;
	(void)p;
	if (!l->asked) {
		return;
	}
	if (reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS) {
		end_as(l, LINK_LOST, 5, "The key service is not there at the moment.");
	} else if (reason >= MQTT_RC_UNSPECIFIED) {
		end_as(l, LINK_REFUSED, 0, "The server does not let this session ask for that.");
	}
}

static void
take_answer(struct link *l, const char *text, size_t len)
{
	struct answer a;

	if (!l->asked || l->over) {
		return;
	}
	if (answer_parse(&a, l->setup.job, text, len) != 0) {
		end_as(l, LINK_REFUSED, 0, "The key service's answer was not understood.");
		return;
	}
	if (!a.ok) {
		end_as(l, LINK_REFUSED, a.retry, a.words);
		return;
	}
	if (l->setup.job == JOB_ISSUE) {
		l->issued = a.issued;
		l->issued_due = true;
	}
	end_as(l, LINK_DONE, 0, "");
}

static void
take_command(struct link *l, const char *text, size_t len)
{
	struct command c;

	if (command_parse(&c, text, len) != COMMAND_OK || link_out_put(&l->out, &c) != 0) {
		l->status.refused++;
	}
}

/* Nothing is sent from here, only queued: libmosquitto stops reading when it finds EAGAIN in errno
 * after a callback, although TLS may still hold whole messages that no poll will tell of. */
static void
on_message(struct mosquitto *m, void *user, const struct mosquitto_message *message,
	   const mosquitto_property *p)
{
	struct link *l = user;
	const char *text = message->payload != NULL ? message->payload : "";
	size_t len = (size_t)message->payloadlen;

	(void)m;
	(void)p;
	if (message->topic == NULL || strcmp(message->topic, l->listen) != 0) {
		return;
	}
	if (l->setup.job == JOB_AGENT) {
		take_command(l, text, len);
	} else {
		take_answer(l, text, len);
	}
}

/* Reasons below 128 are libmosquitto's own MOSQ_ERR_ numbers: no word of the server. */
static void
on_disconnect(struct mosquitto *m, void *user, int reason, const mosquitto_property *p)
{
	struct link *l = user;
	struct link_words words = link_words_disconnect(reason);

	(void)m;
	(void)p;
	if (reason == MOSQ_ERR_KEEPALIVE && (l->asked || l->status.phase != LINK_CONNECTED)) {
		job_late(l);
	} else if (reason < MQTT_RC_UNSPECIFIED) {
		job_lost(l);
	} else if (l->setup.job == JOB_END && l->asked && words.phase == LINK_REFUSED) {
		/* Revoking cuts this very connection, often before the answer is out. */
		end_as(l, LINK_DONE, 0, "");
	} else {
		job_end(l, &words);
	}
}

static void
set_topics(struct link *l)
{
	char sid[HEX_LEN(SID_LEN) + 1];
	const char *role = l->setup.job == JOB_ISSUE ? "guest" : "agent";

	if (l->setup.job == JOB_AGENT) {
		hex_encode(sid, l->setup.sid, SID_LEN);
		(void)snprintf(l->listen, sizeof(l->listen), "s/%s/cmd", sid);
		(void)snprintf(l->speak, sizeof(l->speak), "s/%s/state", sid);
	} else {
		(void)snprintf(l->listen, sizeof(l->listen), "key/%s/%s/res", role, l->setup.client);
		(void)snprintf(l->speak, sizeof(l->speak), "key/%s/%s/req", role, l->setup.client);
	}
}

static int
set_options(struct link *l)
{
	struct mosquitto *m = l->mqtt;

	if (mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) != 0 ||
	    mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1) != 0 ||
	    mosquitto_int_option(m, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) != 0 ||
	    mosquitto_void_option(m, MOSQ_OPT_SSL_CTX, l->tls.ctx) != 0) {
		return -1;
	}
	if (l->setup.job != JOB_ISSUE &&
	    mosquitto_username_pw_set(m, l->setup.client, l->setup.token) != 0) {
		return -1;
	}
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_subscribe_v5_callback_set(m, on_subscribe);
	mosquitto_publish_v5_callback_set(m, on_publish);
	mosquitto_message_v5_callback_set(m, on_message);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	return mosquitto_property_add_int32(&l->expiry, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, EXPIRY_S);
}

int
job_create(struct link *l, void (*ready)(void *context), const char **why)
{
	if (tls_client_init(&l->tls, l->setup.host, l->setup.ca, ready, l, why) != 0) {
		return -1;
	}
	*why = "MQTT could not be set up on this computer.";
	if (mosquitto_lib_init() != 0) {
		return -1;
	}
	l->mqtt = mosquitto_new(l->setup.client, true, l);
	if (l->mqtt == NULL || set_options(l) != 0) {
		return -1;
	}
	set_topics(l);
	return 0;
}

/* Session expiry is 0 when it is not named (MQTT 5.0, 3.1.2.11.2). */
int
job_connect(struct link *l, struct link_words *words)
{
	int rc;

	errno = 0;
	rc = mosquitto_connect_bind_v5(l->mqtt, l->setup.host, l->setup.port, KEEPALIVE_S, NULL, NULL);
	if (rc != 0) {
		*words = link_words_connect(rc, errno);
		if (l->tls.began) { /* a quick server's refusal is read within this call */
			words->text = tls_client_words(&l->tls);
		}
		return -1;
	}
	l->deadline = clock_ms() + LATE_CONNECT;
	return 0;
}

void
job_publish_state(struct link *l)
{
	if (!l->state_due || l->status.phase != LINK_CONNECTED || mosquitto_want_write(l->mqtt)) {
		return;
	}
	l->state_due = false;
	if (mosquitto_publish_v5(l->mqtt, NULL, l->speak, l->state.len, l->state.bytes, 0, false,
				 l->expiry) != 0) {
		job_lost(l);
	}
}

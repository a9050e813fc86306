/*
 * See mqtt.h. Gateway process. The broker's bytes are parsed by libmosquitto.
 * libmosquitto 2.0.11 facts that this relies on: with an address and MOSQ_OPT_SSL_CTX nothing opens
 * files; during the TLS handshake loop_read is what makes progress; a refused connect shows as HUP
 * alone; on_disconnect does not come for a failed handshake; a handle can't be destroyed in its
 * callbacks.
 */
#include "gateway/mqtt.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/clock.h"
#include "common/log.h"
#include "gateway/loop.h"

struct mqtt {
	struct loop_watch watch; /* first: `ready` finds us by it */
	struct mosquitto *handle;
	const struct mqtt_events *events; /* NULL: closed, waits to be freed */
	void *owner;
	struct mqtt *next;
	char filter[MAX_SUBSCRIPTIONS][MAX_TOPIC];
	unsigned filters, granted;
	bool connected, ready; /* CONNACK came; all granted */
	bool busy;	       /* inside libmosquitto: don't destroy, don't disconnect */
	bool over;	       /* a reason is in `end`; the owner hears it when not busy */
	enum mqtt_end end;
	uint64_t deadline; /* until ready */
};

static struct mqtt *all;

/* libmosquitto checks no names with a context of ours, so OpenSSL does. */
static int
tls_open(struct mqtt_broker *b, const char *host, const char *ca)
{
	struct in6_addr number;
	bool is_address =
		inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1;

	b->tls = SSL_CTX_new(TLS_client_method());
	if (!b->tls || SSL_CTX_load_verify_locations(b->tls, ca, NULL) != 1) {
		return -1;
	}
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(b->tls);

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if ((is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
			: X509_VERIFY_PARAM_set1_host(param, host, 0)) != 1) {
		return -1;
	}
	SSL_CTX_set_verify(b->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(b->tls, TLS1_2_VERSION);
	SSL_CTX_set_mode(b->tls, SSL_MODE_RELEASE_BUFFERS);
	return 0;
}

int
mqtt_broker_trust(struct mqtt_broker *b, const char *ca)
{
	int rc = SSL_CTX_load_verify_locations(b->tls, ca, NULL) == 1 ? 0 : -1;

	ERR_clear_error(); /* libmosquitto and libwebsockets look at the same queue */
	return rc;
}

int
mqtt_broker_open(struct mqtt_broker *b, const char *host, int port, const char *ca,
		 const char **why)
{
	*b = (struct mqtt_broker){.port = port};
	mosquitto_lib_init();
	b->count = resolve(b->address, MAX_BROKER_ADDRESSES, host);
	if (b->count == 0) {
		*why = "the broker's name has no address";
		return -1;
	}
	if (tls_open(b, host, ca)) {
		*why = "the CA file can't be read";
		return -1;
	}
	return 0;
}

static void
mqtt_mark_over(struct mqtt *c, enum mqtt_end end)
{
	if (!c->over) {
		c->over = true;
		c->end = end;
	}
}

static void
on_connect(struct mosquitto *handle, void *self, int rc, int flags, const mosquitto_property *p)
{
	struct mqtt *c = self;

	(void)flags;
	(void)p;
	if (rc) {
		mqtt_mark_over(c, MQTT_REFUSED);
		return;
	}
	c->connected = true;
	for (unsigned i = 0; i < c->filters; i++) {
		if (mosquitto_subscribe_v5(handle, NULL, c->filter[i], 1, 0, NULL)) {
			mqtt_mark_over(c, MQTT_GONE);
		}
	}
}

static void
on_subscribe(struct mosquitto *handle, void *self, int mid, int count, const int *granted,
	     const mosquitto_property *p)
{
	struct mqtt *c = self;

	(void)handle;
	(void)mid;
	(void)p;
	for (int i = 0; i < count; i++) {
		if (granted[i] > 2) {
			mqtt_mark_over(c, MQTT_REFUSED);
			return;
		}
		c->granted++;
	}
	if (c->granted == c->filters && !c->ready) {
		c->ready = true;
		if (c->events) {
			c->events->ready(c->owner);
		}
	}
}

static void
on_message(struct mosquitto *handle, void *self, const struct mosquitto_message *m,
	   const mosquitto_property *p)
{
	struct mqtt *c = self;

	(void)handle;
	(void)p;
	if (c->events && c->ready && m->payloadlen >= 0) {
		c->events->message(c->owner, m->topic, m->payload, (size_t)m->payloadlen);
	}
}

/* rc is an enum mosq_err_t (below 128), or the reason code of the broker's DISCONNECT. */
static void
on_disconnect(struct mosquitto *handle, void *self, int rc, const mosquitto_property *p)
{
	(void)handle;
	(void)p;
	switch (rc) {
	case MQTT_RC_ADMINISTRATIVE_ACTION:
	case MQTT_RC_MAXIMUM_CONNECT_TIME:
	case MQTT_RC_NOT_AUTHORIZED:
		mqtt_mark_over(self, MQTT_CUT);
		break;
	default:
		mqtt_mark_over(self, MQTT_GONE);
	}
}

/* Until the TLS handshake is over libmosquitto does not know what the socket waits for: 2.0.11 says
 * too little, 2.0.15 and later ask to write all the time. */
static bool
mqtt_wants_write(const struct mqtt *c)
{
	const SSL *ssl = mosquitto_ssl_get(c->handle);

	return ssl && !SSL_is_init_finished(ssl) ? SSL_want_write(ssl)
						 : mosquitto_want_write(c->handle);
}

/* After every call into libmosquitto: tell the owner, or ask for what the handle wants next. */
static void
mqtt_settle(struct mqtt *c, int rc)
{
	int fd = mosquitto_socket(c->handle);

	if (rc || fd < 0) {
		mqtt_mark_over(c, MQTT_GONE);
	}
	if (!c->events) {
		return;
	}
	if (!c->over && loop_watch(&c->watch, fd, EPOLLIN | (mqtt_wants_write(c) ? EPOLLOUT : 0))) {
		mqtt_mark_over(c, MQTT_GONE);
	}
	if (c->over) {
		loop_forget(&c->watch);
		c->events->over(c->owner, c->end);
	}
}

static void
mqtt_ready(struct loop_watch *w, uint32_t events)
{
	struct mqtt *c = (struct mqtt *)(void *)w;
	int rc;

	c->busy = true;
	rc = mosquitto_loop_read(c->handle, 1);
	if (!rc && mosquitto_want_write(c->handle)) {
		rc = mosquitto_loop_write(c->handle, 1);
	}
	c->busy = false;
	if (!c->connected && (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))) {
		mqtt_mark_over(c, MQTT_GONE);
	}
	mqtt_settle(c, rc);
}

static int
mqtt_configure(struct mqtt *c, const struct mqtt_broker *b, const char *client, const char *token)
{
	if (mosquitto_int_option(c->handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) ||
	    mosquitto_int_option(c->handle, MOSQ_OPT_TCP_NODELAY, 1) ||
	    mosquitto_void_option(c->handle, MOSQ_OPT_SSL_CTX, b->tls) ||
	    mosquitto_int_option(c->handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) ||
	    mosquitto_username_pw_set(c->handle, client, token)) {
		return -1;
	}
	mosquitto_connect_v5_callback_set(c->handle, on_connect);
	mosquitto_subscribe_v5_callback_set(c->handle, on_subscribe);
	mosquitto_message_v5_callback_set(c->handle, on_message);
	mosquitto_disconnect_v5_callback_set(c->handle, on_disconnect);
	return 0;
}

struct mqtt *
mqtt_open(const struct mqtt_broker *b, const char *client, const char *token,
	  const char *const *filters, const struct mqtt_events *events, void *owner)
{
	struct mqtt *c = calloc(1, sizeof(*c));

	if (!c) {
		return NULL;
	}
	*c = (struct mqtt){.watch = {.fd = -1, .ready = mqtt_ready}, .owner = owner};
	for (; c->filters < MAX_SUBSCRIPTIONS && filters[c->filters]; c->filters++) {
		strncpy(c->filter[c->filters], filters[c->filters], MAX_TOPIC - 1);
	}
	c->handle = mosquitto_new(client, true, c);
	if (!c->handle || mqtt_configure(c, b, client, token) ||
	    mosquitto_connect_bind_async(c->handle, b->address[b->current], b->port, KEEPALIVE_S,
					 NULL) ||
	    loop_watch(&c->watch, mosquitto_socket(c->handle), EPOLLIN | EPOLLOUT)) {
		mosquitto_destroy(c->handle);
		free(c);
		return NULL;
	}
	c->events = events;
	c->deadline = clock_ms() + CONNECT_MS;
	c->next = all;
	all = c;
	return c;
}

void
mqtt_close(struct mqtt *c)
{
	if (!c || !c->events) {
		return;
	}
	c->events = NULL;
	loop_forget(&c->watch);
	if (!c->busy && !c->over) {
		c->busy = true;
		(void)mosquitto_disconnect(c->handle);
		c->busy = false;
	}
}

void
mqtt_reap(void)
{
	for (struct mqtt **at = &all; *at;) {
		struct mqtt *c = *at;

		if (c->events) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		mosquitto_destroy(c->handle);
		free(c);
	}
}

int
mqtt_publish(struct mqtt *c, const char *topic, const void *payload, size_t len, int qos,
	     uint32_t expiry)
{
	mosquitto_property *props = NULL;
	int rc;

	if (expiry &&
	    mosquitto_property_add_int32(&props, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, expiry)) {
		return -1;
	}
	rc = mosquitto_publish_v5(c->handle, NULL, topic, (int)len, payload, qos, false, props);
	mosquitto_property_free_all(&props);
	if (rc == 0 && mosquitto_want_write(c->handle)) {
		/* A lost connection shows in the next event; only the wish to write is new. */
		(void)loop_watch(&c->watch, mosquitto_socket(c->handle), EPOLLIN | EPOLLOUT);
	}
	return rc ? -1 : 0;
}

bool
mqtt_full(const struct mqtt *c)
{
	return mosquitto_want_write(c->handle);
}

void
mqtt_tick(uint64_t now)
{
	for (struct mqtt *c = all; c; c = c->next) {
		if (!c->events) {
			continue;
		}
		if (!c->ready && now >= c->deadline) {
			mqtt_mark_over(c, MQTT_GONE);
		}
		c->busy = true;
		(void)mosquitto_loop_misc(c->handle);
		c->busy = false;
		mqtt_settle(c, 0);
	}
}

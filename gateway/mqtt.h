/*
 * One MQTT 5 connection to the broker: the gateway's own, or one partner's. TLS with the broker's
 * name verified, one SSL_CTX for all, no reconnecting: what is lost is closed and opened anew.
 */
#ifndef TETHER_GATEWAY_MQTT_H
#define TETHER_GATEWAY_MQTT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "common/max.h"
#include "gateway/limits.h"
#include "gateway/resolve.h"

#define MAX_SUBSCRIPTIONS 2

/* Where the broker is; filled once by mqtt_broker_open, before the sandbox. */
struct mqtt_broker {
	char address[MAX_BROKER_ADDRESSES][MAX_ADDRESS];
	unsigned count, current; /* addresses; the one to try */
	int port;
	SSL_CTX *tls; /* verifies chain and name */
};

/* Why a connection is over. */
enum mqtt_end {
	MQTT_CUT,     /* the broker ended it on purpose: revoked or expired */
	MQTT_REFUSED, /* the broker did not let us in or did not let us subscribe */
	MQTT_GONE     /* lost, or the broker is shutting down */
};

/* What the owner hears. mqtt_close may be called from any of them. */
struct mqtt_events {
	void (*ready)(void *owner); /* connected, and every subscription granted */
	void (*message)(void *owner, const char *topic, const void *payload, size_t len);
	void (*over)(void *owner, enum mqtt_end end); /* once; the owner then calls mqtt_close */
};

struct mqtt;

/* Resolves host and loads the CA. 0, or -1 with a sentence in *why. */
int mqtt_broker_open(struct mqtt_broker *b, const char *host, int port, const char *ca,
		     const char **why);

/* Trusts also what the CA file holds now: the authority may have changed with the certificate. 0 or -1. */
int mqtt_broker_trust(struct mqtt_broker *b, const char *ca);

/* Begins to connect. `client` is client id and user name, `token` the password; up to
 * MAX_SUBSCRIPTIONS filters, NULL-ended (copied). NULL when memory or descriptors are short. */
struct mqtt *mqtt_open(const struct mqtt_broker *b, const char *client, const char *token,
		       const char *const *filters, const struct mqtt_events *events, void *owner);

/* Sends DISCONNECT where it can and forgets the owner. NULL is allowed. */
void mqtt_close(struct mqtt *c);

/* Publishes; expiry in seconds, 0 none. 0 or -1 (then `over` follows, or the line is full). */
int mqtt_publish(struct mqtt *c, const char *topic, const void *payload, size_t len, int qos,
		 uint32_t expiry);

/* Is there something that the socket has not taken yet? Whoever adds more then builds a queue. */
bool mqtt_full(const struct mqtt *c);

/* Keep-alive and time limits of all connections. Every second or so. */
void mqtt_tick(uint64_t now);

/* Frees what mqtt_close left; only outside of loop_run(), which may have fetched their events. */
void mqtt_reap(void);

#endif

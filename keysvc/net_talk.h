/*
 * What the net process says and hears on its connection: callbacks of libmosquitto, requests,
 * answers, revocations, counters. Net process only.
 */
#ifndef TETHER_KEYSVC_NET_TALK_H
#define TETHER_KEYSVC_NET_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mosquitto.h>
#include <openssl/evp.h>

#include "common/tls_client.h"
#include "keysvc/frames.h"
#include "keysvc/limits.h"

struct net {
	struct net_setup setup;
	struct tls_client tls;
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
	uint32_t refused[REFUSED_COUNT]; /* here, by why, on this connection */
	uint64_t bad_bucket;
};

/* Makes n->mqtt from n->setup and n->tls. 0 or -1. */
int net_talk_create(struct net *n);

/* Does what a frame of main asks; main waits while n->open is full. */
void net_talk_take(struct net *n, int type, const union frame_message *m);

/* Tells main how it stands. */
void net_talk_status(struct net *n);

/* Ends the connection: main is told the first reason, a sentence that names nobody. */
void net_talk_end(struct net *n, const char *why);
/* The same where libmosquitto does not say why. */
void net_talk_lost(struct net *n);

#endif

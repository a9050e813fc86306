/*
 * What the server's and the system's codes mean, as sentences for people that fit link_status.why.
 * Pure; link process.
 */
#ifndef TETHER_LINK_WORDS_H
#define TETHER_LINK_WORDS_H

#include <stdint.h>

#include "agent/frames.h"

struct link_words {
	uint8_t phase;    /* LINK_REFUSED or LINK_LOST */
	uint16_t retry;   /* seconds, 0 none */
	const char *text;
};

/* mosquitto_connect_bind_v5 returned `rc` (MOSQ_ERR_...) and errno `error`. */
struct link_words link_words_connect(int rc, int error);

/* A reason code of 128 and up (MQTT 5.0, 2.4) in the answer to our CONNECT. */
struct link_words link_words_connack(enum link_job job, int reason);

/* The same in a DISCONNECT of the server. */
struct link_words link_words_disconnect(int reason);

#endif

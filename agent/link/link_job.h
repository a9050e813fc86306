/*
 * What one link does with its connection, by job. Link process. The server is hostile, the guard is
 * trusted.
 */
#ifndef TETHER_LINK_JOB_H
#define TETHER_LINK_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <mosquitto.h>

#include "agent/frames.h"
#include "agent/link/link_out.h"
#include "common/tls_client.h"
#include "agent/link/link_words.h"

/* What waits for the guard is a flag or a bounded queue, never a list that can grow. */
struct link {
	int guard; /* its socket */
	struct link_setup setup;
	struct tls_client tls;
	struct mosquitto *mqtt;
	mosquitto_property *expiry; /* message expiry, for everything that is published */
	char listen[MAX_TOPIC];     /* what is subscribed to */
	char speak[MAX_TOPIC];      /* what is published on */
	uint64_t deadline;          /* clock_ms() at which the server is too late, 0 none */
	bool asked;                 /* JOB_ISSUE, JOB_END: the request is out */
	bool over;                  /* status holds how it ended */
	struct link_status status;
	bool status_due;
	struct link_issued issued;
	bool issued_due;
	struct link_out out; /* commands */
	struct link_state state; /* only the newest waits */
	bool state_due;
};

/* Makes the MQTT client and its topics for l->setup; ready is tls_client_init's. 0, or -1 with a
 * sentence in *why. */
int job_create(struct link *l, void (*ready)(void *context), const char **why);

/* Resolves, connects, and begins the TLS handshake; blocks. 0, or -1 with *words. */
int job_connect(struct link *l, struct link_words *words);

/* Publishes the waiting state if the connection can take it now. */
void job_publish_state(struct link *l);

/* Ends the job; only the first end counts. */
void job_end(struct link *l, const struct link_words *words);

/* The connection has gone without a word of the server. */
void job_lost(struct link *l);

/* The server has been too slow. */
void job_late(struct link *l);

#endif

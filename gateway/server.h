/*
 * libwebsockets' side of the gateway: listening, TLS, and what each connection's events lead to.
 */
#ifndef TETHER_GATEWAY_SERVER_H
#define TETHER_GATEWAY_SERVER_H

#include <stdbool.h>

#include <libwebsockets.h>

struct server_options {
	const char *address; /* to listen on: a number; "0.0.0.0" and "::" are all */
	int port;
	const char *cert, *key;	     /* PEM files */
	const char *origin;	     /* the page's, "https://HOST[:PORT]" */
	const char *metrics_address; /* or a name; NULL: none */
	int metrics_port;
	const char *redirect_address; /* NULL: none; see redirect.h */
	int redirect_port;
	const char *challenges; /* NULL: none */
};

/* Listens. The descriptor `events` (loop.h's) becomes part of the loop. 0, or -1 with a sentence.
 */
int server_open(const struct server_options *o, int events, const char **why);

/* New handshakes get the certificate that the files hold now; one that can't be used changes
 * nothing: false. */
bool server_reload(void);

/* The same when the files have changed. Every second. */
bool server_tick(uint64_t now);

/* Is there a new certificate that can't be used? */
bool server_certificate_refused(void);

/* Before anything is spent on a connection: 0, or -1 when it is over a limit. */
int server_accept(int fd);

/* Seconds until the certificate in use expires; negative when it has. */
int64_t server_certificate_left(void);

/* Turns new connections away from now on. */
void server_refuse(void);

/* Runs the loop. With libev it does not come back: the program ends by exit() from within (see
 * main.c). */
void server_run(void);

#endif

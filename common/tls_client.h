/*
 * TLS towards the server: an SSL_CTX that needs no file once the handshake has begun, and words for
 * what went wrong. Link (agent) and net (key service) processes; the server's certificate is
 * hostile until verified.
 */
#ifndef TETHER_TLS_CLIENT_H
#define TETHER_TLS_CLIENT_H

#include <stdbool.h>

#include <openssl/ssl.h>

struct tls_client {
	SSL_CTX *ctx;
	int error; /* X509_V_ERR_... of the first certificate that was refused, 0 none */
	bool began; /* the handshake has begun */
	bool done;  /* the handshake is over, the server is who it should be */
	void (*ready)(void *context); /* see tls_client_init */
	void *context;
};

/* Makes t->ctx: TLS 1.2 and up, the server verified against the PEM file `ca` ("" = the system's
 * list) and its certificate against `host` (a DNS name, or an address as text). *t must not move as
 * long as the context is used.
 *
 * ready(context) is called once, between the TCP connection and the first byte of TLS, sent or
 * received: libmosquitto connects and begins the handshake in one call, and the process must be
 * sealed in between.
 *
 * 0, or -1 with a sentence in *why (nothing to free then). */
int tls_client_init(struct tls_client *t, const char *host, const char *ca, void (*ready)(void *context),
		  void *context, const char **why);

/* A sentence for people: why no TLS connection came about. Never NULL. */
const char *tls_client_words(const struct tls_client *t);

#endif

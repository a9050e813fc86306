/*
 * Port 80: everything is sent to https, but for what a certificate authority asks for when it
 * checks who has this host name (ACME, RFC 8555 section 8.3).
 */
#ifndef TETHER_GATEWAY_REDIRECT_H
#define TETHER_GATEWAY_REDIRECT_H

#include <libwebsockets.h>

/* `origin` is where requests are sent ("https://HOST[:PORT]"), `challenges` the folder of the ACME
 * client's answers, one file per token, or NULL. Both are kept by the caller. */
void redirect_begin(const char *origin, const char *challenges);

/* For a vhost without TLS. */
extern const struct lws_protocols redirect_protocols[];

#endif

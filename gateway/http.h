/*
 * The static page, served with headers that let the browser do nothing but this page's work.
 */
#ifndef TETHER_GATEWAY_HTTP_H
#define TETHER_GATEWAY_HTTP_H

#include <stdbool.h>

#include <libwebsockets.h>

/* Headers of every response; connect-src names `origin` ("https://HOST[:PORT]") as wss too, because
 * older Safari does not take 'self' for it. Valid until the program ends. NULL when origin is not
 * of that form. */
const struct lws_protocol_vhost_options *http_headers(const char *origin);

/* Is this header there, once, with this value? */
bool http_header_is(struct lws *wsi, enum lws_token_indexes token, const char *value);

/* Is the request anything but a GET or HEAD without a body? Then it has been told so, and its
 * connection must be closed: what follows is read by nobody, and a body of which too little is
 * taken keeps libwebsockets' (4.1.6) loop going round for ever. */
bool http_refused(struct lws *wsi);

/* One response under way; libwebsockets' per-session memory. */
struct http_request {
	const struct file *file;
	size_t sent;
};

/* Answers a request for `path`; what libwebsockets' callback returns. */
int http_answer(struct lws *wsi, struct http_request *r, const char *path);

/* Goes on with a response; likewise. */
int http_writable(struct lws *wsi, struct http_request *r);

/* Writes a whole response: a status and a sentence (its length alone without `body`). 0, or -1:
 * close the connection. */
int http_sentence(struct lws *wsi, unsigned status, const char *sentence, bool body);

#endif

/*
 * Health and aggregate counters for the inside: Prometheus text, on a port of its own, without TLS.
 * The address it listens on is what protects it.
 */
#ifndef TETHER_GATEWAY_METRICS_H
#define TETHER_GATEWAY_METRICS_H

#include <libwebsockets.h>

/* For a vhost that answers GET /metrics and GET /healthz (503 while the broker is out of reach). */
extern const struct lws_protocols metrics_protocols[];

#endif

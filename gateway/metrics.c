/* See metrics.h. Gateway process. Requests come from inside; only their path is looked at. */
#include "gateway/metrics.h"

#include <string.h>

#include "common/clock.h"
#include "gateway/address.h"
#include "gateway/count.h"
#include "gateway/http.h"
#include "gateway/limits.h"
#include "gateway/page.h"
#include "gateway/server.h"
#include "gateway/service.h"
#include "gateway/stat.h"

static void
metrics_gauge(struct exposition *e, const char *name, const char *help, double value)
{
	expose_metric(e, name, "gauge", help);
	expose_sample(e, name, "", "", value);
}

static size_t
metrics_text(char *out, size_t size)
{
	struct exposition e = {.out = out, .size = size};

	expose_metric(&e, "tether_gateway_build_info", "gauge", "1, with the version as a label");
	expose_sample(&e, "tether_gateway_build_info", "", "version=\"" TETHER_VERSION "\"", 1);
	metrics_gauge(&e, "tether_gateway_sessions", "Pages in a session now", page_joined_count());
	metrics_gauge(&e, "tether_gateway_connections", "TCP connections now",
		      address_connections());
	metrics_gauge(&e, "tether_gateway_connections_limit", "TCP connections that there may be",
		      MAX_CONNECTIONS);
	metrics_gauge(&e, "tether_gateway_broker_up", "1 while the broker is within reach",
		      service_up());
	metrics_gauge(&e, "tether_gateway_certificate_remaining_seconds",
		      "Until the certificate in use expires", (double)server_certificate_left());
	metrics_gauge(&e, "tether_gateway_certificate_refused",
		      "1 while the newest certificate can't be used",
		      server_certificate_refused());
	count_expose(&e);
	stat_expose(&e, clock_ms());
	return e.at;
}

static int
metrics_answer(struct lws *wsi, unsigned status, const char *text, size_t len)
{
	unsigned char out[LWS_PRE + MAX_METRICS + MAX_HEADERS], *start = out + LWS_PRE;
	unsigned char *at = start, *end = out + sizeof(out) - 1;

	if (lws_add_http_common_headers(wsi, status, "text/plain; version=0.0.4; charset=utf-8",
					len, &at, end) ||
	    lws_finalize_write_http_header(wsi, start, &at, end)) {
		return -1;
	}
	memcpy(start, text, len);
	if (lws_write(wsi, start, len, LWS_WRITE_HTTP_FINAL) < (int)len) {
		return -1;
	}
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int
metrics_request(struct lws *wsi, const char *path)
{
	char text[MAX_METRICS];

	if (http_refused(wsi)) {
		return -1;
	}
	if (strcmp(path, "/metrics") == 0) {
		return metrics_answer(wsi, HTTP_STATUS_OK, text, metrics_text(text, sizeof(text)));
	}
	if (strcmp(path, "/healthz") != 0) {
		return metrics_answer(wsi, HTTP_STATUS_NOT_FOUND, "no such page\n", 13);
	}
	return service_up() ? metrics_answer(wsi, HTTP_STATUS_OK, "ok\n", 3)
			    : metrics_answer(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE,
					     "the broker is out of reach\n", 27);
}

static int
metrics_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		 size_t len)
{
	(void)user;
	(void)len;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return metrics_request(wsi, in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_RAW_ADOPT:
		return -1;
	default:
		return 0;
	}
}

const struct lws_protocols metrics_protocols[] = {
	{"metrics", metrics_callback, 0, 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

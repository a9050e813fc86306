/* See http.h. Gateway process. */
#include "gateway/http.h"

#include <stdio.h>
#include <string.h>

#include "common/max.h"
#include "gateway/files.h"
#include "gateway/limits.h"

static char policy[MAX_POLICY];

static struct lws_protocol_vhost_options headers[] = {
	{NULL, NULL, "content-security-policy:", policy},
	{NULL, NULL, "strict-transport-security:", "max-age=63072000"},
	{NULL, NULL, "x-content-type-options:", "nosniff"},
	{NULL, NULL, "referrer-policy:", "no-referrer"},
	{NULL, NULL, "x-frame-options:", "DENY"},
	{NULL, NULL, "cross-origin-opener-policy:", "same-origin"},
	{NULL, NULL, "cross-origin-embedder-policy:", "require-corp"},
	{NULL, NULL, "cross-origin-resource-policy:", "same-origin"},
	{NULL, NULL, "permissions-policy:",
	 "accelerometer=(), ambient-light-sensor=(), attribution-reporting=(), autoplay=(), "
	 "bluetooth=(), browsing-topics=(), camera=(), captured-surface-control=(), "
	 "clipboard-read=(), clipboard-write=(), compute-pressure=(), "
	 "cross-origin-isolated=(), deferred-fetch=(), deferred-fetch-minimal=(), "
	 "digital-credentials-create=(), digital-credentials-get=(), display-capture=(), "
	 "encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), "
	 "hid=(), identity-credentials-get=(), idle-detection=(), interest-cohort=(), "
	 "join-ad-interest-group=(), "
	 "keyboard-map=(), language-detector=(), language-model=(), local-fonts=(), "
	 "local-network=(), local-network-access=(), loopback-network=(), "
	 "magnetometer=(), media-playback-while-not-visible=(), microphone=(), midi=(), "
	 "on-device-speech-recognition=(), otp-credentials=(), payment=(), "
	 "picture-in-picture=(), private-aggregation=(), private-state-token-issuance=(), "
	 "private-state-token-redemption=(), publickey-credentials-create=(), "
	 "publickey-credentials-get=(), run-ad-auction=(), serial=(), shared-storage=(), "
	 "shared-storage-select-url=(), speaker-selection=(), "
	 "storage-access=(), summarizer=(), sync-xhr=(), translator=(), unload=(), "
	 "usb=(), web-share=(), window-management=(), xr-spatial-tracking=(), "
	 "screen-wake-lock=(self)"},
};

const struct lws_protocol_vhost_options *
http_headers(const char *origin)
{
	static const char https[] = "https://";
	const char *host = origin + sizeof(https) - 1;
	int n;

	if (strncmp(origin, https, sizeof(https) - 1) != 0 || *host == '\0' ||
	    host[strcspn(host, "/;,' \"\t\r\n")] != '\0') {
		return NULL;
	}
	n = snprintf(policy, sizeof(policy),
		     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		     "connect-src 'self' wss://%s; base-uri 'none'; form-action 'none'; "
		     "frame-ancestors 'none'; require-trusted-types-for 'script'; "
		     "trusted-types 'none'",
		     host);
	for (size_t i = 0; i + 1 < LWS_ARRAY_SIZE(headers); i++) {
		headers[i].next = &headers[i + 1];
	}
	return n < MAX_POLICY ? headers : NULL;
}

/* Status, our headers and the length; `allow` where the method was wrong. 0 or -1. */
static int
head_write(struct lws *wsi, unsigned status, const char *type, const char *cache, const char *allow,
	   size_t len)
{
	unsigned char out[LWS_PRE + MAX_HEADERS], *at = out + LWS_PRE, *end = out + sizeof(out) - 1;

	if (lws_add_http_common_headers(wsi, status, type, len, &at, end) ||
	    lws_add_http_header_by_name(
		    wsi, (const unsigned char *)"cache-control:", (const unsigned char *)cache,
		    (int)strlen(cache), &at, end) ||
	    (allow && lws_add_http_header_by_name(
			      wsi, (const unsigned char *)"allow:", (const unsigned char *)allow,
			      (int)strlen(allow), &at, end))) {
		return -1;
	}
	return lws_finalize_write_http_header(wsi, out + LWS_PRE, &at, end) ? -1 : 0;
}

int
http_sentence(struct lws *wsi, unsigned status, const char *sentence, bool body)
{
	unsigned char out[LWS_PRE + MAX_GW_MESSAGE];
	int len = snprintf((char *)out + LWS_PRE, MAX_GW_MESSAGE, "%s\n", sentence);

	if (head_write(wsi, status, "text/plain; charset=utf-8", "no-store",
		       status == HTTP_STATUS_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL,
		       (size_t)len)) {
		return -1;
	}
	if (body && lws_write(wsi, out + LWS_PRE, (size_t)len, LWS_WRITE_HTTP_FINAL) < len) {
		return -1;
	}
	return 0;
}

bool
http_header_is(struct lws *wsi, enum lws_token_indexes token, const char *value)
{
	char got[MAX_HOST + 16];

	return lws_hdr_copy(wsi, got, sizeof(got), token) > 0 && strcmp(got, value) == 0;
}

static bool
has_body(struct lws *wsi)
{
	return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
	       (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 &&
		!http_header_is(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, "0"));
}

bool
http_refused(struct lws *wsi)
{
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

	if (!head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
		(void)http_sentence(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED,
				    "Only GET and HEAD work here.", true);
		return true;
	}
	if (has_body(wsi)) {
		(void)http_sentence(wsi, HTTP_STATUS_BAD_REQUEST,
				    "Only requests without a body work here.", !head);
		return true;
	}
	return false;
}

int
http_answer(struct lws *wsi, struct http_request *r, const char *path)
{
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

	if (http_refused(wsi)) {
		return -1;
	}
	*r = (struct http_request){.file = files_find(path)};
	if (!r->file) {
		if (http_sentence(wsi, HTTP_STATUS_NOT_FOUND, "There is no such page here.",
				  !head)) {
			return -1;
		}
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	if (head_write(wsi, HTTP_STATUS_OK, r->file->type,
		       strncmp(r->file->type, "text/html", 9) == 0 ? "no-store" : "no-cache", NULL,
		       r->file->len)) {
		return -1;
	}
	if (head || r->file->len == 0) {
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	lws_callback_on_writable(wsi);
	return 0;
}

int
http_writable(struct lws *wsi, struct http_request *r)
{
	unsigned char out[LWS_PRE + CHUNK_BYTES];
	size_t left, n;

	if (!r || !r->file) {
		return 0;
	}
	left = r->file->len - r->sent;
	n = left < CHUNK_BYTES ? left : CHUNK_BYTES;
	memcpy(out + LWS_PRE, r->file->data + r->sent, n);
	if (lws_write(wsi, out + LWS_PRE, n, n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
	    (int)n) {
		return -1;
	}
	r->sent += n;
	if (n < left) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	r->file = NULL;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

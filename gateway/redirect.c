/* See redirect.h. Gateway process. Requests are hostile; the files are written by the ACME client. */
#include "gateway/redirect.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/address.h"
#include "gateway/http.h"
#include "gateway/limits.h"
#include "gateway/server.h"

#define PERMANENT_REDIRECT 308
#define CHALLENGE "/.well-known/acme-challenge/"
#define TOKEN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *site, *folder;

void
redirect_begin(const char *origin, const char *challenges)
{
	site = origin;
	folder = challenges;
}

/* The file `token` of the folder into `out`, without the newline. False unless it is one of letters
 * that an answer can have, a token and a thumbprint with a dot between. */
static bool
challenge_read(char out[MAX_CHALLENGE + 1], const char *token)
{
	char name[PATH_MAX];
	struct stat st;
	size_t len = strlen(token);
	ssize_t n = -1;
	int fd;

	if (!folder || len == 0 || len > MAX_CHALLENGE || token[strspn(token, TOKEN_CHARS)] ||
	    (size_t)snprintf(name, sizeof(name), "%s/%s", folder, token) >= sizeof(name)) {
		return false;
	}
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_CHALLENGE) {
		n = read(fd, out, MAX_CHALLENGE);
	}
	if (fd >= 0) {
		close(fd);
	}
	if (n <= 0) {
		return false;
	}
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return *out && out[strspn(out, TOKEN_CHARS ".")] == '\0';
}

static int
challenge_answer(struct lws *wsi, const char *token, bool body)
{
	char answer[MAX_CHALLENGE + 1];

	if (challenge_read(answer, token)) {
		return http_sentence(wsi, HTTP_STATUS_OK, answer, body);
	}
	return http_sentence(wsi, HTTP_STATUS_NOT_FOUND, "There is no such challenge here.", body);
}

/* To our own host whatever the request says that it is; with its path where that is a plain one. */
static int
send_away(struct lws *wsi, const char *path)
{
	unsigned char out[LWS_PRE + MAX_HEADERS], *at = out + LWS_PRE, *end = out + sizeof(out) - 1;
	char where[MAX_LOCATION];
	bool plain = path[0] == '/' && path[strspn(path, TOKEN_CHARS "./~")] == '\0';
	int len = snprintf(where, sizeof(where), "%s%s", site, plain ? path : "/");

	if (len >= (int)sizeof(where)) {
		len = snprintf(where, sizeof(where), "%s/", site);
	}
	return lws_http_redirect(wsi, PERMANENT_REDIRECT, (unsigned char *)where, len,
				 &at, end) < 0
		       ? -1
		       : 0;
}

static int
answer(struct lws *wsi, const char *path)
{
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	int rc;

	if (http_refused(wsi)) {
		return -1;
	}
	if (strncmp(path, CHALLENGE, sizeof(CHALLENGE) - 1) == 0) {
		rc = challenge_answer(wsi, path + sizeof(CHALLENGE) - 1, !head);
	} else {
		rc = send_away(wsi, path);
	}
	return rc || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int
redirect_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	(void)user;
	(void)len;
	switch (reason) {
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return server_accept((int)(intptr_t)in);
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		return address_enter(wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		address_leave(wsi);
		return 0;
	case LWS_CALLBACK_HTTP:
		return answer(wsi, in);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
	case LWS_CALLBACK_RAW_ADOPT:
		return -1; /* nothing is spoken here but HTTP/1.1 */
	default:
		return 0;
	}
}

const struct lws_protocols redirect_protocols[] = {
	{"redirect", redirect_callback, 0, 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* See http.h. Gateway process. Paths come from browsers and are only ever compared. */
#include "gateway/http.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/limits.h"

#define MAX_POLICY 256

struct http_file {
	char name[MAX_FILE_NAME];
	const char *type;
	unsigned char *data;
	size_t len;
};

static struct http_file files[MAX_FILES];
static unsigned file_count;

static const struct {
	const char *ending, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".txt", "text/plain; charset=utf-8"},
	{".json", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".ico", "image/x-icon"},
	{".png", "image/png"},
};

/* Paths that are not "/" and a file's name. */
static const struct {
	const char *path, *name;
} aliases[] = {
	{"/", "index.html"},
	{"/privacy", "privacy.html"},
	{"/.well-known/security.txt", "security.txt"},
};

static char policy[MAX_POLICY];

static struct lws_protocol_vhost_options headers[] = {
	{NULL, NULL, "content-security-policy:", policy},
	{NULL, NULL, "strict-transport-security:", "max-age=31536000"},
	{NULL, NULL, "x-content-type-options:", "nosniff"},
	{NULL, NULL, "referrer-policy:", "no-referrer"},
	{NULL, NULL, "x-frame-options:", "DENY"},
	{NULL, NULL, "cross-origin-opener-policy:", "same-origin"},
	{NULL, NULL, "cross-origin-embedder-policy:", "require-corp"},
	{NULL, NULL, "cross-origin-resource-policy:", "same-origin"},
	{NULL, NULL, "permissions-policy:",
	 "accelerometer=(), ambient-light-sensor=(), autoplay=(), bluetooth=(), camera=(), "
	 "display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), "
	 "gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), "
	 "midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), serial=(), "
	 "storage-access=(), usb=(), web-share=(), xr-spatial-tracking=(), "
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
		     "frame-ancestors 'none'",
		     host);
	for (size_t i = 0; i + 1 < LWS_ARRAY_SIZE(headers); i++) {
		headers[i].next = &headers[i + 1];
	}
	return n < MAX_POLICY ? headers : NULL;
}

static const char *
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < LWS_ARRAY_SIZE(types); i++) {
		if (strcmp(ending, types[i].ending) == 0) {
			return types[i].type;
		}
	}
	return NULL;
}

/* Reads one regular file whole. 0 or -1. */
static int
file_read(struct http_file *f, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;
	size_t have = 0;

	if (fd < 0) {
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_FILE_BYTES) {
		close(fd);
		return -1;
	}
	f->len = (size_t)st.st_size;
	f->data = malloc(f->len + 1);
	while (f->data && have < f->len) {
		ssize_t n = read(fd, f->data + have, f->len - have);

		if (n <= 0) {
			break;
		}
		have += (size_t)n;
	}
	close(fd);
	return f->data && have == f->len ? 0 : -1;
}

/* Takes the files that it knows; what it does not know stays unserved, and that is no error. */
static int
files_read(DIR *dir, const char **why)
{
	for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
		const char *type = type_of(d->d_name);
		size_t len = strlen(d->d_name);

		if (!type || d->d_name[0] == '.') {
			continue;
		}
		if (file_count == MAX_FILES || len >= MAX_FILE_NAME) {
			*why = "the folder of the page holds too many files, or too long a name";
			return -1;
		}
		struct http_file *f = &files[file_count];

		if (file_read(f, dirfd(dir), d->d_name)) {
			*why = "a file of the page can't be read, or is over 1 MB";
			return -1;
		}
		memcpy(f->name, d->d_name, len + 1);
		f->type = type;
		file_count++;
	}
	return 0;
}

int
http_load(const char *path, const char **why)
{
	DIR *dir = opendir(path);
	int rc;

	if (!dir) {
		*why = "the folder of the page can't be opened";
		return -1;
	}
	rc = files_read(dir, why);
	closedir(dir);
	return rc;
}

static const struct http_file *
file_find(const char *path)
{
	const char *name = *path == '/' ? path + 1 : path;

	for (size_t i = 0; i < LWS_ARRAY_SIZE(aliases); i++) {
		if (strcmp(path, aliases[i].path) == 0) {
			name = aliases[i].name;
		}
	}
	for (unsigned i = 0; i < file_count; i++) {
		if (strcmp(name, files[i].name) == 0) {
			return &files[i];
		}
	}
	return NULL;
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

int
http_answer(struct lws *wsi, struct http_request *r, const char *path)
{
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

	if (!head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
		/* Closed after it, because a body may follow that nobody reads. */
		(void)http_sentence(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED,
				    "Only GET and HEAD work here.", true);
		return -1;
	}
	*r = (struct http_request){.file = file_find(path)};
	if (!r->file) {
		if (http_sentence(wsi, HTTP_STATUS_NOT_FOUND, "There is no such page here.",
				  !head)) {
			return -1;
		}
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	if (head_write(wsi, HTTP_STATUS_OK, r->file->type,
		       strcmp(r->file->name, "index.html") == 0 ? "no-store" : "no-cache", NULL,
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

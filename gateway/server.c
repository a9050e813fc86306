/* See server.h. Gateway process. What browsers send is parsed by libwebsockets, then here. */
#include "gateway/server.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/certificate.h"
#include "common/log.h"
#include "gateway/address.h"
#include "gateway/count.h"
#include "gateway/http.h"
#include "gateway/limits.h"
#include "gateway/loop.h"
#include "gateway/metrics.h"
#include "gateway/mqtt.h"
#include "gateway/page.h"
#include "gateway/redirect.h"
#include "gateway/resolve.h"

#define SUBPROTOCOL "tether.v1"

static struct lws_context *context;
static const struct server_options *options;
static SSL_CTX *certified; /* holds what new handshakes get; at first libwebsockets' own */
static struct certificate certificate;
static bool refusing;

int
server_accept(int fd)
{
	int size = SEND_BUFFER;

	if (refusing || !address_allowed(fd)) {
		count_add(COUNT_TURNED_AWAY);
		return -1;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

/* 0 lets the upgrade go on, -1 closes. A refusal closes too: in a connection that it keeps open
 * libwebsockets (4.1.6) waits without a time limit for the answer to be read. */
static int
on_upgrade(struct lws *wsi)
{
	const char *wrong = NULL;
	char to[16];

	/* Not from the callback's argument: where that names what libwebsockets does not know, it
	 * has been freed (4.1.6 and 4.3.5). */
	if (lws_hdr_copy(wsi, to, sizeof(to), WSI_TOKEN_UPGRADE) <= 0 ||
	    strcasecmp(to, "websocket") != 0) {
		return -1; /* HTTP/1.1 is all that is spoken here */
	}
	if (!http_header_is(wsi, WSI_TOKEN_GET_URI, "/ws") &&
	    !http_header_is(wsi, WSI_TOKEN_GET_URI, "/")) {
		wrong = "The WebSocket is at /ws.";
	} else if (!http_header_is(wsi, WSI_TOKEN_ORIGIN, options->origin)) {
		wrong = "This WebSocket is for this site's own page only.";
	} else if (!http_header_is(wsi, WSI_TOKEN_HOST, options->origin + sizeof("https://") - 1)) {
		wrong = "This is not the address of this site.";
	} else if (!http_header_is(wsi, WSI_TOKEN_PROTOCOL, SUBPROTOCOL)) {
		wrong = "The subprotocol is " SUBPROTOCOL ".";
	}
	if (!wrong) {
		return 0;
	}
	count_add(COUNT_TURNED_AWAY);
	(void)http_sentence(wsi, HTTP_STATUS_FORBIDDEN, wrong, true);
	return -1;
}

/* The newest certificate alone: in one context OpenSSL keeps one of each type of key, and would go
 * on with an old one of another type. */
static int
on_handshake(SSL *ssl, void *nothing)
{
	STACK_OF(X509) *chain = NULL;

	(void)nothing;
	SSL_certs_clear(ssl);
	return SSL_CTX_get0_chain_certs(certified, &chain) == 1 &&
	       SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(certified),
				    SSL_CTX_get0_privatekey(certified), chain, 1) == 1;
}

/* libwebsockets allows P-256 only, which costs a browser that begins with X25519 a round trip. */
static int
on_tls(SSL_CTX *ours)
{
	SSL_CTX_set_cert_cb(ours, on_handshake, NULL);
	certified = ours;
	return SSL_CTX_up_ref(ours) == 1 &&
			       SSL_CTX_set_min_proto_version(ours, TLS1_2_VERSION) == 1 &&
			       SSL_CTX_set1_groups_list(ours, "X25519:P-256") == 1
		       ? 0
		       : -1;
}

static int
http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	(void)len;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		return on_tls(user);
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return server_accept((int)(intptr_t)in);
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		return address_enter(wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		address_leave(wsi);
		return 0;
	case LWS_CALLBACK_HTTP:
		return http_answer(wsi, user, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return http_writable(wsi, user);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(wsi);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1; /* no WebSocket without our subprotocol */
	case LWS_CALLBACK_RAW_ADOPT:
		return -1; /* the method CONNECT */
	case LWS_CALLBACK_RAW_RX_FILE:
		loop_run();
		mqtt_reap();
		return 0;
	default:
		return 0;
	}
}

static int
page_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct page *p = user;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		p->wsi = wsi;
		p->address = address_of(wsi);
		page_open(p);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		page_receive(p, in, len, lws_is_first_fragment(wsi) != 0,
			     lws_is_final_fragment(wsi) != 0, lws_frame_is_binary(wsi) != 0);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return page_writable(p);
	case LWS_CALLBACK_CLOSED:
		page_closed(p);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{"http", http_callback, sizeof(struct http_request), 0, 0, NULL, 0},
	{SUBPROTOCOL, page_callback, sizeof(struct page), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

/* libwebsockets' own lines can hold addresses: they are for finding faults at start, and end there.
 */
static void
lws_line(int level, const char *line)
{
	(void)level;
	log_debug("libwebsockets: %.*s", (int)strcspn(line, "\n"), line);
}

/* Is it an address of this machine's? For another one libwebsockets 4.3.5 waits without end. */
static bool
is_ours(const char *address)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool ours;
	int fd;

	if (getaddrinfo(address, NULL, &hints, &found) != 0) {
		return false;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ours = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0; /* any port */
	freeaddrinfo(found);
	if (fd >= 0) {
		close(fd);
	}
	return ours;
}

/* "0.0.0.0" and "::" mean every address, which libwebsockets wants as NULL. An IPv4 address needs
 * DISABLE_IPV6: without it libwebsockets listens on every address and says nothing. Or NULL. */
static struct lws_vhost *
listen_on(struct lws_context_creation_info *info, const char *address, int port, const char **why)
{
	bool six = strchr(address, ':') != NULL;
	bool every = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;

	if (!every && !is_ours(address)) {
		*why = "an address to listen on is not one of this machine's";
		return NULL;
	}
	info->iface = every ? NULL : address;
	info->port = port;
	info->options |= LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
	info->options |= six ? 0 : (uint64_t)LWS_SERVER_OPTION_DISABLE_IPV6;
	return lws_create_vhost(context, info);
}

static struct lws_vhost *
page_vhost(const char **why)
{
	static const lws_retry_bo_t idle = {
		.secs_since_valid_ping = PING_S,
		.secs_since_valid_hangup = HANGUP_S,
	};
	struct lws_context_creation_info info = {
		.protocols = protocols,
		.vhost_name = "page",
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.ssl_cert_filepath = options->cert,
		.ssl_private_key_filepath = options->key,
		.alpn = "http/1.1",
		.timeout_secs_ah_idle = HANDSHAKE_S,
		.keepalive_timeout = HANDSHAKE_S,
		.retry_and_idle_policy = &idle,
		.headers = http_headers(options->origin),
	};

	if (!info.headers) {
		*why = "the origin is not of the form https://HOST[:PORT]";
		return NULL;
	}
	*why = "the address can't be listened on, or certificate and key can't be read";
	return listen_on(&info, options->address, options->port, why);
}

static struct lws_vhost *
metrics_vhost(const char **why)
{
	static char address[1][MAX_ADDRESS];
	struct lws_context_creation_info info = {
		.protocols = metrics_protocols,
		.vhost_name = "metrics",
		.keepalive_timeout = HANDSHAKE_S,
	};

	*why = "the metrics' address is no address, and no name that can be looked up";
	/* libwebsockets takes no names */
	if (resolve(address, 1, options->metrics_address) == 0) {
		return NULL;
	}
	*why = "the metrics' address can't be listened on";
	return listen_on(&info, address[0], options->metrics_port, why);
}

static struct lws_vhost *
redirect_vhost(const char **why)
{
	struct lws_context_creation_info info = {
		.protocols = redirect_protocols,
		.vhost_name = "redirect",
		.timeout_secs_ah_idle = HANDSHAKE_S,
		.keepalive_timeout = HANDSHAKE_S,
	};

	*why = "the address of --redirect can't be listened on";
	redirect_begin(options->origin, options->challenges);
	return listen_on(&info, options->redirect_address, options->redirect_port, why);
}

static int
context_open(void)
{
	struct lws_context_creation_info info = {
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_LIBEV,
		.server_string = "tether",
		.timeout_secs = HANDSHAKE_S, /* heeded here only, not in a vhost's */
		.gid = -1,
		.uid = -1,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, lws_line);
	context = lws_create_context(&info);
	if (!context) {
		log_warn("libwebsockets' libev plugin is missing: its own loop will do, at six "
			 "times the cost per message");
		info.options &= ~(uint64_t)LWS_SERVER_OPTION_LIBEV;
		context = lws_create_context(&info);
	}
	return context ? 0 : -1;
}

int
server_open(const struct server_options *o, int events, const char **why)
{
	lws_sock_file_fd_type fd = {.filefd = events};
	struct lws_vhost *pages;

	options = o;
	*why = "libwebsockets can't start";
	if (context_open()) {
		return -1;
	}
	certificate_begin(&certificate, o->cert, o->key);
	pages = page_vhost(why);
	if (!pages || (o->metrics_address && !metrics_vhost(why)) ||
	    (o->redirect_address && !redirect_vhost(why))) {
		return -1;
	}
	*why = "libwebsockets refuses the event descriptor";
	if (!lws_adopt_descriptor_vhost(pages, LWS_ADOPT_RAW_FILE_DESC, fd, "http", NULL)) {
		return -1;
	}
	lws_set_log_level(0, NULL);
	return 0;
}

static bool
certificate_use(SSL_CTX *ctx)
{
	return SSL_CTX_use_certificate_chain_file(ctx, options->cert) == 1 &&
	       SSL_CTX_use_PrivateKey_file(ctx, options->key, SSL_FILETYPE_PEM) == 1 &&
	       SSL_CTX_check_private_key(ctx) == 1;
}

/* Not lws_tls_cert_updated(): it says nothing when it fails, and has then half replaced what was
 * good. */
static int
certificate_replace(const char **why)
{
	SSL_CTX *old = certified, *next = SSL_CTX_new(TLS_server_method());
	bool done = next && certificate_use(next);

	ERR_clear_error(); /* libwebsockets looks at the same queue */
	if (done) {
		certified = next;
	}
	SSL_CTX_free(done ? old : next);
	*why = "OpenSSL does not take it";
	certificate.refused = !done;
	return done ? 0 : -1;
}

/* `again`: not asked for, and when it fails as before nothing is said. */
static bool
certificate_follow(bool again)
{
	bool refused = certificate.refused;
	const char *why;

	if (certificate_check(&certificate, &why) == 0 && certificate_replace(&why) == 0) {
		log_note("certificate read again");
		return true;
	}
	if (!again || !refused) {
		log_error("the new certificate can't be used (%s): the old one stays", why);
	}
	return false;
}

bool
server_reload(void)
{
	return certificate_follow(false);
}

bool
server_tick(uint64_t now)
{
	static uint64_t next;

	if (now < next) {
		return false;
	}
	next = now + CERTIFICATE_LOOK_MS;
	return certificate_due(&certificate) && certificate_follow(true);
}

bool
server_certificate_refused(void)
{
	return certificate.refused;
}

int64_t
server_certificate_left(void)
{
	const X509 *cert = SSL_CTX_get0_certificate(certified);
	int days = 0, seconds = 0;

	/* Without a first time it counts from now. */
	if (!cert || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) != 1) {
		return 0;
	}
	return (int64_t)days * 86400 + seconds;
}

void
server_refuse(void)
{
	refusing = true;
}

void
server_run(void)
{
	while (lws_service(context, 0) >= 0) {
	}
}

/*
 * TLS set-up and its failures in words. Link and net processes; what the server presents is hostile.
 *
 * With MOSQ_OPT_SSL_CTX_WITH_DEFAULTS off libmosquitto adds nothing to this context: neither its
 * list of authorities nor its own check of names (mosquitto__server_certificate_verify is set only
 * with the defaults). So the name is checked by OpenSSL, through the context's verify parameters.
 */
#include "common/tls_client.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/x509v3.h>

/* Where systems keep all authorities in one file. OpenSSL's folder of hashed files is no use: it is
 * read during the handshake, when files are out of reach. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
	"/etc/ssl/ca-bundle.pem",             /* openSUSE */
	"/etc/ssl/cert.pem",                  /* Alpine */
};

static void
note_progress(const SSL *ssl, int where, int value)
{
	struct tls_client *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	(void)value;
	if ((where & SSL_CB_HANDSHAKE_START) != 0 && !t->began) {
		t->began = true;
		t->ready(t->context);
	}
	if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
		t->done = true;
	}
}

/* Changes no verdict, only remembers the first reason. */
static int
note_verdict(int good, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_client *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (!good && t->error == 0) {
		t->error = X509_STORE_CTX_get_error(store);
	}
	return good;
}

static int
load_authorities(SSL_CTX *ctx, const char *ca)
{
	if (ca[0] != '\0') {
		return SSL_CTX_load_verify_file(ctx, ca) == 1 ? 0 : -1;
	}
	if (SSL_CTX_load_verify_file(ctx, X509_get_default_cert_file()) == 1) {
		return 0;
	}
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		if (SSL_CTX_load_verify_file(ctx, bundles[i]) == 1) {
			return 0;
		}
	}
	return -1;
}

static int
require_name(SSL_CTX *ctx, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	uint8_t address[sizeof(struct in6_addr)];

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
						       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 ? 0 : -1;
	}
	return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1 ? 0 : -1;
}

int
tls_client_init(struct tls_client *t, const char *host, const char *ca, void (*ready)(void *context),
	      void *context, const char **why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	*t = (struct tls_client){.ctx = ctx, .ready = ready, .context = context};
	*why = "TLS could not be set up on this computer.";
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    require_name(ctx, host) != 0) {
		goto out;
	}
	if (load_authorities(ctx, ca) != 0) {
		*why = ca[0] != '\0' ? "The file with the server's certificate authority can't be read."
				     : "This computer has no list of certificate authorities.";
		goto out;
	}
	/* One connection a process: nothing is ever resumed. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_app_data(ctx, t);
	SSL_CTX_set_info_callback(ctx, note_progress);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, note_verdict);
	return 0;
out:
	SSL_CTX_free(ctx);
	t->ctx = NULL;
	return -1;
}

const char *
tls_client_words(const struct tls_client *t)
{
	switch (t->error) {
	case X509_V_OK:
		return "The server does not speak TLS as it should.";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "The server's certificate is for another name.";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "The server's certificate has expired (or this computer's clock is wrong).";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "The server's certificate is not valid yet (or this computer's clock is wrong).";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return "The server's certificate is not from an authority that is trusted here.";
	default:
		return "The server's certificate was refused.";
	}
}

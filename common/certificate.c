/* See certificate.h. Runs in the gateway and in the broker. The files are the operator's. */
#include "common/certificate.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void
look(struct stat *seen, const char *file)
{
	if (stat(file, seen)) {
		memset(seen, 0, sizeof(*seen));
	}
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same(const struct stat *a, const char *file)
{
	struct stat b;

	look(&b, file);
	return a->st_dev == b.st_dev && a->st_ino == b.st_ino && a->st_size == b.st_size &&
	       same_time(&a->st_mtim, &b.st_mtim) && same_time(&a->st_ctim, &b.st_ctim);
}

/* Before the files are read: a change while they are is one to be seen next time. */
static void
remember(struct certificate *c)
{
	look(&c->seen[0], c->cert);
	look(&c->seen[1], c->key);
}

void
certificate_begin(struct certificate *c, const char *cert, const char *key)
{
	*c = (struct certificate){.cert = cert, .key = key};
	remember(c);
}

bool
certificate_due(const struct certificate *c)
{
	return c->refused || !same(&c->seen[0], c->cert) || !same(&c->seen[1], c->key);
}

/* A service has nobody to ask; without this OpenSSL would ask the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *user)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

static X509 *
read_cert(const char *file)
{
	FILE *f = fopen(file, "re");
	X509 *cert = f ? PEM_read_X509(f, NULL, no_passphrase, NULL) : NULL;

	if (f) {
		fclose(f);
	}
	return cert;
}

static EVP_PKEY *
read_key(const char *file)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, no_passphrase, NULL) : NULL;

	if (f) {
		fclose(f);
	}
	return key;
}

static const char *
wrong(X509 *cert, EVP_PKEY *key)
{
	if (!cert) {
		return "the certificate's file can't be read or holds none";
	}
	if (!key) {
		return "the key's file can't be read, or holds none without a passphrase";
	}
	if (X509_check_private_key(cert, key) != 1) {
		return "certificate and key don't belong together";
	}
	return X509_cmp_current_time(X509_get0_notAfter(cert)) < 0 ? "it has expired" : NULL;
}

int
certificate_check(struct certificate *c, const char **why)
{
	X509 *cert;
	EVP_PKEY *key;

	remember(c);
	cert = read_cert(c->cert);
	key = read_key(c->key);
	*why = wrong(cert, key);
	c->refused = *why != NULL;
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error(); /* the broker and libwebsockets look at the same queue */
	return c->refused ? -1 : 0;
}

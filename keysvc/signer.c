/*
 * The signer process. It holds the key secret and the ES256 key, opened before the sandbox is
 * sealed, and answers three calls, none of which can be stretched: the expiry, the role and the
 * topics of what it signs are decided here, by its own clock. Input: fixed frames from main, which
 * may have been misled by the net process; so nothing of what is asked can widen what is signed.
 */
#include "keysvc/signer.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "keysvc/frames.h"
#include "keysvc/layout.h"

#define SECURE_HEAP 65536 /* locked memory for OpenSSL's private numbers */
#define SECURE_MIN 64

struct signer {
	uint8_t secret[KEY_SECRET];
	EVP_PKEY *key;
	char kid[KID_TEXT + 1];
};

/* ---- before the seal ----------------------------------------------------------------------- */

static int
read_key_secret(struct signer *s)
{
	const char *why = "it is not 32 bytes";
	int fd = file_open_secret(PATH_KEY_SECRET, &why);
	char spare;
	bool right;

	if (fd >= 0) {
		right = read(fd, s->secret, sizeof(s->secret)) == (ssize_t)sizeof(s->secret) &&
			read(fd, &spare, 1) == 0;
		close(fd);
		if (right) {
			return 0;
		}
		why = "it is not 32 bytes";
	}
	log_error("can't use %s: %s", PATH_KEY_SECRET, why);
	return -1;
}

static EVP_PKEY *
read_private_key(const char *path)
{
	const char *why = "it is not a P-256 private key in PEM";
	int fd = file_open_secret(path, &why);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	EVP_PKEY *key;

	if (f == NULL) {
		log_error("can't use %s: %s", path, why);
		return NULL;
	}
	setvbuf(f, NULL, _IONBF, 0); /* no copy of the key in a buffer of stdio */
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (!token_key_is_p256(key)) {
		log_error("can't use %s: it is not a P-256 private key in PEM", path);
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* Of several keys the newest signs: kids begin with the day they were made. */
static int
read_sign_key(struct signer *s)
{
	glob_t found;
	const char *path;
	int result = -1;

	if (glob(PATH_SIGN_PREFIX "*.pem", 0, NULL, &found) != 0) {
		log_error("there is no signing key in secrets: run `tether-keysvc init` first");
		return -1;
	}
	path = found.gl_pathv[found.gl_pathc - 1];
	if (layout_kid(s->kid, path) != 0) {
		log_error("a signing key has a name that can't be a key id");
	} else {
		s->key = read_private_key(path);
		result = s->key != NULL ? 0 : -1;
	}
	globfree(&found);
	return result;
}

static int
prepare(struct signer *s)
{
	unsigned char warm[16];
	const char *why = "";

	if (secret_process() != 0) {
		log_error("can't keep others from reading this process");
		return -1;
	}
	if (CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_MIN) != 1 ||
	    secret_lock(s, sizeof(*s)) != 0) {
		log_warn("secrets could not be locked in memory (raise LimitMEMLOCK)");
	}
	if (read_key_secret(s) != 0 || read_sign_key(s) != 0) {
		return -1;
	}
	RAND_bytes(warm, sizeof(warm)); /* whatever OpenSSL opens for its generator, it opens now */
	if (sandbox_seal(SANDBOX_BASE, &why) != 0) {
		log_error("can't seal the sandbox: %s", why);
		return -1;
	}
	return 0;
}

/* ---- the three calls ----------------------------------------------------------------------- */

/* Signs a token of `role` for a new random client. expiry at most MAX_LIFE after issued. */
static void
make_token(const struct signer *s, struct sign_answer *a, enum role role)
{
	struct token t = {.role = role, .iat = a->issued, .nbf = a->issued, .exp = a->expiry};
	uint8_t client[CLIENT_LEN];

	secret_random(client, sizeof(client));
	hex_encode(a->client, client, sizeof(client));
	memcpy(t.client, a->client, sizeof(t.client));
	memcpy(t.kid, s->kid, sizeof(t.kid));
	if (role == ROLE_AGENT || role == ROLE_PARTNER) {
		memcpy(t.sid, a->sid, SID_LEN);
	}
	a->why = token_create(a->token, &t, s->key) > 0 ? REFUSED_NOT : REFUSED_FAILED;
}

static void
answer_issue(const struct signer *s, struct sign_answer *a, const struct sign_issue *ask)
{
	uint8_t own[ELEMENT_LEN];
	struct key key;

	a->expiry = a->issued + MAX_LIFE;
	secret_random(own, sizeof(own));
	if (sid_derive(key.sid, own, ask->agent, ask->link) != 0) {
		a->why = REFUSED_FAILED;
		return;
	}
	secret_wipe(own, sizeof(own));
	key.expiry = a->expiry;
	if (key_sign(&key, s->secret) != 0) {
		a->why = REFUSED_FAILED;
		return;
	}
	memcpy(a->sid, key.sid, SID_LEN);
	key_write(a->key, &key);
	make_token(s, a, ROLE_AGENT);
}

static void
answer_redeem(const struct signer *s, struct sign_answer *a, const struct sign_redeem *ask)
{
	if (key_check(&ask->key, s->secret) != 0) {
		a->why = REFUSED_FORGED;
		return;
	}
	/* Further ahead than four hours: this clock was set back since. */
	if (ask->key.expiry <= a->issued || ask->key.expiry - a->issued > MAX_LIFE) {
		a->why = REFUSED_EXPIRED;
		return;
	}
	memcpy(a->sid, ask->key.sid, SID_LEN);
	a->expiry = ask->key.expiry;
	make_token(s, a, ROLE_PARTNER);
}

static void
answer_service(const struct signer *s, struct sign_answer *a, const struct sign_service *ask)
{
	if (ask->role != ROLE_GW && ask->role != ROLE_KEYSVC) {
		a->why = REFUSED_ROLE;
		return;
	}
	a->expiry = a->issued + (ask->life < MAX_LIFE ? ask->life : MAX_LIFE);
	make_token(s, a, ask->role);
}

static void
answer(const struct signer *s, struct sign_answer *a, int type, const union frame_message *m)
{
	memset(a, 0, sizeof(*a));
	a->issued = (uint32_t)clock_unix();
	switch (type) {
	case FRAME_SIGN_ISSUE:
		a->tag = m->issue.tag;
		answer_issue(s, a, &m->issue);
		break;
	case FRAME_SIGN_REDEEM:
		a->tag = m->redeem.tag;
		answer_redeem(s, a, &m->redeem);
		break;
	default:
		a->tag = m->service.tag;
		answer_service(s, a, &m->service);
		break;
	}
}

/* ---- loop ---------------------------------------------------------------------------------- */

/* Main never has more than MAX_PENDING calls open, which fit in the socket: a full one is a main
 * that does not read, and that ends us like a closed one. */
static int
serve(const struct signer *s)
{
	struct pollfd p = {.fd = CHILD_FD, .events = POLLIN};
	union frame_message m;
	struct sign_answer a;

	for (;;) {
		int type = frames_recv(CHILD_FD, frames_to_signer, &m);

		if (type == FRAME_EMPTY) {
			poll(&p, 1, -1);
			continue;
		}
		if (type < 0) {
			return type == FRAME_CLOSED ? 0 : 1;
		}
		answer(s, &a, type, &m);
		if (frames_send(CHILD_FD, frames_from_signer, FRAME_SIGN_ANSWER, &a) != 0) {
			return 1;
		}
	}
}

int
signer_run(void)
{
	static struct signer s;
	struct sign_ready ready;
	int status = 1;

	log_open("keysvc signer", 0);
	if (prepare(&s) == 0) {
		memcpy(ready.kid, s.kid, sizeof(ready.kid));
		if (frames_send(CHILD_FD, frames_from_signer, FRAME_SIGN_READY, &ready) == 0) {
			status = serve(&s);
		}
	}
	EVP_PKEY_free(s.key);
	secret_wipe(&s, sizeof(s));
	return status;
}

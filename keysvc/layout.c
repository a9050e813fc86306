/*
 * The layout of the key service's folder. layout_init and layout_rotate run in short-lived
 * processes of their own, the rest in main, signer and net. Input: files that an operator may have touched.
 */
#include "keysvc/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include "common/key.h"
#include "common/max.h"
#include "common/secret.h"
#include "keysvc/limits.h"

#define RETIRED_MARGIN 60 /* s: the former signer works on until its successor is there */

int
layout_kid(char kid[KID_TEXT + 1], const char *path)
{
	const char *name = strrchr(path, '/'), *end;
	size_t len;

	name = name != NULL ? name + 1 : path;
	name += strncmp(name, "sign-", 5) == 0 ? 5 : 0;
	end = strrchr(name, '.');
	len = end != NULL ? (size_t)(end - name) : 0;
	if (len == 0 || len > KID_TEXT || strcmp(end, ".pem") != 0 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) {
		return -1;
	}
	memcpy(kid, name, len);
	kid[len] = '\0';
	return 0;
}

EVP_PKEY *
layout_public_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key;

	if (f == NULL) {
		return NULL;
	}
	key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	fclose(f);
	if (key != NULL && !token_key_is_p256(key)) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* ---- init ---------------------------------------------------------------------------------- */

static int
complain(const char *what)
{
	fprintf(stderr, "tether-keysvc: can't make %s: %s\n", what, strerror(errno));
	return -1;
}

static int
make_folders(void)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {
		{"secrets", 0700},
		{PATH_PUBLIC, 0755},
		{PATH_TOKENS, 0750}, /* the gateway's group may be let in */
		{"revoked", 0755},
		{PATH_STATE, 0700},
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (mkdir(folders[i].name, folders[i].mode) != 0 && errno != EEXIST) {
			return complain(folders[i].name);
		}
	}
	return 0;
}

/* Returns 1 when made, 0 when it was there, -1 on failure. */
static int
make_once(const char *path, const void *data, size_t len, mode_t mode)
{
	if (file_create(path, data, len, mode) == 0) {
		return 1;
	}
	return errno == EEXIST ? 0 : complain(path);
}

static int
make_key_secret(void)
{
	uint8_t secret[KEY_SECRET];
	int made;

	secret_random(secret, sizeof(secret));
	made = make_once(PATH_KEY_SECRET, secret, sizeof(secret), 0600);
	secret_wipe(secret, sizeof(secret));
	return made;
}

static int
save_key(const char *path, EVP_PKEY *key, bool private)
{
	BIO *bio = BIO_new(private ? BIO_s_secmem() : BIO_s_mem());
	char *data = NULL;
	long len = 0;
	int made = -1;

	if (bio != NULL && (private ? PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
				    : PEM_write_bio_PUBKEY(bio, key)) == 1) {
		len = BIO_get_mem_data(bio, &data);
		made = make_once(path, data, (size_t)len, private ? 0600 : 0644);
	}
	BIO_free(bio);
	return made;
}

/* kid: the second it was made, so that names sort by age. */
static void
new_kid(char kid[KID_TEXT + 1])
{
	time_t now = time(NULL);
	struct tm day;

	gmtime_r(&now, &day);
	strftime(kid, KID_TEXT + 1, "%Y%m%d-%H%M%S", &day);
}

static int
save_public(const char *kid, EVP_PKEY *key)
{
	char path[MAX_PATH];

	snprintf(path, sizeof(path), PATH_PUBLIC "/%s.pem", kid);
	return save_key(path, key, false);
}

/* Both halves. Returns 1 or -1. */
static int
make_sign_key(const char *kid)
{
	char path[MAX_PATH];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	int made;

	if (key == NULL) {
		fprintf(stderr, "tether-keysvc: OpenSSL can't make a P-256 key\n");
		return -1;
	}
	snprintf(path, sizeof(path), PATH_SIGN_PREFIX "%s.pem", kid);
	made = save_public(kid, key);
	if (made >= 0) {
		made = save_key(path, key, true);
	}
	EVP_PKEY_free(key);
	return made;
}

/* The public half of a private key, for the broker's plugin. */
static int
publish(const char *path)
{
	char kid[KID_TEXT + 1];
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	int made = -1;

	if (f != NULL) {
		fclose(f);
	}
	if (key != NULL && layout_kid(kid, path) == 0) {
		made = save_public(kid, key);
	} else {
		fprintf(stderr, "tether-keysvc: %s is not a usable signing key\n", path);
	}
	EVP_PKEY_free(key);
	return made;
}

static int
publish_all(void)
{
	glob_t found;
	int result = 0;

	if (glob(PATH_SIGN_PREFIX "*.pem", 0, NULL, &found) != 0) {
		return -1;
	}
	for (size_t i = 0; i < found.gl_pathc && result >= 0; i++) {
		result = publish(found.gl_pathv[i]);
	}
	globfree(&found);
	return result < 0 ? -1 : 0;
}

static bool
have_sign_key(void)
{
	glob_t found;
	bool have = glob(PATH_SIGN_PREFIX "*.pem", 0, NULL, &found) == 0;

	if (have) {
		globfree(&found);
	}
	return have;
}

/* No private half has this name. Only a name that is certainly not there counts. */
static bool
is_orphan(const char *kid)
{
	char private[MAX_PATH];
	struct stat st;

	snprintf(private, sizeof(private), PATH_SIGN_PREFIX "%s.pem", kid);
	return stat(private, &st) != 0 && errno == ENOENT;
}

/* Public halves whose private half is gone, and nobody has noted when: a backup has no notes, so after
 * a restore a former key would be believed for ever. From now on it has as long as any retired one.
 * One of this minute may be a rotation's, which writes the public half first; a name of another
 * form is not from here. */
static int
retire_orphans(void)
{
	char kid[KID_TEXT + 1], note[MAX_PATH];
	glob_t found;
	struct stat st;
	int result = 0;

	if (glob(PATH_PUBLIC "/20??????[-]??????.pem", 0, NULL, &found) != 0) {
		return 0;
	}
	for (size_t i = 0; i < found.gl_pathc && result >= 0; i++) {
		if (layout_kid(kid, found.gl_pathv[i]) != 0 || !is_orphan(kid) ||
		    stat(found.gl_pathv[i], &st) != 0 ||
		    st.st_mtim.tv_sec + RETIRED_MARGIN > time(NULL)) {
			continue;
		}
		snprintf(note, sizeof(note), PATH_RETIRED "%s", kid);
		result = make_once(note, "", 0, 0600);
	}
	globfree(&found);
	return result < 0 ? -1 : 0;
}

int
layout_init(void)
{
	char kid[KID_TEXT + 1];
	int secret, sign = 0;

	if (make_folders() != 0) {
		return -1;
	}
	secret = make_key_secret();
	if (secret >= 0 && !have_sign_key()) {
		new_kid(kid);
		sign = make_sign_key(kid);
	}
	/* The plugin expects the file from its first start on. */
	if (secret < 0 || sign < 0 || publish_all() != 0 || retire_orphans() != 0 ||
	    make_once(PATH_REVOKED, "", 0, 0644) < 0) {
		return -1;
	}
	return secret + sign;
}

/* ---- rotate -------------------------------------------------------------------------------- */

/* Its last token runs out four hours from now. */
static int
retire(const char *path)
{
	char kid[KID_TEXT + 1], note[MAX_PATH];

	if (layout_kid(kid, path) != 0) {
		return 0; /* no key could have this name */
	}
	snprintf(note, sizeof(note), PATH_RETIRED "%s", kid);
	if (file_write(note, "", 0, 0600) != 0) {
		return complain(note);
	}
	if (unlink(path) != 0) {
		fprintf(stderr, "tether-keysvc: can't remove %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

/* A name that sorts behind that of `path`. A key of this very second is waited for. 0 or -1. */
static int
next_kid(char kid[KID_TEXT + 1], const char *path)
{
	char newest[KID_TEXT + 1] = "";

	(void)layout_kid(newest, path);
	new_kid(kid);
	for (int tries = 0; strcmp(kid, newest) <= 0 && tries < 2; tries++) {
		sleep(1);
		new_kid(kid);
	}
	if (strcmp(kid, newest) <= 0) {
		fprintf(stderr, "tether-keysvc: the signing key is newer than the clock says it is now\n");
		return -1;
	}
	return 0;
}

/* Brokers and the net process know so many public keys; one more might be the one that signs. */
static bool
have_room(void)
{
	glob_t found;
	size_t count = 0;

	if (glob(PATH_PUBLIC "/*.pem", 0, NULL, &found) == 0) {
		count = found.gl_pathc;
		globfree(&found);
	}
	if (count >= MAX_KEYS) {
		fprintf(stderr,
			"tether-keysvc: there are %zu public keys already: one goes four hours "
			"after it was replaced\n",
			count);
	}
	return count < MAX_KEYS;
}

int
layout_rotate(void)
{
	char kid[KID_TEXT + 1];
	glob_t former;
	int result = -1;

	if (!have_room()) {
		return -1;
	}
	if (glob(PATH_SIGN_PREFIX "*.pem", 0, NULL, &former) != 0) {
		fprintf(stderr, "tether-keysvc: there is no signing key to replace\n");
		return -1;
	}
	if (next_kid(kid, former.gl_pathv[former.gl_pathc - 1]) == 0) {
		result = make_sign_key(kid) == 1 ? 0 : -1;
	}
	for (size_t i = 0; i < former.gl_pathc && result == 0; i++) {
		result = retire(former.gl_pathv[i]);
	}
	globfree(&former);
	return result == 0 ? file_sync_folder(PATH_SIGN_PREFIX) : -1;
}

static int
forget(const char *note)
{
	char public[MAX_PATH];

	snprintf(public, sizeof(public), PATH_PUBLIC "/%s.pem", note + strlen(PATH_RETIRED));
	if (unlink(public) != 0 && errno != ENOENT) {
		return -1;
	}
	return unlink(note);
}

int
layout_forget(int64_t now, const char *kid)
{
	glob_t found;
	struct stat st;
	int result = 0;

	if (glob(PATH_RETIRED "*", 0, NULL, &found) != 0) {
		return 0;
	}
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++) {
		const char *note = found.gl_pathv[i];

		if (strcmp(note + strlen(PATH_RETIRED), kid) == 0) {
			result = utimensat(AT_FDCWD, note, NULL, 0);
		} else if (stat(note, &st) == 0 &&
			   st.st_mtim.tv_sec + MAX_LIFE + RETIRED_MARGIN <= now) {
			result = forget(note);
		}
	}
	globfree(&found);
	return result;
}

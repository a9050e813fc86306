/*
 * Public keys (keys.h). Runs in the broker; the folder is written by the key service only.
 */
#include "broker-conf/keys.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

/* Writes the kid of a file name. False when the name is not that of a key. */
static bool
kid_of(char kid[KID_TEXT + 1], const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len < 1 || len > KID_TEXT || strcmp(name + len, ".pem") != 0) {
		return false;
	}
	memcpy(kid, name, len);
	kid[len] = '\0';
	return true;
}

static bool
is_p256(const EVP_PKEY *key)
{
	char group[32] = "";

	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

/* The P-256 public key in a file of `dir`, or NULL. */
static EVP_PKEY *
read_key(int dir, const char *name)
{
	char text[MAX_KEY_FILE];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	BIO *bio = len > 0 ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	/* A file that is no key leaves its reason in this thread's queue, which TLS code reads. */
	ERR_clear_error();
	BIO_free(bio);
	if (fd >= 0) {
		close(fd);
	}
	if (key && !is_p256(key)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* Adds one file. False when it has a key's name but no place or no key. */
static bool
add(struct keys *keys, int dir, const char *name)
{
	char kid[KID_TEXT + 1];
	EVP_PKEY *key;

	if (!kid_of(kid, name)) {
		return true;
	}
	key = keys->count < MAX_KEYS ? read_key(dir, name) : NULL;
	if (!key) {
		return false;
	}
	memcpy(keys->row[keys->count].kid, kid, sizeof(kid));
	keys->row[keys->count++].key = key;
	return true;
}

int
keys_load(struct keys *keys, const char *dir, unsigned *bad)
{
	DIR *folder = opendir(dir);
	const struct dirent *entry;

	memset(keys, 0, sizeof(*keys));
	*bad = 0;
	if (!folder) {
		return -1;
	}
	while ((entry = readdir(folder)) != NULL) {
		if (!add(keys, dirfd(folder), entry->d_name)) {
			(*bad)++;
		}
	}
	closedir(folder);
	return (int)keys->count;
}

void
keys_finish(struct keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++) {
		EVP_PKEY_free(keys->row[i].key);
	}
	memset(keys, 0, sizeof(*keys));
}

EVP_PKEY *
keys_find(void *keys, const char *kid)
{
	const struct keys *k = keys;

	for (unsigned i = 0; i < k->count; i++) {
		if (strcmp(k->row[i].kid, kid) == 0) {
			return k->row[i].key;
		}
	}
	return NULL;
}

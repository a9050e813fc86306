/*
 * Public keys (keys.h). Runs in the broker; the folder is written by the key service only.
 */
#include "broker-conf/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#define SETTLED_S 2

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

/* Up to MAX_KEY_FILE bytes of a file of `dir`. -1 with errno. */
static ssize_t
read_file(char text[MAX_KEY_FILE], int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), saved;
	ssize_t len;

	if (fd < 0) {
		return -1;
	}
	len = read(fd, text, MAX_KEY_FILE);
	saved = errno;
	close(fd);
	errno = saved;
	return len;
}

/* The P-256 public key in a text, or NULL. */
static EVP_PKEY *
parse_key(const char *text, ssize_t len)
{
	BIO *bio = len > 0 ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	/* A file that is no key leaves its reason in this thread's queue, which TLS code reads. */
	ERR_clear_error();
	BIO_free(bio);
	if (key && !token_key_is_p256(key)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* Adds one file, or counts it as bad when it has a key's name but no place or no key. -1 with errno
 * when it can't be read; that it is gone meanwhile is no such case. */
static int
add(struct keys *keys, int dir, const char *name, unsigned *bad)
{
	char kid[KID_TEXT + 1], text[MAX_KEY_FILE];
	EVP_PKEY *key;
	ssize_t len;

	if (!kid_of(kid, name)) {
		return 0;
	}
	len = read_file(text, dir, name);
	if (len < 0 && errno != EISDIR) {
		return errno == ENOENT ? 0 : -1;
	}
	key = keys->count < MAX_KEYS ? parse_key(text, len) : NULL;
	if (!key) {
		(*bad)++;
		return 0;
	}
	memcpy(keys->row[keys->count].kid, kid, sizeof(kid));
	keys->row[keys->count++].key = key;
	return 0;
}

/* Notes the folder's time of change. 0 or -1. */
static int
stamp(struct keys *keys, int dir)
{
	struct timespec now;
	struct stat st;

	if (fstat(dir, &st) != 0) {
		return -1;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	keys->changed = st.st_mtim;
	keys->settled = now.tv_sec - st.st_mtim.tv_sec >= SETTLED_S ||
			now.tv_sec < st.st_mtim.tv_sec;
	return 0;
}

int
keys_stale(const struct keys *keys, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) != 0) {
		return -1;
	}
	return !keys->settled || st.st_mtim.tv_sec != keys->changed.tv_sec ||
	       st.st_mtim.tv_nsec != keys->changed.tv_nsec;
}

int
keys_load(struct keys *keys, const char *dir, unsigned *bad)
{
	DIR *folder = opendir(dir);
	const struct dirent *entry;
	int result;

	memset(keys, 0, sizeof(*keys));
	*bad = 0;
	if (!folder) {
		return -1;
	}
	result = stamp(keys, dirfd(folder));
	while (result == 0 && (entry = readdir(folder)) != NULL) {
		result = add(keys, dirfd(folder), entry->d_name, bad);
	}
	closedir(folder);
	return result == 0 ? (int)keys->count : -1;
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

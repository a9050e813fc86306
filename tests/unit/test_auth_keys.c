/* The folder of public keys (broker-conf/keys.h). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "broker-conf/keys.h"

static char dir[32];

static FILE *
create(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

static void
write_key(const char *name, EVP_PKEY *key, int private)
{
	FILE *file = create(name);

	if (private) {
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	} else {
		assert_int_equal(PEM_write_PUBKEY(file, key), 1);
	}
	fclose(file);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/tether-keys-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void
every_good_file_is_a_key_named_like_it(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct keys keys;
	unsigned bad;

	(void)state;
	write_key("k1.pem", p256, 0);
	write_key("2026-11.pem", p256, 0);
	write_key("K9.pem", p256, 0);                /* upper case */
	write_key("seventeen-letters.pem", p256, 0); /* one too many */
	write_key(".pem", p256, 0);
	write_key("k1.pem.new", p256, 0);
	assert_int_equal(keys_load(&keys, dir, &bad), 2);
	assert_int_equal(bad, 0);
	assert_non_null(keys_find(&keys, "k1"));
	assert_non_null(keys_find(&keys, "2026-11"));
	assert_null(keys_find(&keys, "K9"));
	assert_null(keys_find(&keys, ""));
	keys_finish(&keys);
	EVP_PKEY_free(p256);
}

static void
files_that_are_no_p256_public_key_are_counted_and_leave_no_error_behind(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384");
	EVP_PKEY *ed = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct keys keys;
	unsigned bad;
	FILE *file = create("text.pem");

	(void)state;
	fputs("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", file);
	fclose(file);
	fclose(create("empty.pem"));
	write_key("private.pem", p256, 1);
	write_key("p384.pem", p384, 0);
	write_key("ed.pem", ed, 0);
	assert_int_equal(keys_load(&keys, dir, &bad), 0);
	assert_int_equal(bad, 5);
	assert_int_equal(ERR_peek_error(), 0);
	keys_finish(&keys);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(ed);
}

static void
no_folder_is_an_error_and_too_many_keys_are_counted(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct keys keys;
	unsigned bad;
	char name[16];

	(void)state;
	assert_int_equal(keys_load(&keys, "/nonexistent", &bad), -1);
	keys_finish(&keys);
	for (unsigned i = 0; i < MAX_KEYS + 2; i++) {
		snprintf(name, sizeof(name), "k%u.pem", i);
		write_key(name, p256, 0);
	}
	assert_int_equal(keys_load(&keys, dir, &bad), MAX_KEYS);
	assert_int_equal(bad, 2);
	keys_finish(&keys);
	EVP_PKEY_free(p256);
}

/* Moves the folder's time of change `s` seconds back. */
static void
age(time_t s)
{
	const struct timespec t = {time(NULL) - s, 0}, times[2] = {t, t};

	assert_int_equal(utimensat(AT_FDCWD, dir, times, 0), 0);
}

static void
a_changed_folder_is_stale_and_one_that_just_changed_stays_so_until_read_again(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct keys keys;
	unsigned bad;

	(void)state;
	write_key("k1.pem", p256, 0);
	assert_int_equal(keys_load(&keys, dir, &bad), 1);
	assert_int_equal(keys_stale(&keys, dir), 1);
	keys_finish(&keys);
	age(10);
	assert_int_equal(keys_load(&keys, dir, &bad), 1);
	assert_int_equal(keys_stale(&keys, dir), 0);
	write_key("k2.pem", p256, 0);
	assert_int_equal(keys_stale(&keys, dir), 1);
	assert_int_equal(keys_stale(&keys, "/nonexistent"), -1);
	keys_finish(&keys);
	EVP_PKEY_free(p256);
}

/* Descriptors run out: that is no reason to forget a key. */
static void
a_file_that_can_t_be_read_now_is_an_error_not_a_missing_key(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256");
	struct rlimit old, low;
	struct keys keys;
	unsigned bad;
	int fd;

	(void)state;
	write_key("k1.pem", p256, 0);
	fd = open("/dev/null", O_RDONLY);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = (struct rlimit){(rlim_t)fd + 1, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(keys_load(&keys, dir, &bad), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	keys_finish(&keys);
	assert_int_equal(keys_load(&keys, dir, &bad), 1);
	keys_finish(&keys);
	EVP_PKEY_free(p256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_good_file_is_a_key_named_like_it),
		TEST(files_that_are_no_p256_public_key_are_counted_and_leave_no_error_behind),
		TEST(a_changed_folder_is_stale_and_one_that_just_changed_stays_so_until_read_again),
		TEST(a_file_that_can_t_be_read_now_is_an_error_not_a_missing_key),
		TEST(no_folder_is_an_error_and_too_many_keys_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

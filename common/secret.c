/*
 * Secrets: locked, wiped, compared in constant time. Guard and signer processes only; nothing
 * here reads input from outside.
 */
#include "common/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

int
secret_process(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0) {
		return -1;
	}
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}

int
secret_lock(void *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)p & ~(page - 1);
	size_t span = ((uintptr_t)p + n - start + page - 1) & ~(page - 1);
	int rc;

	rc = mlock((void *)start, span);
	if (madvise((void *)start, span, MADV_DONTDUMP) != 0) {
		rc = -1;
	}
	/* Refused for memory that is not private and anonymous (the first page of .data): a fork
	 * of ours only ever runs on to exec, so this is one wall of two. */
	(void)madvise((void *)start, span, MADV_WIPEONFORK);
	return rc == 0 ? 0 : -1;
}

void
secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

bool
secret_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
secret_random(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			abort();
		}
		at += got;
		n -= (size_t)got;
	}
}

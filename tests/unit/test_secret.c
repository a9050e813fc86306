/* Secrets in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/secret.h"

#define PAGE 4096

static void
equal_looks_at_every_byte_and_at_no_more(void **state)
{
	uint8_t a[16] = {0}, b[16] = {0};

	(void)state;
	assert_true(secret_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 0x80;
		assert_false(secret_equal(a, b, sizeof(a)));
		assert_true(secret_equal(a, b, i));
		b[i] = 0;
	}
}

static void
wiping_leaves_zeros_and_touches_nothing_else(void **state)
{
	const uint8_t expected[8] = {1, 0, 0, 0, 0, 0, 0, 1};
	uint8_t bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};

	(void)state;
	secret_wipe(bytes + 1, 6);
	assert_memory_equal(bytes, expected, sizeof(bytes));
}

static void
random_bytes_fill_the_whole_block_and_differ(void **state)
{
	uint8_t a[512] = {0}, b[512] = {0};
	size_t zeros = 0;

	(void)state;
	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	for (size_t i = sizeof(a) - 64; i < sizeof(a); i++) {
		zeros += a[i] == 0;
	}
	assert_true(zeros < 32);
}

/* What the kernel says of the mapping at p: its flags as two-letter words. */
static void
mapping_flags(char *out, size_t cap, const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	int inside = 0;
	char line[512];

	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		} else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			(void)snprintf(out, cap, "%.*s", (int)(cap - 1), line + 8);
		}
	}
	(void)fclose(f);
}

static void
a_locked_secret_is_kept_from_swap_dumps_and_children(void **state)
{
	char *pages = mmap(NULL, (size_t)3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char flags[256];
	int status;
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	/* Over a page's edge: both pages are meant. */
	assert_int_equal(secret_lock(pages + PAGE - 8, 16), 0);
	memset(pages, 'x', (size_t)3 * PAGE);
	for (int i = 0; i < 2; i++) {
		mapping_flags(flags, sizeof(flags), pages + i * PAGE);
#ifndef TETHER_SANITIZED /* whose run-time turns mlock into nothing */
		assert_non_null(strstr(flags, " lo")); /* locked */
#endif
		assert_non_null(strstr(flags, " dd")); /* not dumped */
		assert_non_null(strstr(flags, " wf")); /* wiped on fork */
	}
	mapping_flags(flags, sizeof(flags), pages + 2 * PAGE);
	assert_null(strstr(flags, " lo"));
	pid = fork();
	if (pid == 0) {
		_exit(pages[PAGE] == '\0' && pages[2 * PAGE] == 'x' ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)munmap(pages, (size_t)3 * PAGE);
}

static void
a_process_with_secrets_is_not_dumpable(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct rlimit r = {1, 1};
		int rc = secret_process();

		(void)getrlimit(RLIMIT_CORE, &r);
		_exit(rc != 0 || prctl(PR_GET_DUMPABLE) != 0 || r.rlim_max != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_looks_at_every_byte_and_at_no_more),
		cmocka_unit_test(wiping_leaves_zeros_and_touches_nothing_else),
		cmocka_unit_test(random_bytes_fill_the_whole_block_and_differ),
		cmocka_unit_test(a_locked_secret_is_kept_from_swap_dumps_and_children),
		cmocka_unit_test(a_process_with_secrets_is_not_dumpable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

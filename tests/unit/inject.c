/*
 * Makes another process do one system call, as its code would if it had been taken over: what a
 * live, sealed child may still do is then seen from outside. Tests only; needs the right to trace.
 *
 *   inject [-n TIMES] PID CALL [ARGUMENT...]
 *
 * ARGUMENT: a number; =TEXT or x:HEX, put into the process's memory and passed by address. Says
 * `returned N` (negative: an errno) or `killed SIGNAL`. Exit status 0 for both, 1 when the process
 * can't be traced, 2 for a wrong command line.
 *
 * The call takes the place of one that the process makes itself, caught at its entry and before
 * seccomp looks at it; that one is made afterwards.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "common/encode.h"

#define ARGS 6
#define DATA_MAX 2048	/* of one text */
#define RED_ZONE 8192	/* below the stack pointer: nothing the process still needs */
#define SYSCALL_STOP (SIGTRAP | 0x80)

struct call {
	pid_t pid;
	int number;
	uint64_t arg[ARGS];
	bool placed[ARGS]; /* arg is a text, to be put at its address */
	uint8_t data[ARGS][DATA_MAX];
	size_t len[ARGS];
};

#if defined(__x86_64__)
#define INSTRUCTION 2 /* length of the one that enters the kernel */

static uint64_t
stack_of(const struct user_regs_struct *r)
{
	return r->rsp;
}

static int64_t
result_of(const struct user_regs_struct *r)
{
	return (int64_t)r->rax;
}

static void
registers_set(struct user_regs_struct *r, const struct call *c)
{
	r->orig_rax = (uint64_t)c->number;
	r->rdi = c->arg[0];
	r->rsi = c->arg[1];
	r->rdx = c->arg[2];
	r->r10 = c->arg[3];
	r->r8 = c->arg[4];
	r->r9 = c->arg[5];
}

/* Back to before the instruction, with the number of the call that was displaced. */
static void
registers_rewind(struct user_regs_struct *r)
{
	r->rip -= INSTRUCTION;
	r->rax = r->orig_rax;
	r->orig_rax = ~UINT64_C(0);
}
#elif defined(__aarch64__)
#define INSTRUCTION 4

static uint64_t
stack_of(const struct user_regs_struct *r)
{
	return r->sp;
}

static int64_t
result_of(const struct user_regs_struct *r)
{
	return (int64_t)r->regs[0];
}

static void
registers_set(struct user_regs_struct *r, const struct call *c)
{
	for (unsigned i = 0; i < ARGS; i++) {
		r->regs[i] = c->arg[i];
	}
}

static void
registers_rewind(struct user_regs_struct *r)
{
	r->pc -= INSTRUCTION;
}
#else
#error "which registers does this machine pass a system call in?"
#endif

static int
registers_read(pid_t pid, struct user_regs_struct *r)
{
	struct iovec v = {r, sizeof(*r)};

	return ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) == 0 ? 0 : -1;
}

static int
registers_write(pid_t pid, struct user_regs_struct *r)
{
	struct iovec v = {r, sizeof(*r)};

	return ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v) == 0 ? 0 : -1;
}

/* On this machine the number is no register but has a place of its own. */
static int
number_write(const struct call *c)
{
#if defined(__aarch64__)
	int number = c->number;
	struct iovec v = {&number, sizeof(number)};

	return ptrace(PTRACE_SETREGSET, c->pid, (void *)NT_ARM_SYSTEM_CALL, &v) == 0 ? 0 : -1;
#else
	(void)c;
	return 0;
#endif
}

static int
place_texts(struct call *c, uint64_t stack)
{
	for (unsigned i = 0; i < ARGS; i++) {
		uint64_t at = stack - RED_ZONE - (i + UINT64_C(1)) * DATA_MAX;
		struct iovec from = {c->data[i], c->len[i]};
		struct iovec to = {(void *)(uintptr_t)at, c->len[i]};

		if (!c->placed[i]) {
			continue;
		}
		c->arg[i] = at;
		if (process_vm_writev(c->pid, &from, 1, &to, 1, 0) != (ssize_t)c->len[i]) {
			return -1;
		}
	}
	return 0;
}

/* Runs to the next entry or exit of a system call. 1, 0 when the process has died (said), -1. */
static int
next_stop(pid_t pid)
{
	int status, signal = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal) != 0 || waitpid(pid, &status, __WALL) != pid) {
			return -1;
		}
		if (WIFSIGNALED(status)) {
			printf("killed %d\n", WTERMSIG(status));
			return 0;
		}
		if (!WIFSTOPPED(status)) {
			return -1;
		}
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			return 1;
		}
		/* A signal of its own goes on to it; a stop of ours does not. */
		signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
	}
}

/* One call in the place of the one at whose entry the process stands; it stands there again after it,
 * since a filter's verdict takes effect on the way out. 1 and the result, 0 when it was the end of
 * the process (said), -1. */
static int
inject(struct call *c, int64_t *result)
{
	struct user_regs_struct before, during;
	int rc;

	if (registers_read(c->pid, &before) != 0 || place_texts(c, stack_of(&before)) != 0) {
		return -1;
	}
	during = before;
	registers_set(&during, c);
	if (registers_write(c->pid, &during) != 0 || number_write(c) != 0) {
		return -1;
	}
	rc = next_stop(c->pid);
	if (rc <= 0) {
		return rc;
	}
	if (registers_read(c->pid, &during) != 0) {
		return -1;
	}
	*result = result_of(&during);
	registers_rewind(&before);
	return registers_write(c->pid, &before) == 0 ? next_stop(c->pid) : -1;
}

/* Killed by another while it stood still for us: then a request of ours fails, and the end is still
 * to be read. True when it was so (said). */
static bool
has_died(pid_t pid)
{
	int status;

	if (errno != ESRCH || waitpid(pid, &status, __WALL) != pid || !WIFSIGNALED(status)) {
		return false;
	}
	printf("killed %d\n", WTERMSIG(status));
	return true;
}

static int
run(struct call *c, unsigned long times)
{
	int64_t result = 0;
	int status, rc;

	if (ptrace(PTRACE_SEIZE, c->pid, 0, PTRACE_O_TRACESYSGOOD) != 0 ||
	    ptrace(PTRACE_INTERRUPT, c->pid, 0, 0) != 0 ||
	    waitpid(c->pid, &status, __WALL) != c->pid) {
		return -1;
	}
	rc = next_stop(c->pid);
	for (; times > 0 && rc == 1; times--) {
		rc = inject(c, &result);
	}
	if (rc == 1) {
		printf("returned %lld\n", (long long)result);
		(void)ptrace(PTRACE_DETACH, c->pid, 0, 0);
	}
	return rc < 0 && !has_died(c->pid) ? -1 : 0;
}

static int
take_argument(struct call *c, unsigned i, const char *text)
{
	size_t len = strlen(text);
	char *end;

	c->placed[i] = true;
	if (text[0] == '=' && len <= DATA_MAX) {
		memcpy(c->data[i], text + 1, len); /* the NUL instead of the = */
		c->len[i] = len;
		return 0;
	}
	if (strncmp(text, "x:", 2) == 0 && len > 2 && len / 2 - 1 <= DATA_MAX) {
		c->len[i] = len / 2 - 1;
		return hex_decode(c->data[i], c->len[i], text + 2, len - 2);
	}
	c->placed[i] = false;
	c->arg[i] = strtoull(text, &end, 0);
	return *text != '\0' && *end == '\0' ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static struct call call;
	unsigned long times = 1;

	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		times = strtoul(argv[2], NULL, 10);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3 || argc > 3 + ARGS || times == 0) {
		fputs("inject [-n TIMES] PID CALL [ARGUMENT...]\n", stderr);
		return 2;
	}
	call.pid = (pid_t)strtol(argv[1], NULL, 10);
	call.number = seccomp_syscall_resolve_name(argv[2]);
	for (int i = 3; i < argc; i++) {
		if (take_argument(&call, (unsigned)i - 3, argv[i]) != 0) {
			fprintf(stderr, "inject: what is %s?\n", argv[i]);
			return 2;
		}
	}
	if (call.number < 0) {
		fprintf(stderr, "inject: this machine has no %s\n", argv[2]);
		return 2;
	}
	if (run(&call, times) != 0) {
		fprintf(stderr, "inject: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

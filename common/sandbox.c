/*
 * Sandboxes. Every process of ours that reads what others wrote calls this once, after it has
 * opened all it needs; from then on the code is treated as if it could be taken over.
 */
#include "common/sandbox.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

/* The numbers of <linux/landlock.h>, which Debian 12's and 13's headers have to different extents:
 * the rights that versions 1, 2 and 3 of the interface know. */
#define LANDLOCK_VERSION_FLAG 1U
#define LANDLOCK_RIGHTS_1 0x1fffULL
#define LANDLOCK_RIGHTS_2 0x3fffULL
#define LANDLOCK_RIGHTS_3 0x7fffULL
#define LANDLOCK_READ 0xcULL	 /* files and lists of folders */
#define LANDLOCK_WRITE 0x4122ULL /* write, truncate, make, rename and remove plain files */
#define LANDLOCK_BENEATH 1U

/* One allowed call, with at most two conditions on its arguments; op 0 is none. */
struct rule {
	int call;
	struct scmp_arg_cmp arg[2];
};

#define CALL(name) {SCMP_SYS(name), {{0}}}
#define CALL_IF(name, n, value) {SCMP_SYS(name), {{n, SCMP_CMP_EQ, value, 0}}}
#define CALL_MASKED(name, n, mask, value) {SCMP_SYS(name), {{n, SCMP_CMP_MASKED_EQ, mask, value}}}
#define IOCTL(request) CALL_IF(ioctl, 1, request)
#define END {-1, {{0}}}

/* Masks and values are compared on 64 bits; flags are ints, so their sign must not spread. */
#define BITS(flags) ((uint64_t)(unsigned)(flags))
#define OPEN_WRITES BITS(O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND)
#define SOCKET_TYPE BITS(~(SOCK_NONBLOCK | SOCK_CLOEXEC))

static const struct rule base[] = {
	/* Descriptors that are open already. */
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(close), CALL(recvfrom),
	CALL(recvmsg), CALL(sendto), CALL(sendmsg), CALL(poll), CALL(ppoll), CALL(select),
	CALL(pselect6), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2),
	CALL(timerfd_settime), CALL_IF(fcntl, 1, F_GETFL), CALL_IF(fcntl, 1, F_SETFL),
	CALL_IF(fcntl, 1, F_GETFD), CALL_IF(fcntl, 1, F_SETFD), IOCTL(FIONBIO), IOCTL(FIONREAD),
	/* What stdio asks of a stream before its first write. */
	CALL(fstat), CALL_MASKED(newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH),
	/* Memory, none of it executable. */
	CALL(brk), CALL_MASKED(mmap, 2, PROT_EXEC, 0), CALL_MASKED(mprotect, 2, PROT_EXEC, 0),
	CALL(munmap), CALL(mremap), CALL(madvise), CALL(mlock), CALL(munlock),
	/* Clocks and chance; the first two where the vDSO can't answer. */
	CALL(clock_gettime), CALL(gettimeofday), CALL(time), CALL(clock_getres),
	CALL(clock_nanosleep), CALL(nanosleep), CALL(getrandom),
	/* Oneself. */
	CALL(futex), CALL(sched_yield), CALL(sched_getaffinity), CALL(rseq),
	CALL(set_robust_list), CALL(restart_syscall), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigaltstack), CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
	CALL(getgid), CALL(getegid), CALL(uname), CALL(getrlimit),
	{SCMP_SYS(prlimit64), {{0, SCMP_CMP_EQ, 0, 0}, {2, SCMP_CMP_EQ, 0, 0}}},
	CALL(exit), CALL(exit_group),
	END,
};

static const struct rule tty[] = {
	IOCTL(TCGETS), IOCTL(TCSETS), IOCTL(TCSETSW), IOCTL(TCSETSF), IOCTL(TCFLSH), IOCTL(TCSBRK),
	IOCTL(TIOCGWINSZ), IOCTL(TIOCOUTQ), IOCTL(TIOCMGET), IOCTL(TIOCMSET), IOCTL(TIOCMBIS),
	IOCTL(TIOCMBIC),
	END,
};

/* Levels are named so that a new kind of option doesn't come in with a new kernel. */
static const struct rule sockopt[] = {
	CALL(getsockopt), CALL_IF(setsockopt, 1, SOL_SOCKET), CALL_IF(setsockopt, 1, IPPROTO_TCP),
	CALL_IF(setsockopt, 1, IPPROTO_IP), CALL_IF(setsockopt, 1, IPPROTO_IPV6), CALL(getsockname),
	CALL(getpeername), CALL(shutdown),
	END,
};

static const struct rule accept_[] = {CALL(accept), CALL(accept4), END};

static const struct rule connect_[] = {
	{SCMP_SYS(socket),
	 {{0, SCMP_CMP_EQ, AF_INET, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_STREAM}}},
	{SCMP_SYS(socket),
	 {{0, SCMP_CMP_EQ, AF_INET6, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_STREAM}}},
	CALL(connect),
	END,
};

static const struct rule files_ro[] = {
	CALL_MASKED(openat, 2, OPEN_WRITES, O_RDONLY), CALL_MASKED(open, 1, OPEN_WRITES, O_RDONLY),
	CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statx), CALL(lseek), CALL(getdents64),
	CALL(readlink), CALL(readlinkat), CALL(access), CALL(faccessat), CALL(faccessat2),
	CALL(pread64), CALL(fadvise64),
	END,
};

static const struct rule files_rw[] = {
	CALL(openat), CALL(open), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statx),
	CALL(lseek), CALL(pread64), CALL(pwrite64), CALL(fsync), CALL(fdatasync), CALL(ftruncate),
	CALL(rename), CALL(renameat), CALL(renameat2), CALL(unlink), CALL(unlinkat), CALL(fchmod),
	CALL(umask),
	END,
};

static const struct rule signals[] = {CALL(rt_sigaction), CALL(signalfd4), END};

static const struct {
	unsigned kind;
	const struct rule *rules;
} kinds_table[] = {
	{SANDBOX_BASE, base},       {SANDBOX_TTY, tty},           {SANDBOX_SOCKOPT, sockopt},
	{SANDBOX_ACCEPT, accept_},  {SANDBOX_CONNECT, connect_},  {SANDBOX_FILES_RO, files_ro},
	{SANDBOX_FILES_RW, files_rw}, {SANDBOX_SIGNALS, signals},
};
#define KINDS (sizeof(kinds_table) / sizeof(kinds_table[0]))
#define FILES (SANDBOX_FILES_RO | SANDBOX_FILES_RW)

#ifdef TETHER_SANITIZED
/* Reports name code by reading /proc/self/maps and debug data; handlers are set late. */
static const struct rule sanitizers[] = {
	CALL_MASKED(openat, 2, OPEN_WRITES, O_RDONLY), CALL(readlink), CALL(readlinkat),
	CALL(lseek), CALL(newfstatat), CALL(stat), CALL(pread64), CALL(rt_sigaction), CALL(prctl), CALL(clone),
	CALL(clone3),
	END,
};

static int sealed;

/* The leak checker asks this at exit. It would trace the process from a clone, which no sealed
 * process may do; leaks are looked for in the tests that don't seal. */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return sealed;
}
#endif

static int
fail(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* What stays open: folders to read from by name (NULL: none), one to write in (-1: none). */
struct opening {
	const char *const *folders;
	int folder;
};

/* Leaves these rights in one folder, and to what is in it. */
static int
landlock_allow(int ruleset, int folder, uint64_t rights)
{
	struct {
		uint64_t rights;
		int32_t fd;
	} __attribute__((packed)) beneath = {rights, folder};

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_BENEATH, &beneath, 0) == 0 ? 0 : -1;
}

static int
landlock_allow_reading(int ruleset, const char *folder)
{
	int rc, fd = open(folder, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	rc = landlock_allow(ruleset, fd, LANDLOCK_READ);
	(void)close(fd);
	return rc;
}

/* Denies all files by path, but for what stays open. Kernels without Landlock, or with it switched
 * off, leave this wall to seccomp alone. */
static int
landlock_deny(const struct opening *o)
{
	const char *const *folders = o->folders;
	struct {
		uint64_t rights;
	} ruleset = {LANDLOCK_RIGHTS_3};
	long version, fd, rc;

	version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
	if (version < 1) {
		return 0;
	}
	if (version < 3) {
		ruleset.rights = version == 1 ? LANDLOCK_RIGHTS_1 : LANDLOCK_RIGHTS_2;
	}
	fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0) {
		return -1;
	}
	rc = 0;
	for (; folders != NULL && *folders != NULL && rc == 0; folders++) {
		rc = landlock_allow_reading((int)fd, *folders);
	}
	if (rc == 0 && o->folder >= 0) {
		rc = landlock_allow((int)fd, o->folder,
				    (LANDLOCK_READ | LANDLOCK_WRITE) & ruleset.rights);
	}
	if (rc == 0) {
		rc = syscall(SYS_landlock_restrict_self, (int)fd, 0);
	}
	(void)close((int)fd);
	return rc == 0 ? 0 : -1;
}

static int
add_rules(scmp_filter_ctx filter, const struct rule *rules)
{
	for (; rules->call != -1; rules++) {
		unsigned count = 0;

		while (count < 2 && rules->arg[count].op != 0) {
			count++;
		}
		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules->call, count,
					   rules->arg) != 0) {
			return -1;
		}
	}
	return 0;
}

/* abort() and raise() signal the own process; and isatty() on a log that is no terminal gets a
 * plain no rather than a death. So does libmosquitto's socketpair() for each new connection: it is
 * for threads, libmosquitto 2.0 does without it, and nobody would ever empty it. */
static int
add_answers(scmp_filter_ctx filter, unsigned kinds)
{
	const struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, BITS(getpid()), 0};
	const struct scmp_arg_cmp tcgets = {1, SCMP_CMP_EQ, TCGETS, 0};

	if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self) != 0) {
		return -1;
	}
	if ((kinds & SANDBOX_CONNECT) != 0 &&
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socketpair), 0, NULL) !=
		    0) {
		return -1;
	}
	if ((kinds & SANDBOX_TTY) != 0) {
		return 0;
	}
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 1, &tcgets);
}

static int
fill_filter(scmp_filter_ctx filter, unsigned kinds)
{
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
		return -1;
	}
	for (size_t i = 0; i < KINDS; i++) {
		if ((kinds & kinds_table[i].kind) == kinds_table[i].kind &&
		    add_rules(filter, kinds_table[i].rules) != 0) {
			return -1;
		}
	}
#ifdef TETHER_SANITIZED
	if (add_rules(filter, sanitizers) != 0) {
		return -1;
	}
#endif
	return add_answers(filter, kinds);
}

static int
seccomp_seal(unsigned kinds, const char **why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = 0;

	if (filter == NULL) {
		return fail(why, "out of memory for the system call filter");
	}
	if (fill_filter(filter, kinds) != 0) {
		rc = fail(why, "the system call filter could not be built");
	} else if (seccomp_load(filter) != 0) {
		rc = fail(why, "the kernel refused the system call filter");
	}
	seccomp_release(filter);
	return rc;
}

static int
seal(unsigned kinds, const struct opening *o, const char **why)
{
	const struct rlimit none = {0, 0};
	bool deny_files = (kinds & FILES) == 0 || o->folders != NULL || o->folder >= 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return fail(why, "the kernel refused no_new_privs");
	}
	if (setrlimit(RLIMIT_CORE, &none) != 0) {
		return fail(why, "core dumps could not be switched off");
	}
#ifdef TETHER_SANITIZED
	deny_files = false;
	sealed = 1;
#endif
	if (deny_files && landlock_deny(o) != 0) {
		return fail(why, o->folders != NULL ? "a folder to read from is missing, or Landlock "
						      "refused to close the others"
						    : "Landlock is there but refused to close the files");
	}
	return seccomp_seal(kinds, why);
}

int
sandbox_seal(unsigned kinds, const char **why)
{
	return seal(kinds, &(struct opening){NULL, -1}, why);
}

int
sandbox_seal_reading(unsigned kinds, const char *const *folders, const char **why)
{
	return seal(kinds, &(struct opening){folders, -1}, why);
}

int
sandbox_seal_writing(unsigned kinds, int folder, const char **why)
{
	return seal(kinds, &(struct opening){NULL, folder}, why);
}

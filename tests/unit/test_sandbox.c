/*
 * Sandboxes. Each try runs in a child that seals itself first; what is forbidden must end it with
 * SIGSYS, what is allowed must go on working.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "common/token.h"

#define EVERYTHING                                                                                 \
	(SANDBOX_TTY | SANDBOX_SOCKOPT | SANDBOX_ACCEPT | SANDBOX_CONNECT | SANDBOX_FILES_RO |     \
	 SANDBOX_FILES_RW | SANDBOX_SIGNALS)
#define NOT_SEALED 99

/* Opened before the seal, as a real program does. */
static int pair[2], pty[2], listener, epoll, file;
static EVP_PKEY *key;

/* A try returns 0 when what it did worked. */
typedef int try_fn(void);

struct attempt {
	const char *what;
	unsigned kinds;
	try_fn *fn;
};

/* The wait status of a child that sealed itself and tried. */
static int
status_of(unsigned kinds, try_fn *fn)
{
	pid_t pid = fork();
	const char *why = NULL;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_seal(kinds, &why) != 0) {
			_exit(NOT_SEALED);
		}
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
all_die(const struct attempt *a)
{
	for (; a->what != NULL; a++) {
		int status = status_of(a->kinds, a->fn);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
			fail_msg("not killed (wait status %#x): %s", status, a->what);
		}
	}
}

static void
all_work(const struct attempt *a)
{
	for (; a->what != NULL; a++) {
		int status = status_of(a->kinds, a->fn);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			fail_msg("wait status %#x: %s", status, a->what);
		}
	}
}

/* ---- what nobody may do ---------------------------------------------------------------------- */

static int
try_execve(void)
{
	char name[] = "true";
	char *argv[] = {name, NULL}, *env[] = {NULL};

	return execve("/bin/true", argv, env);
}

static int
try_execveat(void)
{
	return (int)syscall(SYS_execveat, file, "", NULL, NULL, AT_EMPTY_PATH);
}

static int
try_vfork(void)
{
	return (int)syscall(SYS_vfork) < 0;
}

static int
try_ptrace(void)
{
	return (int)syscall(SYS_ptrace, 16, getppid(), 0, 0) != 0;
}

static int
try_process_vm_readv(void)
{
	return (int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) != 0;
}

static int
try_pidfd_getfd(void)
{
	return (int)syscall(SYS_pidfd_getfd, 0, 0, 0) != 0;
}

static int
try_kill_parent(void)
{
	return kill(getppid(), 0);
}

static int
try_tgkill_parent(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int
try_bpf(void)
{
	return (int)syscall(SYS_bpf, 0, NULL, 0);
}

static int
try_mount(void)
{
	return (int)syscall(SYS_mount, NULL, "/", NULL, 0, NULL);
}

static int
try_unshare(void)
{
	return (int)syscall(SYS_unshare, 0);
}

static int
try_io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static int
try_setuid(void)
{
	return (int)syscall(SYS_setuid, getuid());
}

static int
try_typing_into_the_terminal(void)
{
	return ioctl(pty[1], TIOCSTI, "x");
}

static int
try_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int
try_memory_made_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static int
try_datagram_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0) < 0;
}

static int
try_raising_a_limit(void)
{
	const struct rlimit r = {0, 0};

	return setrlimit(RLIMIT_NOFILE, &r);
}

static int
try_socket_option_of_another_level(void)
{
	int one = 1;

	return setsockopt(listener, IPPROTO_UDP, 1, &one, sizeof(one));
}

#ifndef TETHER_SANITIZED
static int
try_fork(void)
{
	return fork() < 0;
}

static int
try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
#endif

static void
no_sandbox_lets_any_of_these_pass(void **state)
{
	static const struct attempt attempts[] = {
		{"execve", EVERYTHING, try_execve},
		{"execveat", EVERYTHING, try_execveat},
		{"vfork", EVERYTHING, try_vfork},
		{"ptrace", EVERYTHING, try_ptrace},
		{"process_vm_readv", EVERYTHING, try_process_vm_readv},
		{"pidfd_getfd", EVERYTHING, try_pidfd_getfd},
		{"kill of another", EVERYTHING, try_kill_parent},
		{"tgkill of another", EVERYTHING, try_tgkill_parent},
		{"bpf", EVERYTHING, try_bpf},
		{"mount", EVERYTHING, try_mount},
		{"unshare", EVERYTHING, try_unshare},
		{"io_uring", EVERYTHING, try_io_uring},
		{"setuid", EVERYTHING, try_setuid},
		{"TIOCSTI", EVERYTHING, try_typing_into_the_terminal},
		{"executable memory", EVERYTHING, try_executable_memory},
		{"memory made executable", EVERYTHING, try_memory_made_executable},
		{"unix socket", EVERYTHING, try_unix_socket},
		{"datagram socket", EVERYTHING, try_datagram_socket},
		{"a changed limit", EVERYTHING, try_raising_a_limit},
		{"a socket option of another level", EVERYTHING,
		 try_socket_option_of_another_level},
#ifndef TETHER_SANITIZED
		{"fork", EVERYTHING, try_fork},
		{"prctl", EVERYTHING, try_prctl},
#endif
		{0},
	};

	(void)state;
	all_die(attempts);
}

/* ---- what one kind allows and the others don't ----------------------------------------------- */

static int
try_terminal(void)
{
	struct termios t;
	struct winsize size;

	return tcgetattr(pty[1], &t) != 0 || tcsetattr(pty[1], TCSANOW, &t) != 0 ||
	       ioctl(pty[1], TIOCGWINSZ, &size) != 0 || tcflush(pty[1], TCIOFLUSH) != 0;
}

static int
try_terminal_setting(void)
{
	const struct termios t = {0};

	return tcsetattr(pty[1], TCSANOW, &t);
}

static int
try_socket_options(void)
{
	int one = 1;
	socklen_t len = sizeof(one);

	return setsockopt(listener, IPPROTO_TCP, 1, &one, len) != 0 ||
	       getsockopt(listener, SOL_SOCKET, SO_ERROR, &one, &len) != 0;
}

static int
try_accept(void)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0 || errno != EAGAIN;
}

static int
connect_back(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const struct sockaddr_in nobody = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	/* Port 0 takes nobody: refused, but by the network and not by the sandbox. */
	return fd < 0 || connect(fd, (const struct sockaddr *)&nobody, sizeof(nobody)) == 0;
}

static int
try_connect(void)
{
	return connect_back(AF_INET);
}

static int
try_read_file(void)
{
	struct stat st;
	char byte;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	return fd < 0 || fstat(fd, &st) != 0 || read(fd, &byte, 1) != 1 || lseek(fd, 0, 0) != 0;
}

static int
try_write_file(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, "x", 1) != 1;
}

static int
try_create_file(void)
{
	return open("/dev/null", O_RDONLY | O_CREAT, 0600) < 0;
}

static int
try_unlink(void)
{
	return unlink("/nonexistent/file") == 0;
}

static void
handler(int s)
{
	(void)s;
}

static int
try_signal_handler(void)
{
	const struct sigaction act = {.sa_handler = handler};

	return sigaction(SIGUSR1, &act, NULL);
}

static int
try_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	return signalfd(-1, &set, SFD_CLOEXEC) < 0;
}

static void
each_kind_allows_what_it_says(void **state)
{
	static const struct attempt attempts[] = {
		{"terminal", SANDBOX_TTY, try_terminal},
		{"socket options", SANDBOX_SOCKOPT, try_socket_options},
		{"accept", SANDBOX_ACCEPT, try_accept},
		{"connect", SANDBOX_CONNECT, try_connect},
		{"read a file", SANDBOX_FILES_RO, try_read_file},
		{"read a file", SANDBOX_FILES_RW, try_read_file},
		{"write a file", SANDBOX_FILES_RW, try_write_file},
		{"unlink", SANDBOX_FILES_RW, try_unlink},
		{"signal handler", SANDBOX_SIGNALS, try_signal_handler},
		{"signalfd", SANDBOX_SIGNALS, try_signalfd},
		{0},
	};

	(void)state;
	all_work(attempts);
}

static void
without_its_kind_each_of_these_kills(void **state)
{
	static const struct attempt attempts[] = {
		{"terminal", EVERYTHING & ~SANDBOX_TTY, try_terminal_setting},
		{"socket options", EVERYTHING & ~SANDBOX_SOCKOPT, try_socket_options},
		{"accept", EVERYTHING & ~SANDBOX_ACCEPT, try_accept},
		{"connect", EVERYTHING & ~SANDBOX_CONNECT, try_connect},
		{"write a file", EVERYTHING & ~SANDBOX_FILES_RW, try_write_file},
		{"create a file", EVERYTHING & ~SANDBOX_FILES_RW, try_create_file},
		{"unlink", EVERYTHING & ~SANDBOX_FILES_RW, try_unlink},
		{"signalfd", EVERYTHING & ~SANDBOX_SIGNALS, try_signalfd},
#ifndef TETHER_SANITIZED
		{"read a file", SANDBOX_BASE, try_read_file},
		{"signal handler", EVERYTHING & ~SANDBOX_SIGNALS, try_signal_handler},
#endif
		{0},
	};

	(void)state;
	all_die(attempts);
}

/* ---- what every sealed process needs --------------------------------------------------------- */

static int
use_memory(void)
{
	char *small = malloc(100), *big = malloc(8 << 20), *more;

	if (small == NULL || big == NULL) {
		return 1;
	}
	memset(big, 1, 8 << 20);
	more = realloc(big, 16 << 20);
	free(more != NULL ? more : big);
	free(small);
	return more == NULL;
}

static int
use_clocks_and_chance(void)
{
	const struct timespec short_while = {.tv_nsec = 1000};
	uint8_t bytes[32] = {0}, zero[32] = {0};

	secret_random(bytes, sizeof(bytes));
	return clock_ns() == 0 || clock_unix() == 0 || nanosleep(&short_while, NULL) != 0 ||
	       memcmp(bytes, zero, sizeof(bytes)) == 0;
}

static int
use_open_descriptors(void)
{
	struct pollfd p = {.fd = pair[1], .events = POLLIN};
	struct epoll_event event;
	char c;

	return send(pair[0], "x", 1, 0) != 1 || poll(&p, 1, 1000) != 1 ||
	       epoll_wait(epoll, &event, 1, 1000) != 1 || recv(pair[1], &c, 1, 0) != 1 ||
	       fcntl(pair[1], F_SETFL, O_NONBLOCK) != 0 || close(pair[1]) != 0;
}

static int
use_stdio_and_log(void)
{
	FILE *f = fdopen(file, "w");

	log_open("test", 0);
	log_debug("not shown");
	return f == NULL || fprintf(f, "%d\n", 7) != 2 || fflush(f) != 0;
}

static int
use_tokens(void)
{
	struct token t = {.role = ROLE_GW, .client = "00112233445566778899aabbccddeeff",
			  .kid = "k1", .iat = 1000, .nbf = 1000, .exp = 2000};
	char jwt[MAX_TOKEN + 1];

	return token_create(jwt, &t, key) < 0;
}

static void
memory_clocks_descriptors_and_crypto_go_on_working(void **state)
{
	static const struct attempt attempts[] = {
		{"memory", SANDBOX_BASE, use_memory},
		{"clocks and chance", SANDBOX_BASE, use_clocks_and_chance},
		{"open descriptors", SANDBOX_BASE, use_open_descriptors},
		{"stdio and log", SANDBOX_BASE, use_stdio_and_log},
		{"signing a token", SANDBOX_BASE, use_tokens},
		{0},
	};

	(void)state;
	all_work(attempts);
}

static int
do_abort(void)
{
	abort();
}

static void
a_sealed_process_can_still_abort(void **state)
{
	int status = status_of(SANDBOX_BASE, do_abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int
ask_for_a_terminal(void)
{
	return isatty(pty[1]) != 0 || errno != ENOTTY;
}

static void
asking_whether_a_log_is_a_terminal_is_answered_no(void **state)
{
	static const struct attempt attempts[] = {
		{"isatty", SANDBOX_BASE, ask_for_a_terminal}, {0}};

	(void)state;
	all_work(attempts);
}

static int
ask_for_a_socket_pair(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 || errno != EPERM;
}

static void
a_pair_of_sockets_is_refused_to_clients_and_kills_others(void **state)
{
	static const struct attempt refused[] = {
		{"socketpair", SANDBOX_CONNECT, ask_for_a_socket_pair}, {0}};
	static const struct attempt killed[] = {
		{"socketpair", EVERYTHING & ~SANDBOX_CONNECT, ask_for_a_socket_pair}, {0}};

	(void)state;
	all_work(refused);
	all_die(killed);
}

static int
look_at_core_limit(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_CORE, &r) != 0 || r.rlim_cur != 0 || r.rlim_max != 0;
}

static void
a_sealed_process_leaves_no_core(void **state)
{
	static const struct attempt attempts[] = {{"core limit", SANDBOX_BASE, look_at_core_limit},
						  {0}};

	(void)state;
	all_work(attempts);
}

#ifndef TETHER_SANITIZED
/* A wait status: 0 when `path` could be read by a process that may read in `folder` alone. */
static int
reading_status(const char *folder, const char *path)
{
	const char *folders[] = {folder, NULL}, *why;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (sandbox_seal_reading(SANDBOX_FILES_RO, folders, &why) != 0) {
			_exit(NOT_SEALED);
		}
		_exit(open(path, O_RDONLY) >= 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
only_the_folders_that_were_named_can_be_read(void **state)
{
	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		skip(); /* this kernel has no Landlock */
	}
	assert_int_equal(reading_status("/proc/sys", "/proc/sys/kernel/ostype"), 0);
	assert_int_equal(reading_status("/proc/sys", "/proc/version"), EACCES);
	assert_int_equal(reading_status("/proc/sys", "/proc/sys/../version"), EACCES);
	assert_int_equal(reading_status("/nowhere", "/proc/version"), NOT_SEALED);
}

/* In a child that may write in one folder: makes `temp` there, renames it to `name`, which may lead
 * elsewhere, and reads it. 0, or errno. */
static int
writing_status(const char *folder, const char *temp, const char *name)
{
	const char *why;
	pid_t pid = fork();
	int status, fd, dir;

	assert_true(pid >= 0);
	if (pid == 0) {
		dir = open(folder, O_RDONLY | O_DIRECTORY);
		if (sandbox_seal_writing(SANDBOX_FILES_RW, dir, &why) != 0) {
			_exit(NOT_SEALED);
		}
		fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 ||
		    renameat(dir, temp, dir, name) != 0 || fsync(dir) != 0 ||
		    openat(dir, name, O_RDONLY) < 0 || unlinkat(dir, name, 0) != 0) {
			_exit(errno);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
only_in_the_folder_that_was_given_can_be_written(void **state)
{
	char folder[] = "/tmp/tether-sandbox-XXXXXX", other[sizeof(folder) + 1], out[64];

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		skip(); /* this kernel has no Landlock */
	}
	assert_non_null(mkdtemp(folder));
	snprintf(other, sizeof(other), "%s.", folder);
	assert_int_equal(mkdir(other, 0700), 0);
	snprintf(out, sizeof(out), "../%s/a", strrchr(other, '/') + 1);
	assert_int_equal(writing_status(folder, "a", "b"), 0);
	assert_int_equal(writing_status(folder, out, "b"), EACCES);
	assert_int_equal(writing_status(folder, "a", out), EACCES);
	assert_int_equal(writing_status(folder, "/etc/tether-sandbox", "b"), EACCES);
	snprintf(out, sizeof(out), "%s/a", folder);
	assert_int_equal(unlink(out), 0);
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(rmdir(folder), 0);
}
#endif

static int
open_what_a_program_holds(void **state)
{
	const struct sockaddr_in any = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN};

	(void)state;
	/* OpenSSL reads its configuration file at the first use, which must come before a seal. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) {
		return -1;
	}
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	pty[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (key == NULL || pty[0] < 0 || grantpt(pty[0]) != 0 || unlockpt(pty[0]) != 0) {
		return -1;
	}
	pty[1] = open(ptsname(pty[0]), O_RDWR | O_NOCTTY);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	file = open("/dev/null", O_WRONLY);
	epoll = epoll_create1(0);
	if (pty[1] < 0 || file < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
	    bind(listener, (const struct sockaddr *)&any, sizeof(any)) != 0 ||
	    listen(listener, 1) != 0) {
		return -1;
	}
	return epoll_ctl(epoll, EPOLL_CTL_ADD, pair[1], &event);
}

static int
close_all(void **state)
{
	const int fds[] = {pair[0], pair[1], pty[0], pty[1], listener, epoll, file};

	(void)state;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		(void)close(fds[i]);
	}
	EVP_PKEY_free(key);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sandbox_lets_any_of_these_pass),
		cmocka_unit_test(each_kind_allows_what_it_says),
		cmocka_unit_test(without_its_kind_each_of_these_kills),
		cmocka_unit_test(memory_clocks_descriptors_and_crypto_go_on_working),
		cmocka_unit_test(a_sealed_process_can_still_abort),
		cmocka_unit_test(asking_whether_a_log_is_a_terminal_is_answered_no),
		cmocka_unit_test(a_pair_of_sockets_is_refused_to_clients_and_kills_others),
		cmocka_unit_test(a_sealed_process_leaves_no_core),
#ifndef TETHER_SANITIZED
		cmocka_unit_test(only_the_folders_that_were_named_can_be_read),
		cmocka_unit_test(only_in_the_folder_that_was_given_can_be_written),
#endif
	};

	return cmocka_run_group_tests(tests, open_what_a_program_holds, close_all);
}

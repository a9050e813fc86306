/*
 * Sandboxes. Each try runs in a child that seals itself first; what is forbidden must end it with
 * SIGSYS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit/sealed.h"

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
	return (int)syscall(SYS_execveat, held.file, "", NULL, NULL, AT_EMPTY_PATH);
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
	return ioctl(held.pty[1], TIOCSTI, "x");
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

	return setsockopt(held.listener, IPPROTO_UDP, 1, &one, sizeof(one));
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

	return tcgetattr(held.pty[1], &t) != 0 || tcsetattr(held.pty[1], TCSANOW, &t) != 0 ||
	       ioctl(held.pty[1], TIOCGWINSZ, &size) != 0 || tcflush(held.pty[1], TCIOFLUSH) != 0;
}

static int
try_terminal_setting(void)
{
	const struct termios t = {0};

	return tcsetattr(held.pty[1], TCSANOW, &t);
}

static int
try_socket_options(void)
{
	int one = 1;
	socklen_t len = sizeof(one);

	return setsockopt(held.listener, IPPROTO_TCP, 1, &one, len) != 0 ||
	       getsockopt(held.listener, SOL_SOCKET, SO_ERROR, &one, &len) != 0;
}

static int
try_accept(void)
{
	return accept4(held.listener, NULL, NULL, SOCK_CLOEXEC) >= 0 || errno != EAGAIN;
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sandbox_lets_any_of_these_pass),
		cmocka_unit_test(each_kind_allows_what_it_says),
		cmocka_unit_test(without_its_kind_each_of_these_kills),
	};

	return cmocka_run_group_tests(tests, sealed_begin, sealed_finish);
}

/*
 * Sandboxes: no_new_privs, rlimits, landlock (deny all files, where the kernel has it), then a
 * seccomp allow-list that kills the process on anything else. See docs/PRIVSEP.md for the lists.
 */
#ifndef TETHER_SANDBOX_H
#define TETHER_SANDBOX_H

enum sandbox_kind {
	SANDBOX_BASE = 0,    /* memory, clocks, futex, poll/epoll, read/write/recv/send on open fds, exit */
	SANDBOX_TTY = 1,     /* + ioctl TCGETS/TCSETS/TIOCGWINSZ/TIOCM/FIONREAD on open fds, tcflush */
	SANDBOX_SOCKOPT = 2, /* + getsockopt/setsockopt/getsockname/getpeername/shutdown on open sockets */
	SANDBOX_ACCEPT = 4,  /* + accept4 on listening sockets that are open already */
	SANDBOX_CONNECT = 8, /* + socket(AF_INET|AF_INET6, SOCK_STREAM) and connect; socketpair fails */
	SANDBOX_FILES_RO = 16, /* + openat read-only, fstat, lseek, getdents (static pages, certificates) */
	SANDBOX_FILES_RW = 32, /* + openat for writing, fsync, rename, unlink, ftruncate (journal) */
	SANDBOX_SIGNALS = 64   /* + rt_sigaction/rt_sigreturn/signalfd of its own handlers */
};

/* Seals the calling process for ever. `kinds` is an OR of enum sandbox_kind. Never allowed whatever
 * is asked: execve, fork/clone of processes, ptrace, process_vm_*, pidfd_getfd, kill of others,
 * bpf, mount, ioctl TIOCSTI. Threads only if TETHER_SANITIZED. Returns 0, or -1 with a text in *why
 * (then the caller must exit: nothing runs unsealed). With TETHER_SANITIZED defined the list also has
 * what the sanitizers' run-time needs, and nothing else. */
int sandbox_seal(unsigned kinds, const char **why);

/* The same for a process with SANDBOX_FILES_RO whose files are in known folders: Landlock, where the
 * kernel has it, leaves only what is in `folders` (NULL-ended, all of them there now) to be read. */
int sandbox_seal_reading(unsigned kinds, const char *const *folders, const char **why);

/* The same for a process with SANDBOX_FILES_RW whose files are in one known folder: Landlock leaves
 * only plain files in `folder` (open, stays the caller's) to be read, made, renamed and removed. */
int sandbox_seal_writing(unsigned kinds, int folder, const char **why);

#endif

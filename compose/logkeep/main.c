/*
 * tether-logkeep: starts one part and keeps what it says, for seven days at most (docs/PRIVACY.md).
 *   tether-logkeep PART PROGRAM [ARGUMENT...]
 * Environment: TETHER_LOG_DIR (/var/log/tether/PART), TETHER_LOG_AGE (7d; "20s", "12h" are
 * shorter), TETHER_LOG_BYTES (per part and file; 1048576). Two processes besides the part. This one
 * does nothing but start, hand signals on and reap: it reads no line. The writer reads and keeps;
 * where it dies another takes its place, and since the pipe is held here the part does not notice.
 * Ends as the part ended, when its last words are kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "compose/logkeep/writer.h"

#define DRAIN_S 2 /* for last words; a grandchild may hold the pipe for ever */

static const int handed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

struct keeper {
	struct log_files files;
	int pipe[2];
	int console; /* standard error as it was: for the log's own failure */
	pid_t part, writer;
	int ended, status;
};

__attribute__((noreturn)) static void
usage(const char *wrong)
{
	fprintf(stderr,
		"tether-logkeep: %s\nusage: tether-logkeep PART PROGRAM [ARGUMENT...]\n"
		"environment: TETHER_LOG_DIR, TETHER_LOG_AGE (7s to 7d), TETHER_LOG_BYTES\n",
		wrong);
	exit(2);
}

/* ---- settings ------------------------------------------------------------------------------ */

static long
number(const char *text, char **end)
{
	errno = 0;
	return text[0] >= '0' && text[0] <= '9' ? strtol(text, end, 10) : -1;
}

static void
read_age(struct log_files *f, const char *text)
{
	static const char units[] = "smhd";
	static const long seconds[] = {1, 60, 3600, 86400};
	char *end = NULL;
	long n = number(text, &end);
	const char *unit = n > 0 && n <= MAX_AGE_S && *end != '\0' ? strchr(units, *end) : NULL;

	f->age = unit != NULL && end[1] == '\0' ? n * seconds[unit - units] : 0;
	if (f->age < MIN_AGE_S || f->age > MAX_AGE_S) {
		usage("TETHER_LOG_AGE is a number with s, m, h or d, from 7s to 7d");
	}
}

static void
read_bytes(struct log_files *f, const char *text)
{
	char *end = NULL;
	long n = number(text, &end);

	if (n < MIN_BYTES || n > MAX_BYTES || *end != '\0') {
		usage("TETHER_LOG_BYTES is a number from 2560 to 1048576");
	}
	f->max_bytes = (size_t)n;
}

static const char *
setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void
read_settings(struct log_files *f, const char *part)
{
	char usual[sizeof("/var/log/tether/") + MAX_PART];
	const char *dir;

	if (!line_part_is_valid(part)) {
		usage("PART is up to 15 letters a to z");
	}
	memcpy(f->part, part, strlen(part) + 1);
	(void)snprintf(usual, sizeof(usual), "/var/log/tether/%s", part);
	dir = setting("TETHER_LOG_DIR", usual);
	read_age(f, setting("TETHER_LOG_AGE", "7d"));
	read_bytes(f, setting("TETHER_LOG_BYTES", "1048576"));
	f->fd = -1;
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0) {
		/* Not fatal: a part is worth more than what it says. */
		fprintf(stderr, "tether-logkeep: %s: %s; nothing is kept\n", dir, strerror(errno));
	}
}

/* ---- children ------------------------------------------------------------------------------ */

static void
release_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The writer ignores what ends the part: it ends at the end of what there is to read. */
static void
start_writer(struct keeper *k)
{
	k->writer = fork();
	if (k->writer != 0) {
		return;
	}
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		signal(handed_on[i], SIG_IGN);
	}
	signal(SIGXFSZ, SIG_IGN);
	release_signals();
	dup2(k->console, STDERR_FILENO);
	dup2(k->console, STDOUT_FILENO);
	close(k->pipe[1]);
	writer_run(&k->files, k->pipe[0]);
	_exit(0);
}

static void
start_part(struct keeper *k, char **argv)
{
	pid_t us = getpid();

	k->part = fork();
	if (k->part != 0) {
		return;
	}
	/* Without its keeper a part ends in order; its outputs would block or kill it later. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != us) {
		_exit(1);
	}
	release_signals();
	dup2(k->pipe[1], STDOUT_FILENO);
	execvp(argv[0], argv);
	log_error("can't start %s: %s", argv[0], strerror(errno));
	_exit(127);
}

static void
reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->part) {
			k->ended = 1;
			k->status = status;
		} else if (pid == k->writer) {
			k->writer = -1;
		}
	}
}

/* ---- life ---------------------------------------------------------------------------------- */

/* Until the part has ended. A writer that died is started again after a second. */
static void
attend(struct keeper *k, const sigset_t *set)
{
	static const struct timespec second = {1, 0};

	while (!k->ended) {
		int got = k->writer < 0 ? sigtimedwait(set, NULL, &second) : sigwaitinfo(set, NULL);

		if (got == SIGCHLD) {
			reap(k);
		} else if (got > 0) {
			kill(k->part, got);
		} else if (errno == EAGAIN && k->writer < 0) {
			start_writer(k);
		}
	}
}

static void
await_last_words(struct keeper *k, const sigset_t *set)
{
	const struct timespec wait = {DRAIN_S, 0};

	if (k->writer < 0) {
		start_writer(k); /* for what is left in the pipe */
	}
	if (WIFSIGNALED(k->status)) {
		dprintf(STDERR_FILENO, "\n"); /* the last words may have been cut short */
		log_error("ended by signal %d (%s)", WTERMSIG(k->status),
			  strsignal(WTERMSIG(k->status)));
	}
	close(k->pipe[1]);
	dup2(k->console, STDERR_FILENO);
	while (k->writer > 0 && sigtimedwait(set, NULL, &wait) > 0) {
		reap(k);
	}
}

int
main(int argc, char **argv)
{
	static struct keeper k;
	sigset_t set;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tether-logkeep " TETHER_VERSION);
		return 0;
	}
	if (argc < 3) {
		usage("PART and PROGRAM are missing");
	}
	read_settings(&k.files, argv[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
		sigaddset(&set, handed_on[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	k.console = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (k.console < 0 || pipe2(k.pipe, O_CLOEXEC) != 0) {
		usage("descriptors are used up");
	}
	start_writer(&k);
	dup2(k.pipe[1], STDERR_FILENO); /* what is said here is a line of the part */
	log_open(argv[1], 0);
	start_part(&k, argv + 2);
	if (k.part < 0) {
		log_error("can't start it: %s", strerror(errno));
		return 1;
	}
	attend(&k, &set);
	await_last_words(&k, &set);
	return WIFSIGNALED(k.status) ? 128 + WTERMSIG(k.status) : WEXITSTATUS(k.status);
}

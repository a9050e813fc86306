/*
 * Port choice (choose.h). Trusted input: the wearer's command line and keyboard.
 */
#include "agent/choose.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/box/ports.h"
#include "agent/single.h"

#define PORTS_MAX 16 /* more adapters than anybody has to choose from */
_Static_assert(sizeof(((struct options *)NULL)->usb) == PORT_TEXT, "a serial number fits");
#define SIM_WAIT_MS 5000

/* The path of a program that lives beside this one. 0 or -1. */
static int
beside_us(char out[MAX_PATH], const char *name)
{
	char self[MAX_PATH];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	int len;

	if (n <= 0) {
		return -1;
	}
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL) {
		return -1;
	}
	*slash = '\0';
	len = snprintf(out, MAX_PATH, "%s/%s", self, name);
	return len > 0 && len < MAX_PATH ? 0 : -1;
}

static pid_t
start_simulator(const char *program, const char *link)
{
	sigset_t none;
	pid_t pid = fork();

	if (pid == 0) {
		sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL); /* ours are blocked (single.h) */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		setsid();
		if (freopen("/dev/null", "r", stdin) != NULL &&
		    freopen("/dev/null", "w", stdout) != NULL) {
			execl(program, program, "--link", link, (char *)NULL);
		}
		_exit(127);
	}
	return pid;
}

static int
wait_for(const char *path)
{
	for (int ms = 0; ms < SIM_WAIT_MS; ms += 10) {
		if (access(path, R_OK | W_OK) == 0) {
			return 0;
		}
		usleep(10000);
	}
	return -1;
}

static int
choose_demo(struct options *o, pid_t *sim, char dir[MAX_PATH])
{
	const char *tmp = getenv("TMPDIR");
	char program[MAX_PATH];
	int n = snprintf(dir, MAX_PATH, "%s/tether-XXXXXX",
			 tmp != NULL && *tmp == '/' ? tmp : "/tmp");

	if (n < 0 || n >= MAX_PATH - 8 || mkdtemp(dir) == NULL) {
		fputs("tether: no folder for the simulated box could be made\n", stderr);
		return -1;
	}
	snprintf(o->box, sizeof(o->box), "%.*s/box", MAX_PATH - 8, dir);
	if (beside_us(program, "tether-box") < 0 || (*sim = start_simulator(program, o->box)) < 0 ||
	    wait_for(o->box) < 0) {
		fputs("tether: the simulated box (tether-box) did not start\n", stderr);
		return -1;
	}
	return 0;
}

int
choose_pick(int count, const char *line)
{
	char *end;
	long n;

	if (line == NULL) {
		return count == 1 ? 0 : -1;
	}
	n = strtol(line, &end, 10);
	end += strspn(end, " \t\n");
	return *end == '\0' && n >= 1 && n <= count ? (int)n - 1 : -1;
}

int
choose_known(const struct port *ports, int count, const char *path)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(ports[i].path, path) == 0) {
			return i;
		}
	}
	return -1;
}

/* Waits for what is typed. 0, or -1 when Ctrl-C or another signal ends it. A stop is left to the
 * guard, which begins with it. */
static int
wait_for_line(void)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	sigset_t set;
	int ready;

	single_signals(&set);
	sigdelset(&set, SIGUSR1);
	sigdelset(&set, SIGTSTP);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fds[1].fd < 0) {
		return -1;
	}
	do {
		ready = poll(fds, 2, -1);
	} while (ready < 0 && errno == EINTR);
	close(fds[1].fd);
	return ready < 1 || fds[1].revents != 0 ? -1 : 0;
}

static int
ask_which(const struct port *ports, int count)
{
	char line[16];
	int pick;

	for (int i = 0; i < count; i++) {
		fprintf(stderr, "  %d  %s  %s %s\n", i + 1, ports[i].path, ports[i].description,
			ports[i].serial);
	}
	if (!isatty(STDIN_FILENO)) {
		fputs("tether: several adapters are plugged in; say which one with --box PATH\n",
		      stderr);
		return -1;
	}
	fprintf(stderr, "Which of them is the box? (1 to %d) ", count);
	if (wait_for_line() < 0 || fgets(line, sizeof(line), stdin) == NULL) {
		fputs("\n", stderr);
		return -1;
	}
	pick = choose_pick(count, line);
	if (pick < 0) {
		fprintf(stderr, "tether: expected a number from 1 to %d\n", count);
	}
	return pick;
}

static int
choose_adapter(struct options *o)
{
	struct port ports[PORTS_MAX];
	int count = ports_list(ports, PORTS_MAX);
	int pick;

	if (count <= 0) {
		fputs("tether: no box found: no FTDI adapter is plugged in. Is the cable in?\n"
		      "Another port can be named with --box PATH; --demo runs a simulated box.\n",
		      stderr);
		return -1;
	}
	pick = count == 1 ? choose_pick(count, NULL) : ask_which(ports, count);
	if (pick < 0) {
		return -1;
	}
	memcpy(o->box, ports[pick].path, sizeof(o->box));
	memcpy(o->usb, ports[pick].serial, sizeof(o->usb));
	return 0;
}

/* A named port that is an adapter is held to its serial number too: after a replug, another device
 * may have its name. Any other port (a pty, one that is not there yet) is taken as it comes. */
static void
choose_named(struct options *o)
{
	struct port ports[PORTS_MAX];
	int count = ports_list(ports, PORTS_MAX), known;
	char *real = realpath(o->box, NULL); /* /dev/serial/by-id/... is a link */

	known = real != NULL ? choose_known(ports, count, real) : -1;
	if (known >= 0) {
		memcpy(o->usb, ports[known].serial, sizeof(o->usb));
	}
	free(real);
}

int
choose_box(struct options *o, pid_t *sim, char dir[MAX_PATH])
{
	*sim = 0;
	dir[0] = '\0';
	if (o->demo) {
		return choose_demo(o, sim, dir);
	}
	if (o->box[0] == '\0') {
		return choose_adapter(o);
	}
	choose_named(o);
	return 0;
}

void
choose_finish(pid_t sim, const char *dir)
{
	char path[MAX_PATH + 8];

	if (sim > 0 && waitpid(sim, NULL, WNOHANG) == 0) { /* else its pid may be another's by now */
		kill(sim, SIGTERM);
		waitpid(sim, NULL, 0);
	}
	if (dir[0] != '\0') {
		snprintf(path, sizeof(path), "%s/box", dir);
		(void)unlink(path);
		(void)rmdir(dir);
	}
}

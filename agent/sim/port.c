/*
 * The simulated cable: a pty and its link; see port.h. Runs in tether-box only.
 */
#include "agent/sim/port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int
make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0) {
		return -1;
	}
	cfmakeraw(&t);
	cfsetspeed(&t, B9600);
	return tcsetattr(fd, TCSANOW, &t);
}

static int
open_pty(struct sim_port *p)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0 ||
	    ptsname_r(p->master, p->name, sizeof(p->name)) != 0) {
		return -1;
	}
	p->slave = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return p->slave < 0 ? -1 : make_raw(p->slave);
}

static int
make_link(const struct sim_port *p)
{
	struct stat st;

	if (lstat(p->link, &st) == 0 && S_ISLNK(st.st_mode)) {
		(void)unlink(p->link);
	}
	return symlink(p->name, p->link);
}

static void
close_pty(struct sim_port *p)
{
	if (p->slave >= 0) {
		(void)close(p->slave);
	}
	if (p->master >= 0) {
		(void)close(p->master);
	}
	p->slave = p->master = -1;
}

int
sim_port_open(struct sim_port *p, const char *link)
{
	int saved;

	*p = (struct sim_port){.master = -1, .slave = -1, .link = link};
	if (open_pty(p) == 0 && make_link(p) == 0) {
		return 0;
	}
	saved = errno;
	close_pty(p);
	errno = saved;
	return -1;
}

void
sim_port_close(struct sim_port *p)
{
	char target[PATH_MAX];
	ssize_t n;

	if (p->master < 0) {
		return;
	}
	n = readlink(p->link, target, sizeof(target) - 1);
	if (n > 0 && (size_t)n == strlen(p->name) && memcmp(target, p->name, (size_t)n) == 0) {
		(void)unlink(p->link);
	}
	close_pty(p);
}

size_t
sim_port_read(struct sim_port *p, char *bytes, size_t cap)
{
	ssize_t n = p->master < 0 || cap == 0 ? 0 : read(p->master, bytes, cap);

	return n > 0 ? (size_t)n : 0;
}

void
sim_port_write(struct sim_port *p, const char *bytes, size_t len)
{
	if (p->master >= 0) {
		ssize_t ignored = write(p->master, bytes, len);

		(void)ignored;
	}
}

/*
 * Opening the serial port (serial.h). Box process, before it is sealed.
 */
#include "agent/box/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <libserialport.h>

static int
error_of(int number)
{
	switch (number) {
	case EBUSY:
	case EWOULDBLOCK:
		return SERIAL_BUSY;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return SERIAL_ABSENT;
	default:
		return SERIAL_FAILED;
	}
}

/* libserialport knows real ports only; *port stays NULL for a pty. */
static int
find(struct sp_port **port, const char *path, const char *usb_serial)
{
	char *real = realpath(path, NULL); /* /dev/serial/by-id/... is a link */
	const char *found;

	*port = NULL;
	if (real == NULL) {
		return error_of(errno);
	}
	if (sp_get_port_by_name(real, port) != SP_OK) {
		*port = NULL;
	}
	free(real);
	if (usb_serial == NULL) {
		return 0;
	}
	found = *port != NULL ? sp_get_port_usb_serial(*port) : NULL;
	return found != NULL && strcmp(found, usb_serial) == 0 ? 0 : SERIAL_OTHER;
}

static int
open_listed(struct sp_port *port)
{
	int fd = -1;
	int number;

	if (sp_open(port, SP_MODE_READ_WRITE) != SP_OK) {
		number = sp_last_error_code();
		return error_of(number);
	}
	/* Freeing the struct does not close: the descriptor is ours from here. */
	if (sp_get_port_handle(port, &fd) != SP_OK) {
		sp_close(port);
		return SERIAL_FAILED;
	}
	return fd;
}

static int
open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 ? fd : error_of(errno);
}

/* Alone on it: the lock keeps out our own kind, root's too; TIOCEXCL all others. Not on a pty,
 * where the flag would outlive this process and lock out the next one. */
static int
claim(int fd, bool listed)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		return error_of(errno);
	}
	if (listed && ioctl(fd, TIOCEXCL) != 0) {
		return error_of(errno);
	}
	return 0;
}

static int
set_line(int fd)
{
	struct termios t, now;

	if (tcgetattr(fd, &t) != 0) {
		return SERIAL_FAILED;
	}
	cfmakeraw(&t);
	t.c_cflag &= ~(tcflag_t)(HUPCL | CSTOPB | PARENB | CRTSCTS);
	t.c_cflag |= CS8 | CREAD | CLOCAL;
	t.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
	t.c_cc[VMIN] = 1; /* so that a read of 0 bytes means that the port has gone */
	t.c_cc[VTIME] = 0;
	cfsetispeed(&t, B9600);
	cfsetospeed(&t, B9600);
	/* tcsetattr() is content when any of it could be done: look what has become of it. */
	if (tcsetattr(fd, TCSANOW, &t) != 0 || tcgetattr(fd, &now) != 0 ||
	    cfgetospeed(&now) != B9600 || (now.c_lflag & (ICANON | ECHO)) != 0) {
		return SERIAL_FAILED;
	}
	tcflush(fd, TCIOFLUSH);
	return 0;
}

int
serial_open(const char *path, const char *usb_serial)
{
	struct sp_port *port;
	bool listed;
	int error = find(&port, path, usb_serial);
	int fd;

	if (error != 0) {
		sp_free_port(port);
		return error;
	}
	listed = port != NULL;
	fd = listed ? open_listed(port) : open_path(path);
	sp_free_port(port);
	if (fd < 0) {
		return fd;
	}
	error = claim(fd, listed);
	if (error == 0) {
		error = set_line(fd);
	}
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}

const char *
serial_error(int error)
{
	switch (error) {
	case SERIAL_BUSY:
		return "another program is using the serial port";
	case SERIAL_ABSENT:
		return "there is no such serial port";
	case SERIAL_OTHER:
		return "the adapter at this port is not the one that was chosen";
	default:
		return "the serial port can't be opened: is your user in the group dialout?";
	}
}

/*
 * Opening the serial port. Box process, before it is sealed.
 */
#ifndef TETHER_BOX_SERIAL_H
#define TETHER_BOX_SERIAL_H

enum serial_error {
	SERIAL_BUSY = -1,   /* another program has it, perhaps a box process that is ending */
	SERIAL_ABSENT = -2, /* no such port */
	SERIAL_OTHER = -3,  /* there is an adapter, but not the one with this USB serial number */
	SERIAL_FAILED = -4  /* no permission, not a serial port, or it can't do 9600 8N1 */
};

/* Opens `path` at 9600 8N1, raw, without flow control, without hanging up at close (DTR stays: no
 * reset of the adapter), non-blocking, for this process alone. A port that libserialport doesn't
 * know (a pty) is opened by path. `usb_serial`: NULL for any, else the adapter must have it.
 * The descriptor is the caller's. Returns it, or a negative enum serial_error. */
int serial_open(const char *path, const char *usb_serial);

/* A sentence for people. Never NULL. */
const char *serial_error(int error);

#endif

/*
 * Which adapters are plugged in. Guard process, at its start, before it has children or secrets.
 * Only what the system says about USB devices is read: no port is opened, no device is probed.
 */
#ifndef TETHER_BOX_PORTS_H
#define TETHER_BOX_PORTS_H

#include <stddef.h>

#include "common/max.h"

#define PORT_TEXT 64 /* longer descriptions are cut */

struct port {
	char path[MAX_PATH];	     /* "/dev/ttyUSB0" */
	char description[PORT_TEXT]; /* "TTL-232R-5V-AJ", or "" */
	char serial[PORT_TEXT];	     /* the adapter's USB serial number, or "" when it has none */
};

/* Fills at most `cap` entries with FTDI adapters (USB vendor 0403; the official cable is one, but
 * its product id is not published). Entries whose path or serial number don't fit are left out.
 * Returns the number filled, or -1 when the system can't list ports. */
int ports_list(struct port *out, size_t cap);

#endif

/*
 * A pseudo terminal that stands for the link cable, and the symbolic link that names it.
 */
#ifndef TETHER_SIM_PORT_H
#define TETHER_SIM_PORT_H

#include <stddef.h>
#include <sys/types.h>

struct sim_port {
	int master; /* -1 while unplugged */
	int slave;  /* kept open, so that readers may close and open it without a hang-up here */
	const char *link;
	char name[64]; /* of the slave */
};

/* Creates a raw pty and the symbolic link `link` to it; a link left over by an earlier run is
 * replaced, anything else of that name is an error. `link` stays the caller's.
 * 0, or -1 with errno; nothing is left behind then. */
int sim_port_open(struct sim_port *p, const char *link);

/* Removes the link (only while it still names our pty) and closes. Readers see a hang-up. */
void sim_port_close(struct sim_port *p);

/* Bytes written by whoever has the port open: number, 0 when there are none now. */
size_t sim_port_read(struct sim_port *p, char *bytes, size_t cap);

/* Sends without waiting; what finds no room is lost, as on a cable nobody listens to. */
void sim_port_write(struct sim_port *p, const char *bytes, size_t len);

#endif

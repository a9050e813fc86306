/*
 * The link process: TLS and MQTT between the wearer's computer and the server, for one connection
 * (docs/PRIVSEP.md). Holds the agent token; never the session secret, the box or a file.
 */
#ifndef TETHER_LINK_H
#define TETHER_LINK_H

/* Runs the link with the guard's socket at CHILD_FD (common/spawn.h): reads one LINK_SETUP, does
 * its job, says how it ended in a LINK_STATUS. Returns the exit code: 0 done or the guard has gone,
 * 1 refused or lost, 2 the guard does not speak as agreed. */
int link_main(void);

#endif

/*
 * The net process: one MQTT connection to the broker.
 */
#ifndef TETHER_KEYSVC_NET_H
#define TETHER_KEYSVC_NET_H

#include "common/token.h"

/* Reads "key/<role>/<client>/req" with a role that may ask and a client of 32 hex characters.
 * 0 or -1. Pure. */
int net_topic_parse(enum role *role, char client[CLIENT_TEXT + 1], const char *topic);

/* Runs one connection on CHILD_FD until it or main ends. Returns the exit status. */
int net_run(void);

#endif

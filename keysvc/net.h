/*
 * The net process: one MQTT connection to the broker.
 */
#ifndef TETHER_KEYSVC_NET_H
#define TETHER_KEYSVC_NET_H

#include <stddef.h>

#include "common/token.h"
#include "keysvc/frames.h"

/* Reads "key/<role>/<client>/req" with a role that may ask and a client of 32 hex characters.
 * 0 or -1. Pure. */
int net_topic_parse(enum role *role, char client[CLIENT_TEXT + 1], const char *topic);

/* Reads "<sid, 32 hex> <n>", as the broker's plugin says it on key/cut (docs/PROTOCOL.md
 * "Revocation"). `text` need not end in NUL. 0 or -1. Pure. */
int net_cut_parse(struct net_cut *cut, const char *text, size_t len);

/* Runs one connection on CHILD_FD until it or main ends. Returns the exit status. */
int net_run(void);

#endif

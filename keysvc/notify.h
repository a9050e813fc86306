/* Readiness for the service manager (sd_notify(3)'s protocol, without its library). */
#ifndef TETHER_KEYSVC_NOTIFY_H
#define TETHER_KEYSVC_NOTIFY_H

/* Sends `state` ("READY=1") to $NOTIFY_SOCKET, if there is one. Failures are nobody's concern. */
void notify(const char *state);

#endif

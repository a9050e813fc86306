/*
 * Can the server be reached? A quick look before anything is started: nothing but a TCP connection
 * that is closed again.
 */
#ifndef TETHER_SETUP_REACH_H
#define TETHER_SETUP_REACH_H

#include <stdint.h>

/* Begins to look, in a process of its own: names can take long to resolve. Its pid, -1 none. */
int reach_start(const char *host, uint16_t port, int *pidfd);

/* What became of it, once its pidfd is readable; `pid` is waited for. With `late` it is ended. NULL
 * when the server answered, else half a sentence. */
const char *reach_end(int pid, int pidfd, int late);

#endif

/* Names to addresses, at the start and before the sandbox: it waits for the system's resolver. */
#ifndef TETHER_GATEWAY_RESOLVE_H
#define TETHER_GATEWAY_RESOLVE_H

#include <net/if.h>
#include <netinet/in.h>

#define MAX_ADDRESS (INET6_ADDRSTRLEN + IF_NAMESIZE) /* as text, with scope and NUL */

/* Writes up to `max` addresses of `name`, which may be one itself, in the system's order.
 * How many; 0: there is none. */
unsigned resolve(char found[][MAX_ADDRESS], unsigned max, const char *name);

#endif

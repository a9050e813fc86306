/* See resolve.h. Gateway process. */
#include "gateway/resolve.h"

#include <netdb.h>
#include <stddef.h>

unsigned
resolve(char found[][MAX_ADDRESS], unsigned max, const char *name)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
	unsigned count = 0;

	if (getaddrinfo(name, NULL, &hints, &list)) {
		return 0;
	}
	for (struct addrinfo *a = list; a && count < max; a = a->ai_next) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, found[count], MAX_ADDRESS, NULL, 0,
				NI_NUMERICHOST) == 0) {
			count++;
		}
	}
	freeaddrinfo(list);
	return count;
}

/* What /.well-known/security.txt says (RFC 9116). Pure. */
#ifndef TETHER_GATEWAY_CONTACT_H
#define TETHER_GATEWAY_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_CONTACT 256
#define MAX_SECURITY_TXT 1024

/* Is it a mailto:, https: or tel: URI of at most MAX_CONTACT bytes? */
bool contact_ok(const char *contact);

/* When the text of this build expires, in seconds since 1970: a year less a day after it was
 * configured. A newer build says anew that somebody still reads the mail. */
int64_t contact_expiry(void);

/* Writes the whole file; `contact` has passed contact_ok. 0, or -1: the origin is too long. */
int contact_write(char out[MAX_SECURITY_TXT], const char *contact, const char *origin,
		  int64_t expiry);

#endif

/* See contact.h. Gateway process; what it writes comes from the command line. */
#include "gateway/contact.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool
contact_ok(const char *contact)
{
	static const char *const schemes[] = {"mailto:", "https://", "tel:"};
	size_t len = strlen(contact);

	for (const char *c = contact; *c; c++) {
		if (*c <= ' ' || *c > '~') {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);

		if (len > n && len <= MAX_CONTACT && strncmp(contact, schemes[i], n) == 0) {
			return true;
		}
	}
	return false;
}

int64_t
contact_expiry(void)
{
	return TETHER_CONTACT_EXPIRY;
}

int
contact_write(char out[MAX_SECURITY_TXT], const char *contact, const char *origin, int64_t expiry)
{
	time_t seconds = (time_t)expiry;
	struct tm day;
	char date[32];
	int n;

	gmtime_r(&seconds, &day);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &day);
	n = snprintf(out, MAX_SECURITY_TXT,
		     "Contact: %s\n"
		     "Expires: %s\n"
		     "Preferred-Languages: en\n"
		     "Canonical: %s/.well-known/security.txt\n",
		     contact, date, origin);
	return n > 0 && n < MAX_SECURITY_TXT ? 0 : -1;
}

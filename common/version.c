/* See version.h. */
#include "common/version.h"

uint32_t
version_number(const char *text, size_t len)
{
	uint32_t number = 1, part = 0;
	unsigned digits = 0, dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && digits > 0 && dots < 2) {
			number = number * 1000 + part;
			part = digits = 0;
			dots++;
		} else if (text[i] >= '0' && text[i] <= '9' && digits < 3) {
			part = part * 10 + (uint32_t)(text[i] - '0');
			digits++;
		} else {
			return 0;
		}
	}
	return dots == 2 && digits > 0 ? number * 1000 + part : 0;
}

/* See line.h. */
#include "compose/logkeep/line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define MAX_NAME 24 /* part, and one of its processes (common/log.c) */

int
line_part_is_valid(const char *part)
{
	size_t len = strspn(part, "abcdefghijklmnopqrstuvwxyz-");

	return len > 0 && len < MAX_PART && part[len] == '\0' && part[0] != '-';
}

/* Howard Hinnant's civil_from_days: years begin in March, so that a leap day comes last. */
int
line_stamp(char out[MAX_STAMP], int64_t unix_s)
{
	int64_t days = unix_s / DAY_S + 719468, rest = unix_s % DAY_S;
	int64_t era = days / 146097, doe = days % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t month = (5 * doy + 2) / 153;
	int64_t day = doy - (153 * month + 2) / 5 + 1;

	month += month < 10 ? 3 : -9;
	return snprintf(out, MAX_STAMP, "%04d-%02d-%02dT%02d:%02d:%02dZ",
			(int)((yoe + era * 400 + (month <= 2)) % 10000), (int)(month % 100),
			(int)(day % 100), (int)(rest / 3600), (int)(rest / 60 % 60),
			(int)(rest % 60));
}

static int
skip(const char **text, const char *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *text) < len || memcmp(*text, word, len) != 0) {
		return 0;
	}
	*text += len;
	return 1;
}

/* "<4>": the level, or -1. */
static int
take_level(const char **text, const char *end)
{
	if (end - *text < 3 || (*text)[0] != '<' || (*text)[2] != '>' || (*text)[1] < '0' ||
	    (*text)[1] > '7') {
		return -1;
	}
	*text += 3;
	return (*text)[-2] - '0';
}

/* "keysvc net: " of part keysvc: copied as "keysvc-net". */
static void
take_name(char name[MAX_NAME], const char *part, const char **text, const char *end)
{
	size_t own = strlen(part), len = 0;

	memcpy(name, part, own + 1);
	while (*text + len < end && len < MAX_NAME && (*text)[len] != ':') {
		len++;
	}
	if (len < own || len >= MAX_NAME || *text + len + 1 >= end || (*text)[len + 1] != ' ' ||
	    memcmp(*text, part, own) != 0 || (len > own && (*text)[own] != ' ')) {
		return;
	}
	for (size_t i = own + 1; i < len; i++) {
		if (!islower((unsigned char)(*text)[i])) {
			return;
		}
	}
	memcpy(name, *text, len);
	name[len] = '\0';
	if (len > own) {
		name[own] = '-';
	}
	*text += len + 2;
}

/* Mosquitto's time: log_timestamp_format, or seconds until that has been read. */
static void
skip_stamp(const char **text, const char *end)
{
	const char *at = *text;

	while (at < end && (isdigit((unsigned char)*at) || *at == '-' || *at == 'T' ||
			    (*at == ':' && at + 1 < end && at[1] != ' '))) {
		at++;
	}
	if (at - *text >= 10 && end - at > 2 && at[0] == ':' && at[1] == ' ') {
		*text = at + 2;
	}
}

static const char *
take_word(const char **text, const char *end)
{
	skip_stamp(text, end);
	if (skip(text, end, "Warning: ")) {
		return "warn";
	}
	(void)skip(text, end, "Error: ");
	return "error";
}

/* The one error of Mosquitto that names a client (broker-conf/mosquitto.conf): its own words are
 * behind the last colon. Returns how much of `out` it used. */
static int
leave_out_client(char *out, size_t size, const char **text, const char *end)
{
	static const char head[] = "Protocol error from ";
	const char *colon = memrchr(*text, ':', (size_t)(end - *text));

	if (!skip(text, end, head)) {
		return 0;
	}
	*text = colon > *text ? colon : end;
	return snprintf(out, size, "%sa client", head);
}

int
line_frame(char out[MAX_LINE], const char *part, int64_t unix_s, const char *text, size_t len)
{
	static const char *const words[8] = {"error", "error", "error", "error",
					     "warn",  "info",  "info",	"debug"};
	const char *end = text + len, *word;
	char name[MAX_NAME];
	int level = take_level(&text, end), head;

	take_name(name, part, &text, end);
	word = level >= 0 ? words[level] : take_word(&text, end);
	head = line_stamp(out, unix_s);
	head += snprintf(out + head, MAX_LINE - (size_t)head, " %s %s ", name, word);
	if (level < 0) {
		head += leave_out_client(out + head, MAX_LINE - (size_t)head, &text, end);
	}
	len = (size_t)(end - text);
	if (len > MAX_LINE - 2 - (size_t)head) {
		len = MAX_LINE - 2 - (size_t)head;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		out[head++] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	out[head++] = '\n';
	out[head] = '\0';
	return head;
}

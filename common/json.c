/*
 * JSON as we accept it. Any process; the text is hostile, so it is screened before cJSON sees it.
 */
#include "common/json.h"

#include <stdbool.h>
#include <string.h>

#define MAX_DIGITS 15 /* below 2^53: a double holds each of them exactly */

/* Printable ASCII without backslash; white space as in RFC 8259 only outside strings. */
static bool
bytes_are_plain(const char *text, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '"') {
			quoted = !quoted;
		} else if (c == '\t' || c == '\n' || c == '\r') {
			if (quoted) {
				return false;
			}
		} else if (c < ' ' || c > '~' || c == '\\') {
			return false;
		}
	}
	return !quoted;
}

static bool
is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* One run of digits at text: its length, or 0 when it isn't 0 or [1-9][0-9]*, or is too long. */
static size_t
plain_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n > MAX_DIGITS || (n > 1 && text[0] == '0') ||
	    (text[n] != '\0' && strchr(",]} \t\r\n", text[n]) == NULL)) {
		return 0;
	}
	return n;
}

/* cJSON takes 007, 1. and 1e2 for numbers; text ends with a NUL and has no escapes. */
static bool
numbers_are_plain(const char *text)
{
	bool quoted = false;

	while (*text != '\0') {
		size_t n = 1;

		if (*text == '"') {
			quoted = !quoted;
		} else if (!quoted && is_number_byte(*text)) {
			n = plain_number(text);
			if (n == 0) {
				return false;
			}
		}
		text += n;
	}
	return true;
}

static bool
name_is_doubled(const cJSON *member)
{
	for (const cJSON *m = member->next; m != NULL; m = m->next) {
		if (strcmp(m->string, member->string) == 0) {
			return true;
		}
	}
	return false;
}

/* Depth is bounded by cJSON's own nesting limit and by MAX_JSON. */
static bool
names_are_single(const cJSON *tree)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, tree)
	{
		if ((cJSON_IsObject(tree) && name_is_doubled(m)) || !names_are_single(m)) {
			return false;
		}
	}
	return true;
}

int
json_parse(cJSON **out, const char *text, size_t len)
{
	/* cJSON before 1.7.18 reads past a text that isn't ended with NUL (CVE-2023-53154). */
	char copy[MAX_JSON + 1];
	cJSON *tree;
	int rc = JSON_OK;

	*out = NULL;
	if (len > MAX_JSON || !bytes_are_plain(text, len)) {
		return JSON_FORM;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!numbers_are_plain(copy)) {
		return JSON_NUMBER;
	}
	tree = cJSON_ParseWithLengthOpts(copy, len + 1, NULL, 1);
	if (!cJSON_IsObject(tree)) {
		rc = JSON_FORM;
	} else if (!names_are_single(tree)) {
		rc = JSON_DOUBLED;
	}
	if (rc != JSON_OK) {
		cJSON_Delete(tree);
		return rc;
	}
	*out = tree;
	return JSON_OK;
}

int
json_text(const char **out, const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	if (member == NULL) {
		return JSON_MISSING;
	}
	if (!cJSON_IsString(member)) {
		return JSON_TYPE;
	}
	*out = member->valuestring;
	return JSON_OK;
}

int
json_number(uint64_t *out, const cJSON *object, const char *name, uint64_t max)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	if (member == NULL) {
		return JSON_MISSING;
	}
	if (!cJSON_IsNumber(member)) {
		return JSON_TYPE;
	}
	/* json_parse let only whole numbers below 10^15 through. */
	if (member->valuedouble > (double)max) {
		return JSON_RANGE;
	}
	*out = (uint64_t)member->valuedouble;
	return JSON_OK;
}

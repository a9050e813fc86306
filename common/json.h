/*
 * JSON as we accept it: narrower than RFC 8259, so that two parsers can't read one text in two
 * ways. Any process; the text is hostile.
 */
#ifndef TETHER_JSON_H
#define TETHER_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <cJSON.h>

#include "common/max.h"

#define MAX_JSON MAX_REQUEST /* the longest of our messages that is JSON */

enum json_error {
	JSON_OK = 0,
	JSON_FORM = -1,    /* not one object, over MAX_JSON bytes, not printable ASCII */
	JSON_DOUBLED = -2, /* a name twice in one object, at any depth */
	JSON_NUMBER = -3,  /* with sign, fraction, exponent, leading zero or over 15 digits */
	JSON_MISSING = -4,
	JSON_TYPE = -5,
	JSON_RANGE = -6
};

/* Parses `len` bytes (no NUL needed) that must hold one object and nothing after it. Backslashes
 * are refused: none of our texts needs one, and an escaped NUL would cut a string short.
 * 0 and *out (the caller calls cJSON_Delete), or a negative enum json_error and NULL. */
int json_parse(cJSON **out, const char *text, size_t len);

/* The text of a member that must be a string; valid as long as `object`. 0, JSON_MISSING or
 * JSON_TYPE. */
int json_text(const char **out, const cJSON *object, const char *name);

/* A member that must be an integer 0..max (max below 10^15). 0, JSON_MISSING, JSON_TYPE or
 * JSON_RANGE. */
int json_number(uint64_t *out, const cJSON *object, const char *name, uint64_t max);

#endif

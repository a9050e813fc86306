/*
 * The command grammar. Gateway and link, both sandboxed: the text comes from whoever reached the
 * page or the topic. One table says which fields an op has; nothing else is let through.
 */
#include "common/command.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/encode.h"
#include "common/json.h"
#include "common/modes.h"

enum field_bit {
	FIELD_V = 1 << 0,
	FIELD_OP = 1 << 1,
	FIELD_CH = 1 << 2,
	FIELD_VAL = 1 << 3,
	FIELD_MODE = 1 << 4,
	FIELD_POWER = 1 << 5,
	FIELD_A = 1 << 6,
	FIELD_B = 1 << 7,
	FIELD_PAGE = 1 << 8,
	FIELD_N = 1 << 9,
	FIELD_BEACON = 1 << 10,
	FIELD_MAC = 1 << 11
};

#define FIELDS_STOP (FIELD_V | FIELD_OP)
#define FIELDS_ALL                                                                                 \
	(FIELDS_STOP | FIELD_A | FIELD_B | FIELD_PAGE | FIELD_N | FIELD_BEACON | FIELD_MAC)

#define VALUE_MAX 100

struct op_row {
	const char *name;
	unsigned fields;
	const char *channels; /* the letters of channel 0 and 1 */
};

/* Indexed by enum op; 0 is no op. */
static const struct op_row ops[] = {
	[OP_LEVEL] = {"level", FIELDS_ALL | FIELD_CH | FIELD_VAL, "AB"},
	[OP_PARAM] = {"param", FIELDS_ALL | FIELD_CH | FIELD_VAL, "CD"},
	[OP_MODE] = {"mode", FIELDS_ALL | FIELD_MODE, NULL},
	[OP_POWER] = {"power", FIELDS_ALL | FIELD_POWER, NULL},
	[OP_STOP] = {"stop", FIELDS_STOP, NULL},
	[OP_HELLO] = {"hello", FIELDS_ALL, NULL},
	[OP_ALIVE] = {"alive", FIELDS_ALL, NULL},
	[OP_BYE] = {"bye", FIELDS_ALL, NULL},
};
#define OP_COUNT (sizeof(ops) / sizeof(ops[0]))

static const char *const powers[] = {"low", "high"};

static int
error_of_json(int error)
{
	switch (error) {
	case JSON_OK:
		return COMMAND_OK;
	case JSON_DOUBLED:
	case JSON_MISSING:
		return COMMAND_FIELD;
	case JSON_NUMBER:
	case JSON_TYPE:
		return COMMAND_TYPE;
	case JSON_RANGE:
		return COMMAND_RANGE;
	default:
		return COMMAND_NOT_JSON;
	}
}

static int
read_u8(uint8_t *out, const cJSON *o, const char *name, uint8_t max)
{
	uint64_t v = 0;
	int rc = json_number(&v, o, name, max);

	*out = (uint8_t)v;
	return error_of_json(rc);
}

static int
read_u32(uint32_t *out, const cJSON *o, const char *name)
{
	uint64_t v = 0;
	int rc = json_number(&v, o, name, UINT32_MAX);

	*out = (uint32_t)v;
	return error_of_json(rc);
}

static int
read_version(struct command *c, const cJSON *o)
{
	uint64_t v;
	int rc = json_number(&v, o, "v", UINT32_MAX);

	(void)c;
	if (rc == JSON_RANGE || (rc == JSON_OK && v != COMMAND_VERSION)) {
		return COMMAND_VERSION_;
	}
	return error_of_json(rc);
}

static int
read_op(struct command *c, const cJSON *o)
{
	const char *text;
	int rc = json_text(&text, o, "op");

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	for (uint8_t i = 1; i < OP_COUNT; i++) {
		if (strcmp(ops[i].name, text) == 0) {
			c->op = i;
			return COMMAND_OK;
		}
	}
	return COMMAND_RANGE;
}

static int
read_channel(struct command *c, const cJSON *o)
{
	const char *text, *letters = ops[c->op].channels;
	int rc = json_text(&text, o, "ch");

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	if (strlen(text) != 1 || strchr(letters, text[0]) == NULL) {
		return COMMAND_RANGE;
	}
	c->channel = text[0] == letters[1];
	return COMMAND_OK;
}

static int
read_value(struct command *c, const cJSON *o)
{
	return read_u8(&c->value, o, "val", VALUE_MAX);
}

static int
read_mode(struct command *c, const cJSON *o)
{
	const char *text;
	int rc = json_text(&text, o, "mode");
	int mode;

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	mode = mode_from_name(text);
	if (mode < 0) {
		return COMMAND_RANGE;
	}
	c->value = (uint8_t)mode;
	return COMMAND_OK;
}

static int
read_power(struct command *c, const cJSON *o)
{
	const char *text;
	int rc = json_text(&text, o, "power");

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	for (uint8_t i = 0; i < 2; i++) {
		if (strcmp(powers[i], text) == 0) {
			c->value = i;
			return COMMAND_OK;
		}
	}
	return COMMAND_RANGE;
}

static int
read_want_a(struct command *c, const cJSON *o)
{
	return read_u8(&c->want[0], o, "a", VALUE_MAX);
}

static int
read_want_b(struct command *c, const cJSON *o)
{
	return read_u8(&c->want[1], o, "b", VALUE_MAX);
}

static int
read_page(struct command *c, const cJSON *o)
{
	const char *text;
	int rc = json_text(&text, o, "page");

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	return hex_decode(c->page, PAGE_ID, text, strlen(text)) == 0 ? COMMAND_OK : COMMAND_RANGE;
}

static int
read_n(struct command *c, const cJSON *o)
{
	return read_u32(&c->n, o, "n");
}

static int
read_beacon(struct command *c, const cJSON *o)
{
	return read_u32(&c->beacon, o, "beacon");
}

static int
read_mac(struct command *c, const cJSON *o)
{
	const char *text;
	int rc = json_text(&text, o, "mac");

	if (rc != JSON_OK) {
		return error_of_json(rc);
	}
	return b64_decode(c->mac, COMMAND_MAC, text, strlen(text)) == 0 ? COMMAND_OK
									: COMMAND_RANGE;
}

/* Version and op come first: what the other fields mean hangs on them. */
static const struct field {
	const char *name;
	unsigned bit;
	int (*read)(struct command *c, const cJSON *object);
} fields[] = {
	{"v", FIELD_V, read_version},
	{"op", FIELD_OP, read_op},
	{"ch", FIELD_CH, read_channel},
	{"val", FIELD_VAL, read_value},
	{"mode", FIELD_MODE, read_mode},
	{"power", FIELD_POWER, read_power},
	{"a", FIELD_A, read_want_a},
	{"b", FIELD_B, read_want_b},
	{"page", FIELD_PAGE, read_page},
	{"n", FIELD_N, read_n},
	{"beacon", FIELD_BEACON, read_beacon},
	{"mac", FIELD_MAC, read_mac},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static unsigned
field_bit(const char *name)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			return fields[i].bit;
		}
	}
	return 0;
}

static bool
has_only(const cJSON *object, unsigned allowed)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, object)
	{
		if ((field_bit(m->string) & allowed) == 0) {
			return false;
		}
	}
	return true;
}

static int
read_fields(struct command *c, const cJSON *object)
{
	unsigned wanted = FIELDS_STOP;

	for (size_t i = 0; i < FIELD_COUNT; i++) {
		int rc;

		if ((fields[i].bit & wanted) == 0) {
			continue;
		}
		rc = fields[i].read(c, object);
		if (rc != COMMAND_OK) {
			return rc;
		}
		wanted = c->op == 0 ? wanted : ops[c->op].fields;
	}
	return has_only(object, wanted) ? COMMAND_OK : COMMAND_FIELD;
}

int
command_parse(struct command *c, const char *json, size_t len)
{
	struct command read = {0};
	cJSON *object;
	int rc;

	if (len > MAX_COMMAND) {
		return COMMAND_TOO_LONG;
	}
	rc = error_of_json(json_parse(&object, json, len));
	if (rc != COMMAND_OK) {
		return rc;
	}
	rc = read_fields(&read, object);
	cJSON_Delete(object);
	if (rc == COMMAND_OK) {
		*c = read;
	}
	return rc;
}

/* Is every field that the op carries one that command_parse could have made? */
static bool
in_range(const struct command *c)
{
	if (c->op == 0 || c->op >= OP_COUNT || c->want[0] > VALUE_MAX || c->want[1] > VALUE_MAX) {
		return false;
	}
	switch (c->op) {
	case OP_LEVEL:
	case OP_PARAM:
		return c->channel <= 1 && c->value <= VALUE_MAX;
	case OP_MODE:
		return c->value < MODE_COUNT;
	case OP_POWER:
		return c->value <= 1;
	default:
		return true;
	}
}

/* The fields that only this op has, with a comma before: "" for most. */
static void
write_own(char *out, size_t cap, const struct command *c)
{
	*out = '\0';
	if (c->op == OP_LEVEL || c->op == OP_PARAM) {
		(void)snprintf(out, cap, ",\"ch\":\"%c\",\"val\":%u",
			       ops[c->op].channels[c->channel], c->value);
	} else if (c->op == OP_MODE) {
		(void)snprintf(out, cap, ",\"mode\":\"%s\"", mode_name(c->value));
	} else if (c->op == OP_POWER) {
		(void)snprintf(out, cap, ",\"power\":\"%s\"", powers[c->value]);
	}
}

int
command_write(char out[MAX_COMMAND + 1], const struct command *c)
{
	char own[48], page[HEX_LEN(PAGE_ID) + 1], mac[B64_LEN(COMMAND_MAC) + 1];

	if (!in_range(c)) {
		return -1;
	}
	if (c->op == OP_STOP) {
		return snprintf(out, MAX_COMMAND + 1, "{\"v\":1,\"op\":\"stop\"}");
	}
	write_own(own, sizeof(own), c);
	hex_encode(page, c->page, PAGE_ID);
	b64_encode(mac, c->mac, COMMAND_MAC);
	return snprintf(out, MAX_COMMAND + 1,
			"{\"v\":1,\"op\":\"%s\"%s,\"a\":%u,\"b\":%u,\"page\":\"%s\",\"n\":%" PRIu32
			",\"beacon\":%" PRIu32 ",\"mac\":\"%s\"}",
			ops[c->op].name, own, c->want[0], c->want[1], page, c->n, c->beacon, mac);
}

static void
put_u32(uint8_t *out, uint32_t v)
{
	out[0] = (uint8_t)(v >> 24);
	out[1] = (uint8_t)(v >> 16);
	out[2] = (uint8_t)(v >> 8);
	out[3] = (uint8_t)v;
}

void
command_canonical(uint8_t out[COMMAND_CANONICAL], const struct command *c)
{
	memset(out, 0, COMMAND_CANONICAL);
	out[0] = COMMAND_VERSION;
	out[1] = c->op;
	out[2] = c->channel;
	out[3] = c->value;
	out[4] = c->want[0];
	out[5] = c->want[1];
	memcpy(out + 8, c->page, PAGE_ID);
	put_u32(out + 16, c->n);
	put_u32(out + 20, c->beacon);
}

const char *
command_error(int error)
{
	switch (error) {
	case COMMAND_OK:
		return "The command is understood.";
	case COMMAND_TOO_LONG:
		return "The command is too long: at most 512 bytes are allowed.";
	case COMMAND_NOT_JSON:
		return "The command is not one plain JSON object.";
	case COMMAND_FIELD:
		return "A field of the command is missing, unknown or given twice.";
	case COMMAND_TYPE:
		return "A field of the command has the wrong type: "
		       "numbers are whole and without sign, names are text.";
	case COMMAND_RANGE:
		return "A value in the command is out of range or not on the list.";
	case COMMAND_VERSION_:
		return "The command has another version: this program speaks version 1.";
	default:
		return "The command was refused.";
	}
}

/*
 * The table of what may be configured (values.h). Input: the wearer's own command line and file.
 */
#include "agent/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/modes.h"

#define DEFAULT_PORT 8883
#define ALL_MODES ((UINT32_C(1) << MODE_COUNT) - 1)
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define HEX_DIGITS "ABCDEFabcdef0123456789"

struct value {
	const char *key;
	const char *expects; /* NULL: the range of the setting */
	int (*parse)(struct options *o, const struct value *v, const char *text);
	size_t place, size;    /* of a path, in struct options */
	uint8_t action, power; /* of a setting: its range and place are in guard/settings.c */
	const char *words[2];  /* of a setting that is 0 or 1 */
};

static int
copy(char *out, size_t size, const char *text, size_t len)
{
	if (len == 0 || len >= size) {
		return -1;
	}
	memset(out, 0, size);
	memcpy(out, text, len);
	return 0;
}

static int
number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || n > UINT32_MAX) {
		return -1;
	}
	*out = (uint32_t)n;
	return 0;
}

static int
parse_path(struct options *o, const struct value *v, const char *text)
{
	return copy((char *)o + v->place, v->size, text, strlen(text));
}

/* "" or ":PORT" */
static int
parse_port(uint16_t *port, const char *text)
{
	uint32_t n = DEFAULT_PORT;

	if (*text != '\0' && (*text != ':' || number(text + 1, &n) < 0 || n < 1 || n > 65535)) {
		return -1;
	}
	*port = (uint16_t)n;
	return 0;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. What is no name or address is refused here, where
 * it can still be said in words. */
static int
parse_server(struct options *o, const struct value *v, const char *text)
{
	bool bracket = *text == '[';
	const char *host = bracket ? text + 1 : text;
	size_t len = strspn(host, bracket ? HEX_DIGITS ":." : ALNUM "-_.");
	uint16_t port;

	(void)v;
	if ((bracket && (host[len] != ']' || memchr(host, ':', len) == NULL)) || *host == '-' ||
	    parse_port(&port, host + len + (bracket ? 1 : 0)) < 0 ||
	    copy(o->host, sizeof(o->host), host, len) < 0) {
		return -1;
	}
	o->port = port;
	return 0;
}

/* Printable ASCII without what would end the address or begin the key. */
static bool
is_address(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr("#?\"\\", *text) != NULL) {
			return false;
		}
	}
	return true;
}

static int
parse_page(struct options *o, const struct value *v, const char *text)
{
	size_t len = strlen(text);

	(void)v;
	if (strncmp(text, "https://", 8) != 0 || len < 9 || text[8] == '/' || !is_address(text) ||
	    copy(o->page, sizeof(o->page) - 1, text, len) < 0) {
		return -1;
	}
	if (text[len - 1] != '/') {
		o->page[len] = '/';
	}
	return 0;
}

static int
set(struct options *o, const struct value *v, uint32_t value)
{
	struct ui_input in = {.action = v->action, .power = v->power, .value = value};
	char text[120];

	return settings_apply(&o->settings, &in, text, sizeof(text));
}

static int
parse_number(struct options *o, const struct value *v, const char *text)
{
	uint32_t value;

	return number(text, &value) < 0 ? -1 : set(o, v, value);
}

static int
parse_word(struct options *o, const struct value *v, const char *text)
{
	for (uint32_t i = 0; i < 2; i++) {
		if (strcmp(text, v->words[i]) == 0) {
			return set(o, v, i);
		}
	}
	return -1;
}

/* The bit of the mode with this name, or 0. */
static uint32_t
mode_bit(const char *text, size_t len)
{
	char name[16];
	int mode = copy(name, sizeof(name), text, len) == 0 ? mode_from_name(name) : -1;

	return mode < 0 ? 0 : UINT32_C(1) << mode;
}

/* `all`, `none`, or names with spaces or commas between them. */
static int
parse_modes(struct options *o, const struct value *v, const char *text)
{
	static const char between[] = " \t,";
	uint32_t modes = 0;

	if (strcmp(text, "all") == 0) {
		return set(o, v, ALL_MODES);
	}
	if (strcmp(text, "none") == 0) {
		return set(o, v, 0);
	}
	for (text += strspn(text, between); *text != '\0'; text += strspn(text, between)) {
		size_t len = strcspn(text, between);
		uint32_t bit = mode_bit(text, len);

		if (bit == 0) {
			return -1;
		}
		modes |= bit;
		text += len;
	}
	return modes == 0 ? -1 : set(o, v, modes);
}

#define PATH(member)                                                                               \
	.parse = parse_path, .place = offsetof(struct options, member),                            \
	.size = sizeof(((struct options *)NULL)->member)
#define NUMBER(of) .parse = parse_number, .action = (of)
#define WORDS(of, zero, one) .parse = parse_word, .action = (of), .words = {zero, one}

static const struct value table[VALUES] = {
	{"server", "HOST, HOST:PORT or [IPv6]:PORT", .parse = parse_server},
	{"ca", "the name of a file", PATH(ca)},
	{"page", "an address like https://HOST/", .parse = parse_page},
	{"box", "the path of a serial port", PATH(box)},
	{"cap-a", NULL, NUMBER(UI_CAP_A)},
	{"cap-b", NULL, NUMBER(UI_CAP_B)},
	{"high-cap-a", NULL, NUMBER(UI_CAP_A), .power = 1},
	{"high-cap-b", NULL, NUMBER(UI_CAP_B), .power = 1},
	{"power-lock", "yes or no", WORDS(UI_LOCK_POWER, "no", "yes")},
	{"mode-lock", "yes or no", WORDS(UI_LOCK_MODE, "no", "yes")},
	{"admit", "ask or always", WORDS(UI_ASK, "always", "ask")},
	{"hold", NULL, NUMBER(UI_HOLD)},
	{"idle", NULL, NUMBER(UI_IDLE)},
	{"checkin", NULL, NUMBER(UI_CHECKIN_MIN)},
	{"rise", NULL, NUMBER(UI_RISE)},
	{"modes", "all, or names like pulse wave flo", .parse = parse_modes, .action = UI_MODES},
};

void
values_default(struct options *o)
{
	*o = (struct options){.port = DEFAULT_PORT};
	settings_default(&o->settings);
}

int
values_find(const char *key)
{
	for (int i = 0; i < VALUES; i++) {
		if (strcmp(table[i].key, key) == 0) {
			return i;
		}
	}
	return -1;
}

const char *
values_key(int index)
{
	return table[index].key;
}

bool
values_is_path(int index)
{
	return table[index].parse == parse_path;
}

int
values_set(struct options *o, int index, const char *text)
{
	return table[index].parse(o, &table[index], text);
}

void
values_page(const struct options *o, char out[VALUE_TEXT])
{
	bool bracket = strchr(o->host, ':') != NULL;

	snprintf(out, VALUE_TEXT, "https://%s%s%s/", bracket ? "[" : "", o->host,
		 bracket ? "]" : "");
}

static void
server_text(const struct options *o, char out[VALUE_TEXT])
{
	bool bracket = strchr(o->host, ':') != NULL;
	char port[8] = "";

	if (o->port != DEFAULT_PORT) {
		snprintf(port, sizeof(port), ":%u", o->port);
	}
	snprintf(out, VALUE_TEXT, "%s%s%s%s", bracket ? "[" : "", o->host, bracket ? "]" : "",
		 o->host[0] != '\0' ? port : "");
}

static void
page_text(const struct options *o, char out[VALUE_TEXT])
{
	values_page(o, out);
	if (strcmp(out, o->page) == 0) {
		out[0] = '\0';
	} else {
		snprintf(out, VALUE_TEXT, "%s", o->page);
	}
}

static void
modes_text(uint32_t modes, char out[VALUE_TEXT])
{
	size_t len = 0;

	snprintf(out, VALUE_TEXT, "%s", modes == 0 ? "none" : "all");
	for (unsigned m = 0; m < MODE_COUNT && modes != ALL_MODES; m++) {
		if ((modes >> m & 1) != 0) {
			len += (size_t)snprintf(out + len, VALUE_TEXT - len, "%s%s",
						len > 0 ? " " : "", mode_name(m));
		}
	}
}

const char *
values_text(const struct options *o, int index, char out[VALUE_TEXT])
{
	const struct value *v = &table[index];
	uint32_t value = settings_value(&o->settings, v->action, v->power);

	if (v->parse == parse_server) {
		server_text(o, out);
	} else if (v->parse == parse_page) {
		page_text(o, out);
	} else if (v->parse == parse_path) {
		snprintf(out, VALUE_TEXT, "%s", (const char *)o + v->place);
	} else if (v->parse == parse_modes) {
		modes_text(value, out);
	} else if (v->parse == parse_word) {
		snprintf(out, VALUE_TEXT, "%s", v->words[value != 0]);
	} else {
		snprintf(out, VALUE_TEXT, "%u", value);
	}
	return out;
}

const char *
values_expects(int index, char out[EXPECTS_TEXT])
{
	if (table[index].expects != NULL) {
		snprintf(out, EXPECTS_TEXT, "%s", table[index].expects);
	} else {
		(void)settings_expects(table[index].action, out, EXPECTS_TEXT);
	}
	return out;
}

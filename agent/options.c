/*
 * The command line as one table: name, argument, what it sets (options.h).
 */
#include "agent/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 8883

static const char usage[] =
	"tether: hand the controls of an E-Stim Systems 2B to one partner, and take them back.\n"
	"\n"
	"  tether --server HOST[:PORT] [--box PATH] [options]   run\n"
	"  tether --demo --server HOST[:PORT] [options]         run with a simulated box\n"
	"  tether stop                                          stop a running tether, at once\n"
	"\n"
	"  --box PATH        serial port; without it: the only FTDI adapter there is\n"
	"  --ca FILE         PEM file of the server's certificate authority\n"
	"  --page URL        address of the partner's page (https://HOST/)\n"
	"  --cap-a N         cap of channel A at low power, 0 to 100 percent (0)\n"
	"  --cap-b N         cap of channel B at low power, 0 to 100 percent (0)\n"
	"  --high-cap-a N, --high-cap-b N   the same at high power (0)\n"
	"  --unlock WHAT     let the partner change `power` or `mode`; --lock WHAT forbids it\n"
	"  --admit WHO       `ask` before a partner takes control, or `always` (ask)\n"
	"  --hold S          seconds without the partner's page until zero, 2 to 30 (5)\n"
	"  --idle MIN        shut down when nothing is changed, 0 (off) to 240 (10)\n"
	"  --checkin MIN     shut down when the wearer shows no sign, 0 (off) to 240 (30)\n"
	"  --rise MS         at least so long per percent upward, 20 to 2000 (100)\n"
	"  --headless        JSON lines instead of a screen\n"
	"\n"
	"The box's own knob and plug are the last stop: no program can help when the computer\n"
	"loses power, its kernel crashes, or the cable is pulled.\n";

struct option {
	const char *name;
	const char *expected; /* NULL = takes no argument */
	int (*set)(struct options *o, const char *value);
};

static int
copy(char *out, size_t size, const char *value)
{
	size_t len = strlen(value);

	if (len == 0 || len >= size) {
		return -1;
	}
	memset(out, 0, size);
	memcpy(out, value, len);
	return 0;
}

static int
number(const char *value, uint32_t *out)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || n > UINT32_MAX) {
		return -1;
	}
	*out = (uint32_t)n;
	return 0;
}

static int
set_box(struct options *o, const char *value)
{
	return copy(o->box, sizeof(o->box), value);
}

static int
set_ca(struct options *o, const char *value)
{
	char full[PATH_MAX];

	return realpath(value, full) == NULL ? -1 : copy(o->ca, sizeof(o->ca), full);
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT */
static int
set_server(struct options *o, const char *value)
{
	const char *end = *value == '[' ? strchr(value, ']') : strchr(value, ':');
	const char *colon = end != NULL && *end == ']' ? end + 1 : end;
	char host[MAX_HOST] = "";
	size_t skip = *value == '[' ? 1 : 0;
	size_t len = end == NULL ? strlen(value) : (size_t)(end - value);
	uint32_t port = DEFAULT_PORT;

	if ((skip == 1 && end == NULL) || len <= skip || len - skip >= sizeof(host)) {
		return -1;
	}
	if (colon != NULL && *colon != '\0' &&
	    (*colon != ':' || number(colon + 1, &port) < 0 || port < 1 || port > 65535)) {
		return -1;
	}
	memcpy(host, value + skip, len - skip);
	o->port = (uint16_t)port;
	return copy(o->host, sizeof(o->host), host);
}

static int
set_page(struct options *o, const char *value)
{
	size_t len = strlen(value);

	if (strncmp(value, "https://", 8) != 0 || len < 9 || strpbrk(value, "#?\" ") != NULL) {
		return -1;
	}
	if (copy(o->page, sizeof(o->page) - 1, value) < 0) {
		return -1;
	}
	if (value[len - 1] != '/') {
		o->page[len] = '/';
	}
	return 0;
}

static int
set_value(struct options *o, uint8_t action, uint8_t power, const char *value)
{
	struct ui_input in = {.action = action, .power = power};
	char text[120];

	return number(value, &in.value) < 0 ? -1
					    : settings_apply(&o->settings, &in, text, sizeof(text));
}

static int
set_cap_a(struct options *o, const char *value)
{
	return set_value(o, UI_CAP_A, 0, value);
}

static int
set_cap_b(struct options *o, const char *value)
{
	return set_value(o, UI_CAP_B, 0, value);
}

static int
set_high_cap_a(struct options *o, const char *value)
{
	return set_value(o, UI_CAP_A, 1, value);
}

static int
set_high_cap_b(struct options *o, const char *value)
{
	return set_value(o, UI_CAP_B, 1, value);
}

static int
set_hold(struct options *o, const char *value)
{
	return set_value(o, UI_HOLD, 0, value);
}

static int
set_idle(struct options *o, const char *value)
{
	return set_value(o, UI_IDLE, 0, value);
}

static int
set_checkin(struct options *o, const char *value)
{
	return set_value(o, UI_CHECKIN_MIN, 0, value);
}

static int
set_rise(struct options *o, const char *value)
{
	return set_value(o, UI_RISE, 0, value);
}

static int
set_lock(struct options *o, const char *what, bool on)
{
	if (strcmp(what, "power") == 0) {
		o->settings.limits.lock_power = on;
		return 0;
	}
	if (strcmp(what, "mode") == 0) {
		o->settings.limits.lock_mode = on;
		return 0;
	}
	return -1;
}

static int
lock(struct options *o, const char *value)
{
	return set_lock(o, value, true);
}

static int
unlock(struct options *o, const char *value)
{
	return set_lock(o, value, false);
}

static int
set_admit(struct options *o, const char *value)
{
	o->settings.ask = strcmp(value, "ask") == 0;
	return o->settings.ask || strcmp(value, "always") == 0 ? 0 : -1;
}

static int
set_headless(struct options *o, const char *value)
{
	(void)value;
	o->headless = true;
	return 0;
}

static int
set_demo(struct options *o, const char *value)
{
	(void)value;
	o->demo = true;
	return 0;
}

static int
set_debug(struct options *o, const char *value)
{
	(void)value;
	o->debug = true;
	return 0;
}

static const struct option table[] = {
	{"--box", "the path of a serial port", set_box},
	{"--server", "HOST or HOST:PORT", set_server},
	{"--ca", "a file that exists", set_ca},
	{"--page", "an address like https://host/", set_page},
	{"--cap-a", "0 to 100", set_cap_a},
	{"--cap-b", "0 to 100", set_cap_b},
	{"--high-cap-a", "0 to 100", set_high_cap_a},
	{"--high-cap-b", "0 to 100", set_high_cap_b},
	{"--lock", "power or mode", lock},
	{"--unlock", "power or mode", unlock},
	{"--admit", "ask or always", set_admit},
	{"--hold", "2 to 30 (seconds)", set_hold},
	{"--idle", "0 to 240 (minutes)", set_idle},
	{"--checkin", "0 to 240 (minutes)", set_checkin},
	{"--rise", "20 to 2000 (ms per percent)", set_rise},
	{"--headless", NULL, set_headless},
	{"--demo", NULL, set_demo},
	{"--debug", NULL, set_debug},
};

static const struct option *
option_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

/* One option and its argument; returns how many words it took, or -1. */
static int
option_take(struct options *o, int left, char *const argv[])
{
	const struct option *option = option_find(argv[0]);

	if (option == NULL) {
		fprintf(stderr, "tether: the option %s is not known; `tether --help` lists all\n",
			argv[0]);
		return -1;
	}
	if (option->expected == NULL) {
		return option->set(o, NULL) < 0 ? -1 : 1;
	}
	if (left < 2 || option->set(o, argv[1]) < 0) {
		fprintf(stderr, "tether: %s expects %s%s%s%s\n", option->name, option->expected,
			left < 2 ? "" : ", not \"", left < 2 ? "" : argv[1], left < 2 ? "" : "\"");
		return -1;
	}
	return 2;
}

static int
options_check(struct options *o)
{
	char page[sizeof(o->page)];

	if (o->host[0] == '\0') {
		fputs("tether: which server? Give --server HOST[:PORT]\n", stderr);
		return -1;
	}
	if (o->page[0] == '\0') {
		snprintf(page, sizeof(page), "https://%s/", o->host);
		return set_page(o, page);
	}
	return 0;
}

int
options_parse(struct options *o, int argc, char *const argv[])
{
	*o = (struct options){.port = DEFAULT_PORT};
	settings_default(&o->settings);
	for (int i = 0, took; i < argc; i += took) {
		if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			return 1;
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("tether " TETHER_VERSION);
			return 1;
		}
		took = option_take(o, argc - i, &argv[i]);
		if (took < 0) {
			return -1;
		}
	}
	return options_check(o);
}

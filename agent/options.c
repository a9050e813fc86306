/*
 * The command line (options.h). Every key of agent/values.h is an option; what is here besides are
 * flags, --lock and --unlock, and where the configuration file is.
 */
#include "agent/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/values.h"

static const char usage[] =
	"tether: hand the controls of an E-Stim Systems 2B to one partner, and take them back.\n"
	"\n"
	"  tether --server HOST[:PORT] [options]   run\n"
	"  tether --demo [options]                 run with a simulated box\n"
	"  tether                                  run as agent.conf says; the first time, ask\n"
	"  tether setup                            ask again: server, box, caps, locks\n"
	"  tether stop                             stop a running tether, at once\n"
	"  tether end                              zero, end the session and the program\n"
	"  tether status [--json]                  tell how a running tether is\n"
	"\n"
	"  --config FILE     settings; without it ~/.config/tether/agent.conf if there is one\n"
	"  --box PATH        serial port; without it: the only FTDI adapter there is\n"
	"  --server HOST[:PORT]   the server (port 8883)\n"
	"  --ca FILE         PEM file of the server's certificate authority\n"
	"  --page URL        address of the partner's page (https://HOST/)\n"
	"  --cap-a N         cap of channel A at low power, 0 to 100 percent (0)\n"
	"  --cap-b N         cap of channel B at low power, 0 to 100 percent (0)\n"
	"  --high-cap-a N, --high-cap-b N   the same at high power (0)\n"
	"  --unlock WHAT     let the partner change `power` or `mode`; --lock WHAT forbids it\n"
	"  --modes LIST      modes that the partner may choose, or `all`\n"
	"  --admit WHO       `ask` before a partner takes control, or `always` (ask)\n"
	"  --hold S          seconds without the partner's page until zero, 2 to 30 (5)\n"
	"  --idle MIN        shut down when nothing is changed, 0 (off) to 240 (10)\n"
	"  --checkin MIN     shut down when the wearer shows no sign, 0 (off) to 240 (30)\n"
	"  --rise MS         at least so long per percent upward, 20 to 2000 (100)\n"
	"  --plain           lines of words instead of a screen, for a screen reader or a log\n"
	"  --headless        JSON lines instead of a screen\n"
	"  --debug           tell more on standard error\n"
	"\n"
	"See tether(1) and agent.conf(5). The box's own knob and plug are the last stop: no\n"
	"program can help when the computer loses power, its kernel crashes, or the cable is\n"
	"pulled.\n";

struct line {
	struct options *options;
	const char *config; /* of --config, or NULL */
};

static const struct {
	const char *name;
	size_t place;
} flags[] = {
	{"--headless", offsetof(struct options, headless)},
	{"--plain", offsetof(struct options, plain)},
	{"--demo", offsetof(struct options, demo)},
	{"--debug", offsetof(struct options, debug)},
};

static bool
take_flag(struct options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, name) == 0) {
			*(bool *)((char *)o + flags[i].place) = true;
			return true;
		}
	}
	return false;
}

static int
refuse(const char *name, const char *expects, const char *value)
{
	fprintf(stderr, "tether: %s expects %s%s%s%s\n", name, expects,
		value == NULL ? "" : ", not \"", value == NULL ? "" : value,
		value == NULL ? "" : "\"");
	return -1;
}

/* --lock power is --power-lock yes. */
static int
take_lock(struct options *o, const char *name, const char *what)
{
	const char *yes = strcmp(name, "--lock") == 0 ? "yes" : "no";
	const char *key = NULL;

	if (what != NULL && strcmp(what, "power") == 0) {
		key = "power-lock";
	} else if (what != NULL && strcmp(what, "mode") == 0) {
		key = "mode-lock";
	}
	return key != NULL ? values_set(o, values_find(key), yes)
			   : refuse(name, "power or mode", what);
}

static int
take_config(struct line *line, const char *name, const char *value)
{
	line->config = value;
	return value != NULL && *value != '\0' ? 0 : refuse(name, "the name of a file", value);
}

/* An option with its argument, NULL when there is none. */
static int
take_value(struct line *line, const char *name, const char *value)
{
	int index = strncmp(name, "--", 2) == 0 ? values_find(name + 2) : -1;
	char expects[EXPECTS_TEXT];

	if (strcmp(name, "--config") == 0) {
		return take_config(line, name, value);
	}
	if (strcmp(name, "--lock") == 0 || strcmp(name, "--unlock") == 0) {
		return take_lock(line->options, name, value);
	}
	if (index < 0) {
		fprintf(stderr, "tether: %s is not known; `tether --help` lists all options\n",
			name);
		return -1;
	}
	if (value == NULL || values_set(line->options, index, value) < 0) {
		return refuse(name, values_expects(index, expects), value);
	}
	return 0;
}

/* All of argv. 0, 1 (printed what was asked for) or -1. */
static int
take_all(struct line *line, int argc, char *const argv[])
{
	for (int i = 0; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			return 1;
		}
		if (strcmp(argv[i], "--version") == 0) {
			puts("tether " TETHER_VERSION);
			return 1;
		}
		if (take_flag(line->options, argv[i])) {
			continue;
		}
		if (value != NULL && strncmp(value, "--", 2) == 0) {
			value = NULL; /* the next option: this one's argument was forgotten */
		}
		if (take_value(line, argv[i], value) < 0) {
			return -1;
		}
		i++;
	}
	return 0;
}

/* Where the file is when none is named. 0, or -1 when there is no such place. */
static int
default_config(char out[PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = -1;

	if (config != NULL && *config == '/') {
		n = snprintf(out, PATH_MAX, "%s/tether/agent.conf", config);
	} else if (home != NULL && *home == '/') {
		n = snprintf(out, PATH_MAX, "%s/.config/tether/agent.conf", home);
	}
	return n > 0 && n < PATH_MAX ? 0 : -1;
}

static int
parse_config(struct options *o, const char *path, const char *text, size_t len)
{
	struct config_error error;

	if (config_parse(o, text, len, &error) == 0) {
		return 0;
	}
	if (error.line == 0) {
		fprintf(stderr, "%s: %s\n", path, error.text);
	} else {
		fprintf(stderr, "%s:%u: %s\n", path, error.line, error.text);
	}
	return -1;
}

/* A file that was named must be there, unless it is about to be made; the one at the usual place
 * need not. 0 read, 1 there is none, -1 after a sentence. */
static int
take_config_file(struct options *o, const char *named, bool may_ask)
{
	char text[MAX_CONFIG + 1], place[PATH_MAX];
	const char *path = named != NULL ? named : place;
	ssize_t len;

	if (named == NULL && default_config(place) < 0) {
		return 1;
	}
	if (strlen(path) < sizeof(o->config)) {
		memcpy(o->config, path, strlen(path) + 1);
	}
	len = config_read(path, text);
	if (len >= 0) {
		return parse_config(o, path, text, (size_t)len);
	}
	if ((named == NULL || may_ask) && (errno == ENOENT || errno == ENOTDIR)) {
		return 1;
	}
	fprintf(stderr, "tether: %s: %s\n", path,
		errno == EPERM ? "everybody may write to this file; try chmod o-w"
			       : strerror(errno));
	return -1;
}

/* The link process opens it, perhaps from another folder; better to hear of it now. */
static int
check_ca(struct options *o)
{
	char full[PATH_MAX];

	if (o->ca[0] == '\0') {
		return 0;
	}
	if (realpath(o->ca, full) == NULL || access(full, R_OK) < 0) {
		fprintf(stderr, "tether: the certificate file %s: %s\n", o->ca, strerror(errno));
		return -1;
	}
	if (values_set(o, values_find("ca"), full) < 0) {
		return refuse("--ca", "a shorter path", full);
	}
	return 0;
}

/* The file wants whole paths, and setup writes this one there. A name in /dev/serial/by-id is left
 * what it is. */
static int
check_box(struct options *o)
{
	char here[PATH_MAX], full[PATH_MAX + MAX_PATH];

	if (o->box[0] == '\0' || o->box[0] == '/') {
		return 0;
	}
	if (getcwd(here, sizeof(here)) == NULL) {
		return refuse("--box", "a path that begins with /", o->box);
	}
	snprintf(full, sizeof(full), "%s/%s", here, o->box);
	if (values_set(o, values_find("box"), full) < 0) {
		return refuse("--box", "a shorter path", full);
	}
	return 0;
}

void
options_finish(struct options *o)
{
	char page[VALUE_TEXT];

	if (o->page[0] == '\0') {
		values_page(o, page);
		(void)values_set(o, values_find("page"), page); /* every host fits */
	}
}

static int
check(struct options *o, const struct wish *wish)
{
	if (o->host[0] == '\0' && !wish->setup) {
		fputs("tether: which server? Give --server HOST[:PORT], or put it in agent.conf\n",
		      stderr);
		return -1;
	}
	if (o->host[0] != '\0') {
		options_finish(o);
	}
	return check_ca(o) < 0 ? -1 : check_box(o);
}

/* Is somebody there who can be asked? */
static bool
can_ask(const struct options *o)
{
	return !o->headless && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* Nobody answers for two minutes to hear at the end that it was in vain. */
static int
can_keep(const struct options *o, const struct wish *wish)
{
	char why[CONFIG_ERROR];

	if (!wish->setup || o->demo) {
		return 0;
	}
	if (o->config[0] == '\0') {
		fputs("tether: there is no place for agent.conf; name one with --config FILE\n",
		      stderr);
		return -1;
	}
	if (config_check(o->config, why) < 0) {
		fprintf(stderr,
			"tether: your answers could not be kept in %s: %s; name another file with "
			"--config FILE\n",
			o->config, why);
		return -1;
	}
	return 0;
}

static void
make_wish(struct options *o, struct wish *wish)
{
	wish->anew = wish->setup;
	wish->host = o->host[0] != '\0';
	wish->box = o->box[0] != '\0' || o->demo;
	wish->ca = o->ca[0] != '\0';
	wish->page = o->page[0] != '\0';
	wish->setup = can_ask(o) && (wish->anew || !wish->host);
}

/* The command line is read twice: first to find --config, then over what the file says. */
int
options_parse(struct options *o, struct wish *wish, int argc, char *const argv[])
{
	struct line line = {.options = o};
	int rc;

	*wish = (struct wish){.setup = argc > 0 && strcmp(argv[0], "setup") == 0};
	argc -= wish->setup ? 1 : 0;
	argv += wish->setup ? 1 : 0;
	values_default(o);
	rc = take_all(&line, argc, argv);
	if (rc != 0) {
		return rc;
	}
	make_wish(o, wish);
	if (wish->anew && !wish->setup) {
		fputs("tether: setup asks questions: it needs a terminal\n", stderr);
		return -1;
	}
	values_default(o);
	rc = take_config_file(o, line.config, wish->setup);
	if (rc < 0) {
		return -1;
	}
	o->saved = o->settings;
	wish->setup = wish->setup && (wish->anew || rc == 1);
	return take_all(&line, argc, argv) < 0 || check(o, wish) < 0 ? -1 : can_keep(o, wish);
}

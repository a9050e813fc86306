/*
 * tether-keysvc: reads the command line and starts one command. Input: the operator's arguments.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/key.h"
#include "common/secret.h"
#include "keysvc/cli.h"
#include "keysvc/layout.h"
#include "keysvc/main.h"
#include "keysvc/net.h"
#include "keysvc/signer.h"

#define MIN_TOKEN_LIFE 8 /* s: less could not be renewed in time */

struct arguments {
	const char *dir, *broker, *ca, *gateways, *token_mode, *token_life, *oldest, *latest;
	bool all, json, if_missing, help, version;
	char **words; /* the command and its operands */
	int count;
};

static const char usage_text[] =
	"usage: tether-keysvc [--dir DIR] COMMAND\n"
	"  init [--if-missing]            make secrets and folders, once\n"
	"  run --broker HOST:PORT [--ca FILE] [--gateways N] [--token-mode 0640] [--token-life S]\n"
	"      [--oldest VERSION] [--latest VERSION]   of agents\n"
	"  list [--json]                  live sessions\n"
	"  revoke SID|KEY|LINK|-|--all    end sessions now (-: one a line from standard input)\n"
	"  status [--json]                how it goes, in one screen\n"
	"  rotate                         sign with a new key from now on\n"
	"DIR is " PATH_DEFAULT " unless given. Manual: tether-keysvc(8)\n";

static int
usage(const char *wrong)
{
	fprintf(stderr, "tether-keysvc: %s\n%s", wrong, usage_text);
	return EXIT_USAGE;
}

/* ---- arguments ----------------------------------------------------------------------------- */

/* A key, with its secret or without, whose first character happens to be '-'. */
static bool
is_dashed_key(const char *word)
{
	struct key key;

	return word[0] == '-' && key_find(&key, word, strlen(word)) == 0;
}

/* One key in 64 begins with '-', and who revokes one in a hurry should not have to know: such words
 * go to the end, behind `--`, where getopt takes them for what they are. For the process' life. */
static char **
set_keys_apart(int *argc, char **argv)
{
	static char end_of_options[] = "--";
	char **out = calloc((size_t)*argc + 2, sizeof(*out));
	int n = 0, given = *argc;

	for (int i = 0; i < given; i++) {
		if (out == NULL || strcmp(argv[i], end_of_options) == 0) {
			free(out);
			return argv;
		}
		if (!is_dashed_key(argv[i])) {
			out[n++] = argv[i];
		}
	}
	if (n < given) {
		*argc = given + 1;
		out[n++] = end_of_options;
	}
	for (int i = 0; i < given; i++) {
		if (is_dashed_key(argv[i])) {
			out[n++] = argv[i];
		}
	}
	return out;
}

static int
read_arguments(struct arguments *a, int argc, char **argv)
{
	enum { DIR = 1, BROKER, CA, GATEWAYS, MODE, LIFE, OLDEST, LATEST, ALL, JSON, IF_MISSING,
	       HELP, VERSION };
	static const struct option options[] = {
		{"dir", required_argument, NULL, DIR},
		{"broker", required_argument, NULL, BROKER},
		{"ca", required_argument, NULL, CA},
		{"gateways", required_argument, NULL, GATEWAYS},
		{"token-mode", required_argument, NULL, MODE},
		{"token-life", required_argument, NULL, LIFE},
		{"oldest", required_argument, NULL, OLDEST},
		{"latest", required_argument, NULL, LATEST},
		{"all", no_argument, NULL, ALL},
		{"json", no_argument, NULL, JSON},
		{"if-missing", no_argument, NULL, IF_MISSING},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{NULL, 0, NULL, 0},
	};
	int option;

	argv = set_keys_apart(&argc, argv);
	*a = (struct arguments){.dir = PATH_DEFAULT, .ca = "", .gateways = "1", .token_mode = "0600",
				.token_life = "14400", .oldest = ""};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case DIR:
			a->dir = optarg;
			break;
		case BROKER:
			a->broker = optarg;
			break;
		case CA:
			a->ca = optarg;
			break;
		case GATEWAYS:
			a->gateways = optarg;
			break;
		case MODE:
			a->token_mode = optarg;
			break;
		case LIFE:
			a->token_life = optarg;
			break;
		case OLDEST:
			a->oldest = optarg;
			break;
		case LATEST:
			a->latest = optarg;
			break;
		case ALL:
			a->all = true;
			break;
		case JSON:
			a->json = true;
			break;
		case IF_MISSING:
			a->if_missing = true;
			break;
		case HELP:
			a->help = true;
			break;
		case VERSION:
			a->version = true;
			break;
		default:
			return -1; /* getopt has said it */
		}
	}
	a->words = argv + optind;
	a->count = argc - optind;
	return 0;
}

/* A whole decimal number of min..max, or -1. */
static long
read_number(const char *text, long min, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' || n < min || n > max ? -1 : n;
}

/* HOST:PORT, or [V6]:PORT. */
static int
read_broker(struct run_options *o, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	long port = colon != NULL ? read_number(colon + 1, 1, 65535) : -1;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(o->host) || port < 0) {
		return -1;
	}
	memcpy(o->host, text, len);
	o->host[len] = '\0';
	o->port = (uint16_t)port;
	return 0;
}

/* Paths are looked up before we go to the service's folder. */
static int
read_ca(struct run_options *o, const char *path)
{
	char real[PATH_MAX];

	if (path[0] == '\0') {
		return 0;
	}
	if (realpath(path, real) == NULL || strlen(real) >= sizeof(o->ca)) {
		return -1;
	}
	memcpy(o->ca, real, strlen(real) + 1);
	return 0;
}

/* Both versions of agents: what is not given is this service's, and the latest the oldest where that
 * is newer. 0 or -1. */
static int
read_versions(struct versions *v, const struct arguments *a)
{
	const char *oldest = a->oldest[0] != '\0' ? a->oldest : AGENT_OLDEST;
	const char *latest = a->latest != NULL ? a->latest : AGENT_LATEST;
	uint32_t number = version_number(oldest, strlen(oldest));

	if (a->latest == NULL && version_number(latest, strlen(latest)) < number) {
		latest = oldest;
	}
	if (number == 0 || version_number(latest, strlen(latest)) < number) {
		return -1;
	}
	snprintf(v->oldest, sizeof(v->oldest), "%s", oldest);
	snprintf(v->latest, sizeof(v->latest), "%s", latest);
	return 0;
}

static const char *
read_run(struct run_options *o, const struct arguments *a)
{
	long gateways = read_number(a->gateways, 0, MAX_GATEWAYS);
	long life = read_number(a->token_life, MIN_TOKEN_LIFE, MAX_LIFE);

	if (a->broker == NULL || read_broker(o, a->broker) != 0) {
		return "run needs --broker HOST:PORT";
	}
	if (read_ca(o, a->ca) != 0) {
		return "the file given with --ca is not there";
	}
	if (gateways < 0) {
		return "--gateways takes a number from 0 to 64";
	}
	if (strcmp(a->token_mode, "0600") != 0 && strcmp(a->token_mode, "0640") != 0) {
		return "--token-mode is 0600 or 0640";
	}
	if (life < 0) {
		return "--token-life takes seconds, from 8 to 14400";
	}
	if (read_versions(&o->agents, a) != 0) {
		return "--oldest and --latest take versions like 1.2.3, "
		       "the latest not below the oldest";
	}
	o->gateways = (unsigned)gateways;
	o->token_life = (unsigned)life;
	o->token_mode = a->token_mode[2] == '4' ? 0640 : 0600;
	return NULL;
}

/* ---- commands ------------------------------------------------------------------------------ */

static int
command_init(const struct arguments *a)
{
	int made = layout_init();

	if (made < 0) {
		return EXIT_FAILED;
	}
	if (made > 0) {
		printf("secrets made in %s/secrets; start the broker (again) to make it know the key\n",
		       a->dir);
		return EXIT_OK;
	}
	printf("the secrets were there already: nothing was changed\n");
	return a->if_missing ? EXIT_OK : EXIT_THERE;
}

static int
command_revoke(const struct arguments *a)
{
	if (a->all == (a->count > 1)) {
		return usage("revoke takes session ids, keys or links, or --all");
	}
	return a->all ? cli_revoke_all() : cli_revoke(a->words + 1, a->count - 1);
}

static int
enter_folder(const char *dir, bool make)
{
	if (make && mkdir(dir, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "tether-keysvc: can't make %s: %s\n", dir, strerror(errno));
		return -1;
	}
	if (chdir(dir) != 0) {
		fprintf(stderr, "tether-keysvc: can't use %s: %s\n", dir, strerror(errno));
		return -1;
	}
	return 0;
}

static int
run_command(const struct arguments *a)
{
	static struct run_options options;
	const char *command = a->words[0], *wrong = NULL;
	bool init = strcmp(command, "init") == 0, run = strcmp(command, "run") == 0;

	if (run) {
		wrong = read_run(&options, a);
		if (wrong != NULL) {
			return usage(wrong);
		}
	}
	if (a->count > 1 && strcmp(command, "revoke") != 0) {
		return usage("there is one word too many");
	}
	if (enter_folder(a->dir, init) != 0) {
		return EXIT_FAILED;
	}
	if (init) {
		return command_init(a);
	}
	if (run) {
		return main_run(&options);
	}
	if (strcmp(command, "list") == 0) {
		return cli_list(a->json);
	}
	if (strcmp(command, "status") == 0) {
		return cli_status(a->json);
	}
	if (strcmp(command, "rotate") == 0) {
		return cli_rotate();
	}
	return strcmp(command, "revoke") == 0 ? command_revoke(a) : usage("there is no such command");
}

/* Children of ours: `--child NAME`, started by main with a socket at CHILD_FD. */
static int
run_child(const char *name)
{
	if (strcmp(name, "signer") == 0) {
		return signer_run();
	}
	if (strcmp(name, "rotate") == 0) {
		return secret_process() == 0 && layout_rotate() == 0 ? EXIT_OK : EXIT_FAILED;
	}
	return strcmp(name, "net") == 0 ? net_run() : EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct arguments a;

	umask(022);
	if (argc == 3 && strcmp(argv[1], "--child") == 0) {
		return run_child(argv[2]);
	}
	if (read_arguments(&a, argc, argv) != 0) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (a.help || a.version) {
		fputs(a.version ? "tether-keysvc " TETHER_VERSION "\n" : usage_text, stdout);
		return EXIT_OK;
	}
	return a.count == 0 ? usage("a command is missing") : run_command(&a);
}

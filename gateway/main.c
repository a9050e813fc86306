/*
 * tether-gateway: the partners' way in. Static page and WebSocket on one side, MQTT on the other;
 * one thread, no file but the token's and the certificate's after start. Everything from browsers
 * is hostile; the broker is not trusted with more than its topics.
 */
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/secret.h"
#include "gateway/address.h"
#include "gateway/contact.h"
#include "gateway/files.h"
#include "gateway/limits.h"
#include "gateway/loop.h"
#include "gateway/mqtt.h"
#include "gateway/page.h"
#include "gateway/server.h"
#include "gateway/service.h"

#define USAGE                                                                                      \
	"usage: tether-gateway --listen ADDRESS:PORT --cert FILE --key FILE --web DIR\n"           \
	"                      --broker HOST:PORT --ca FILE --token FILE --origin https://HOST\n"  \
	"                      [--contact URI] [--metrics ADDRESS:PORT]\n"                         \
	"                      [--redirect ADDRESS:PORT [--challenges DIR]] [--debug]\n"

enum option_index {
	OPT_LISTEN,
	OPT_CERT,
	OPT_KEY,
	OPT_WEB,
	OPT_BROKER,
	OPT_CA,
	OPT_TOKEN,
	OPT_ORIGIN,
	OPT_REQUIRED, /* all above are */
	OPT_CONTACT = OPT_REQUIRED,
	OPT_METRICS,
	OPT_REDIRECT,
	OPT_CHALLENGES,
	OPT_DEBUG,
	OPT_COUNT
};

static const struct option long_options[] = {
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"cert", required_argument, NULL, OPT_CERT},
	{"key", required_argument, NULL, OPT_KEY},
	{"web", required_argument, NULL, OPT_WEB},
	{"broker", required_argument, NULL, OPT_BROKER},
	{"ca", required_argument, NULL, OPT_CA},
	{"token", required_argument, NULL, OPT_TOKEN},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"contact", required_argument, NULL, OPT_CONTACT},
	{"metrics", required_argument, NULL, OPT_METRICS},
	{"redirect", required_argument, NULL, OPT_REDIRECT},
	{"challenges", required_argument, NULL, OPT_CHALLENGES},
	{"debug", no_argument, NULL, OPT_DEBUG},
	{NULL, 0, NULL, 0},
};

static struct mqtt_broker broker;
static const char *authorities; /* the file */
static struct loop_watch ticks, signals;
static uint64_t ending_at; /* 0: not ending */

__attribute__((noreturn)) static void
quit(const char *why)
{
	log_error("%s", why);
	exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static void
usage(const char *wrong)
{
	fprintf(stderr, "tether-gateway: %s\n" USAGE, wrong);
	exit(2);
}

static void
options_read(const char *value[OPT_COUNT], int argc, char **argv)
{
	static char missing[64];
	int i;

	while ((i = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (i == '?') {
			usage("an option is not understood");
		}
		value[i] = optarg ? optarg : "";
	}
	if (optind < argc) {
		usage("only options are taken");
	}
	for (i = 0; i < OPT_REQUIRED; i++) {
		if (!value[i]) {
			snprintf(missing, sizeof(missing), "--%s is missing", long_options[i].name);
			usage(missing);
		}
	}
}

/* An option that is empty counts as none: systemd makes that of variables that are not set. */
static const char *
given(const char *value)
{
	return value && *value ? value : NULL;
}

/* Splits "HOST:PORT" or "[HOST]:PORT" into `host` and its return value. */
static int
split_port(char host[MAX_HOST], const char *text, const char *wrong)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= MAX_HOST || port < 1 || port > 65535 || *end != '\0') {
		usage(wrong);
	}
	memcpy(host, text, len);
	host[len] = '\0';
	return (int)port;
}

/* Both descriptors of each partner, and a few. libwebsockets sizes its table by the limit. */
static void
descriptors_raise(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r)) {
		quit("the limit of descriptors can't be read");
	}
	if (r.rlim_max < MAX_DESCRIPTORS) {
		log_warn("only %lu descriptors are allowed: fewer than %d pages fit",
			 (unsigned long)r.rlim_max, MAX_CONNECTIONS);
	}
	r.rlim_cur = r.rlim_max < MAX_DESCRIPTORS ? r.rlim_max : MAX_DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &r)) {
		quit("the limit of descriptors can't be set");
	}
}

/* The loop is libwebsockets', and its libev loop can't be left from outside (4.1.6 and 4.3.5):
 * everything that matters has been closed by now. */
__attribute__((noreturn)) static void
end_now(void)
{
	service_stop();
	mqtt_reap();
	log_note("ended");
	exit(EXIT_SUCCESS);
}

static void
end_begin(void)
{
	if (ending_at == 0) {
		ending_at = clock_ms() + SHUTDOWN_MS;
		server_refuse();
		if (page_shutdown_all() == 0) {
			end_now();
		}
	}
}

/* A new certificate of the gateway is the broker's too, where they share one. */
static void
follow_authorities(bool taken)
{
	if (taken && mqtt_broker_trust(&broker, authorities)) {
		log_warn("the CA file can't be read again: the authorities of the start stay");
	}
}

static void
on_tick(struct loop_watch *w, uint32_t events)
{
	static uint64_t next_second;
	uint64_t passed, now = clock_ms();

	(void)events;
	(void)!read(w->fd, &passed, sizeof(passed));
	page_tick_all(now);
	if (now >= next_second) {
		next_second = now + 1000;
		mqtt_tick(now);
		address_tick(now);
		follow_authorities(server_tick(now));
		if (!ending_at) {
			service_tick(now);
			if (service_lost(now)) {
				quit("nobody answers at the broker's address: another start looks it up anew");
			}
		}
	}
	if (ending_at && (now >= ending_at || page_shutdown_all() == 0)) {
		end_now();
	}
}

static void
on_signal(struct loop_watch *w, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(w->fd, &info, sizeof(info)) != sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGHUP) {
		follow_authorities(server_reload());
	} else {
		end_begin();
	}
}

static void
signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
events_open(const sigset_t *set)
{
	struct itimerspec every = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
	int events = loop_open();
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int signal_fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	ticks = (struct loop_watch){.fd = -1, .ready = on_tick};
	signals = (struct loop_watch){.fd = -1, .ready = on_signal};
	if (events < 0 || timer < 0 || signal_fd < 0 || timerfd_settime(timer, 0, &every, NULL) ||
	    loop_watch(&ticks, timer, EPOLLIN) || loop_watch(&signals, signal_fd, EPOLLIN)) {
		quit("the event loop can't be made");
	}
	return events;
}

/* No security.txt without --contact, and none that has expired: RFC 9116 wants neither. */
static void
contact_publish(const char *contact, const char *origin)
{
	char text[MAX_SECURITY_TXT];
	const char *why = "the origin is too long";

	if (!contact) {
		log_note("without --contact there is no /.well-known/security.txt");
		return;
	}
	if (!contact_ok(contact)) {
		usage("--contact wants mailto:, https: or tel:");
	}
	if (contact_expiry() <= time(NULL)) {
		log_warn("this build is a year old: there is no /.well-known/security.txt");
		return;
	}
	if (contact_write(text, contact, origin, contact_expiry()) ||
	    files_add("security.txt", text, &why)) {
		quit(why);
	}
}

/* The folder that holds `file`, and the one that holds what it may be a link to: certbot's and
 * Kubernetes' renewals put a new link into the first. */
static void
folders_of(const char *folder[2], const char *file)
{
	char *real = realpath(file, NULL), *name = strdup(file);

	if (!name) {
		quit("memory is short");
	}
	folder[0] = dirname(name);
	folder[1] = real ? dirname(real) : folder[0]; /* the token may come later */
}

/* Reading stays allowed in five places: the token's, which the key service renews, those of the
 * certificate, its key and the CA, and that of ACME's answers. Signals: libev puts its own handler
 * for SIGINT, which stays blocked.
 */
static void
seal(const char *const value[OPT_COUNT])
{
	const char *folders[10] = {NULL}, *why;

	folders_of(&folders[0], value[OPT_TOKEN]);
	folders_of(&folders[2], value[OPT_CERT]);
	folders_of(&folders[4], value[OPT_KEY]);
	folders_of(&folders[6], value[OPT_CA]);
	folders[8] = given(value[OPT_CHALLENGES]);
	if (sandbox_seal_reading(SANDBOX_BASE | SANDBOX_SOCKOPT | SANDBOX_ACCEPT | SANDBOX_CONNECT |
					 SANDBOX_FILES_RO | SANDBOX_SIGNALS,
				 folders, &why)) {
		quit(why);
	}
}

int
main(int argc, char **argv)
{
	static char listen_host[MAX_HOST], metrics_host[MAX_HOST], broker_host[MAX_HOST],
		redirect_host[MAX_HOST];
	static struct server_options server;
	const char *value[OPT_COUNT] = {NULL}, *why;
	sigset_t set;

	options_read(value, argc, argv);
	log_open("gateway", value[OPT_DEBUG] != NULL);
	server = (struct server_options){.cert = value[OPT_CERT],
					 .key = value[OPT_KEY],
					 .origin = value[OPT_ORIGIN],
					 .challenges = given(value[OPT_CHALLENGES]),
					 .address = listen_host};
	server.port = split_port(listen_host, value[OPT_LISTEN], "--listen wants ADDRESS:PORT");
	if (given(value[OPT_METRICS])) {
		server.metrics_address = metrics_host;
		server.metrics_port = split_port(metrics_host, value[OPT_METRICS],
						 "--metrics wants ADDRESS:PORT");
	}
	if (given(value[OPT_REDIRECT])) {
		server.redirect_address = redirect_host;
		server.redirect_port = split_port(redirect_host, value[OPT_REDIRECT],
						  "--redirect wants ADDRESS:PORT");
	}
	int port = split_port(broker_host, value[OPT_BROKER], "--broker wants HOST:PORT");

	authorities = value[OPT_CA];
	signals_block(&set);
	descriptors_raise();
	(void)secret_process();
	if (files_load(value[OPT_WEB], &why)) {
		quit(why);
	}
	if (server.challenges && access(server.challenges, R_OK | X_OK)) {
		quit("the folder of --challenges is not there or can't be read");
	}
	contact_publish(given(value[OPT_CONTACT]), value[OPT_ORIGIN]);
	if (mqtt_broker_open(&broker, broker_host, port, value[OPT_CA], &why) ||
	    server_open(&server, events_open(&set), &why)) {
		quit(why);
	}
	signals_block(&set); /* again: libev unblocks SIGINT */
	service_start(&broker, value[OPT_TOKEN]);
	seal(value);
	log_note("listening");
	server_run();
	quit("the loop ended by itself");
}

/*
 * The admin's commands. A short-lived process of the admin. Input: what the admin typed or pasted,
 * and frames of the daemon.
 */
#include "keysvc/cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/encode.h"
#include "keysvc/frames.h"
#include "keysvc/journal.h"
#include "keysvc/layout.h"
#include "keysvc/limits.h"

#define ANSWER_MS 30000 /* a new signing key takes some seconds */
#define SID_TEXT HEX_LEN(SID_LEN)
#define TOLD_CAP 96
#define MAX_ROW 128 /* characters of a listed session, as JSON too */

int
cli_complain(const char *text)
{
	fprintf(stderr, "tether-keysvc: %s\n", text);
	return -1;
}

/* ---- talking to the daemon ------------------------------------------------------------------ */

int
cli_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = PATH_SOCKET};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status = -EXIT_NO_DAEMON;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		return fd;
	}
	if (errno == EACCES) {
		status = -EXIT_FAILED;
		cli_complain("you may not talk to the key service: run this as its user or as root");
	} else {
		cli_complain("the key service is not running in this folder: start it, then try again");
	}
	if (fd >= 0) {
		close(fd);
	}
	return status;
}

int
cli_receive(int fd, union frame_message *m)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int type = FRAME_EMPTY;

	while (type == FRAME_EMPTY && poll(&p, 1, ANSWER_MS) == 1) {
		type = frames_recv(fd, frames_to_admin, m);
	}
	return type > 0 ? type : cli_complain("the key service did not answer");
}

/* Asks, hands each session to `each`, ends with the last frame in *done. 0 or -1. */
static int
daemon_ask(int fd, const struct admin_ask *ask, void (*each)(const struct admin_session *s),
	   struct admin_done *done)
{
	union frame_message m;

	if (frames_send(fd, frames_to_main, FRAME_ADMIN_ASK, ask) != FRAME_OK) {
		return cli_complain("the key service did not take the question");
	}
	for (;;) {
		int type = cli_receive(fd, &m);

		if (type == FRAME_ADMIN_DONE) {
			*done = m.done;
			return 0;
		}
		if (type != FRAME_ADMIN_SESSION || each == NULL) {
			return -1;
		}
		each(&m.session);
	}
}

static int
daemon_ask_once(const struct admin_ask *ask, void (*each)(const struct admin_session *s),
		struct admin_done *done)
{
	int fd = cli_connect(), result;

	if (fd < 0) {
		return -fd;
	}
	result = daemon_ask(fd, ask, each, done);
	close(fd);
	return result == 0 ? EXIT_OK : EXIT_FAILED;
}

/* ---- list ---------------------------------------------------------------------------------- */

static bool first_row; /* of a JSON list */

void
cli_time(char out[TIME_CAP], uint64_t unix_time)
{
	time_t t = (time_t)unix_time;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, TIME_CAP, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static void
print_row(const struct admin_session *s)
{
	char sid[SID_TEXT + 1], issued[TIME_CAP], expires[TIME_CAP];

	hex_encode(sid, s->sid, SID_LEN);
	cli_time(issued, s->issued);
	cli_time(expires, s->expires);
	printf("%s  %s  %s  %s\n", sid, issued, expires, session_state_name(s->state));
}

static void
print_json_row(const struct admin_session *s)
{
	char sid[SID_TEXT + 1];

	hex_encode(sid, s->sid, SID_LEN);
	printf("%s\n  {\"sid\":\"%s\",\"issued\":%" PRIu64 ",\"expires\":%" PRIu64
	       ",\"state\":\"%s\"}",
	       first_row ? "" : ",", sid, s->issued, s->expires, session_state_name(s->state));
	first_row = false;
}

/* All is read before a byte is written: the daemon does not wait for who turns a pager's pages. */
int
cli_list(bool json)
{
	static char rows[MAX_SESSIONS * MAX_ROW];
	const struct admin_ask ask = {.op = ADMIN_LIST};
	struct admin_done done = {0};
	int fd = cli_connect(), result;

	if (fd < 0) {
		return -fd;
	}
	(void)setvbuf(stdout, rows, _IOFBF, sizeof(rows));
	first_row = true;
	if (json) {
		printf("[");
	} else {
		printf("%-32s  %-20s  %-20s  %s\n", "SESSION", "ISSUED", "EXPIRES", "STATE");
	}
	result = daemon_ask(fd, &ask, json ? print_json_row : print_row, &done);
	close(fd);
	if (json) {
		printf("%s]\n", first_row ? "" : "\n");
	}
	return result == 0 && fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* ---- revoke -------------------------------------------------------------------------------- */

static const char *
told_text(char out[TOLD_CAP], const struct admin_done *d)
{
	const char *text = "cut off; the broker does not say how many connections";

	if (d->counted) {
		snprintf(out, TOLD_CAP, "%" PRIu32 " connection%s cut", d->cut,
			 d->cut == 1 ? "" : "s");
		return out;
	}
	if (!d->told) {
		text = d->connected ? "noted; the broker has not confirmed it yet"
				    : "noted; the broker can't be reached and will be told first thing";
	}
	snprintf(out, TOLD_CAP, "%s", text);
	return out;
}

/* A session id, or what key_find finds a key in. */
static int
read_sid(uint8_t sid[SID_LEN], const char *text, size_t len)
{
	struct key key;

	if (hex_decode(sid, SID_LEN, text, len) == 0) {
		return 0;
	}
	if (key_find(&key, text, len) != 0) {
		return cli_complain("expected a session id (32 hex characters), a key or a link");
	}
	memcpy(sid, key.sid, SID_LEN);
	return 0;
}

static int
report(const struct admin_ask *ask, const struct admin_done *done)
{
	char sid[SID_TEXT + 1], told[TOLD_CAP];

	hex_encode(sid, ask->sid, SID_LEN);
	switch (done->result) {
	case ADMIN_OK:
		printf("%s: revoked, %s\n", sid, told_text(told, done));
		return EXIT_OK;
	case ADMIN_UNKNOWN:
		printf("%s: no live session of this id here; it is refused for four hours all the "
		       "same (%s)\n",
		       sid, told_text(told, done));
		return EXIT_NOT_FOUND;
	default:
		cli_complain("the revocation could not be written: see the key service's log");
		return EXIT_FAILED;
	}
}

/* With a connection of its own: one that waits for somebody to type would be closed meanwhile. */
static int
revoke_one(const char *text, size_t len)
{
	struct admin_ask ask = {.op = ADMIN_REVOKE};
	struct admin_done done;
	int status;

	if (read_sid(ask.sid, text, len) != 0) {
		return EXIT_USAGE;
	}
	status = daemon_ask_once(&ask, NULL, &done);
	return status == EXIT_OK ? report(&ask, &done) : status;
}

/* Nobody there is worse than failed, that worse than misunderstood, and that worse than not found. */
static int
worse(int a, int b)
{
	static const int order[] = {EXIT_NO_DAEMON, EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (a == order[i] || b == order[i]) {
			return order[i];
		}
	}
	return EXIT_OK;
}

static int
revoke_lines(void)
{
	char line[MAX_LINK + 64];
	int status = EXIT_OK;

	while (status != EXIT_NO_DAEMON && fgets(line, sizeof(line), stdin) != NULL) {
		const char *at = line;
		size_t len = strlen(line);

		while (len > 0 && isspace((unsigned char)at[len - 1])) {
			len--;
		}
		while (len > 0 && isspace((unsigned char)*at)) {
			at++;
			len--;
		}
		if (len > 0) {
			status = worse(status, revoke_one(at, len));
		}
	}
	return status;
}

int
cli_revoke(char *const what[], int count)
{
	int fd = cli_connect(), status = EXIT_OK;

	/* That nobody listens is said before somebody types a link. */
	if (fd < 0) {
		return -fd;
	}
	close(fd);
	for (int i = 0; i < count && status != EXIT_NO_DAEMON; i++) {
		status = worse(status, strcmp(what[i], "-") == 0
					       ? revoke_lines()
					       : revoke_one(what[i], strlen(what[i])));
	}
	return status;
}

int
cli_revoke_all(void)
{
	const struct admin_ask ask = {.op = ADMIN_REVOKE_ALL};
	struct admin_done done = {0};
	char told[TOLD_CAP];
	int status = daemon_ask_once(&ask, NULL, &done);

	if (status != EXIT_OK) {
		return status;
	}
	if (done.result != ADMIN_OK) {
		cli_complain("not all could be written: see the key service's log");
		return EXIT_FAILED;
	}
	printf("%" PRIu32 " session%s revoked, %s\n", done.count, done.count == 1 ? "" : "s",
	       told_text(told, &done));
	return EXIT_OK;
}

/* ---- rotate -------------------------------------------------------------------------------- */

int
cli_rotate(void)
{
	const struct admin_ask ask = {.op = ADMIN_ROTATE};
	struct admin_done done = {0};
	int status = daemon_ask_once(&ask, NULL, &done);

	if (status != EXIT_OK) {
		return status;
	}
	if (done.result == ADMIN_OK) {
		printf("the signing key is now %s; %" PRIu32 " gateway token%s written anew\n"
		       "what the former key signed is good until it expires, within four hours\n",
		       done.kid, done.count, done.count == 1 ? "" : "s");
		return EXIT_OK;
	}
	if (done.result == ADMIN_TOKENS) {
		fprintf(stderr,
			"tether-keysvc: the signing key is now %s, but not all gateways have "
			"tokens of it yet: see the key service's log\n",
			done.kid);
		return EXIT_FAILED;
	}
	cli_complain(done.result == ADMIN_BUSY ? "a new signing key is being made already"
					   : "the signing key was not changed: see the key service's log");
	return EXIT_FAILED;
}

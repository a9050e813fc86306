/*
 * `status`: how the service goes, in one screen. A short-lived process of the admin, in the service's
 * folder. Input: frames of the daemon, and what files say of their age and size.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "keysvc/cli.h"
#include "keysvc/layout.h"

#define AGE_CAP 32
#define UNKNOWN INT64_MAX /* an age or size that could not be found out */

struct report {
	struct admin_status s;
	struct admin_done d;
	bool clock_steered; /* the kernel says that someone keeps it right */
	int64_t key_age, journal_size;
};

/* Of a file's last change, in seconds. */
static int64_t
age_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)(time(NULL) - st.st_mtime) : UNKNOWN;
}

static int64_t
token_age(unsigned gateway)
{
	char path[MAX_PATH];

	snprintf(path, sizeof(path), PATH_TOKENS "/gw-%u.jwt", gateway);
	return age_of(path);
}

/* "3 d 04 h", "2 h 05 min", "7 min 09 s": two parts say enough. */
static const char *
age_text(char out[AGE_CAP], int64_t s)
{
	if (s == UNKNOWN) {
		snprintf(out, AGE_CAP, "unknown");
	} else if (s >= 86400) {
		snprintf(out, AGE_CAP, "%" PRId64 " d %02" PRId64 " h", s / 86400, s / 3600 % 24);
	} else if (s >= 3600) {
		snprintf(out, AGE_CAP, "%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
	} else {
		snprintf(out, AGE_CAP, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
	}
	return out;
}

static uint32_t
refused_count(const struct net_stat *stat)
{
	uint32_t count = 0;

	for (size_t why = REFUSED_NOT + 1; why < REFUSED_COUNT; why++) {
		count += stat->refused[why];
	}
	return count;
}

static int
report_ask(int fd, struct report *r)
{
	const struct admin_ask ask = {.op = ADMIN_STATUS};
	union frame_message m;

	if (frames_send(fd, frames_to_main, FRAME_ADMIN_ASK, &ask) != FRAME_OK) {
		return cli_complain("the key service did not take the question");
	}
	if (cli_receive(fd, &m) != FRAME_ADMIN_STATUS) {
		return -1;
	}
	r->s = m.admin_status;
	if (cli_receive(fd, &m) != FRAME_ADMIN_DONE) {
		return -1;
	}
	r->d = m.done;
	return 0;
}

static void
report_look(struct report *r)
{
	struct timex clock = {0};
	struct stat st;
	char path[MAX_PATH];

	snprintf(path, sizeof(path), PATH_PUBLIC "/%s.pem", r->d.kid);
	r->key_age = age_of(path);
	r->journal_size = stat(PATH_JOURNAL, &st) == 0 ? (int64_t)st.st_size : UNKNOWN;
	r->clock_steered = adjtimex(&clock) >= 0 && (clock.status & STA_UNSYNC) == 0;
}

static void
print_tokens(const struct report *r)
{
	char age[AGE_CAP], next[AGE_CAP];

	printf("gateway tokens:");
	for (unsigned i = 1; i <= r->s.gateways; i++) {
		printf("%s gw-%u %s old", i == 1 ? "" : ",", i, age_text(age, token_age(i)));
	}
	printf(r->s.gateways > 0 ? "; next in %s\n" : " none\n", age_text(next, r->s.next_tokens));
}

static void
print_screen(const struct report *r)
{
	const struct net_stat *n = &r->s.stat;
	const uint32_t *e = r->s.ending;
	char time[TIME_CAP], age[AGE_CAP];

	printf("version:       " TETHER_VERSION "; agents from %s on, the newest is %s\n",
	       r->s.agents.oldest, r->s.agents.latest);
	printf("running for:   %s\n", age_text(age, r->d.uptime));
	printf("broker:        %s%s\n", r->d.connected ? "connected for " : "not connected, trying",
	       r->d.connected ? age_text(age, r->s.connected_for) : "");
	cli_time(time, r->s.clock);
	printf("clock:         %s, %s\n", time,
	       r->clock_steered ? "kept right by this machine"
				: "not known to be kept right: is there an NTP service?");
	printf("sessions:      %" PRIu32 " live; of these end within 1 h %" PRIu32 ", 2 h %" PRIu32
	       ", 3 h %" PRIu32 ", 4 h %" PRIu32 "\n",
	       r->d.count, e[0], e[0] + e[1], e[0] + e[1] + e[2], e[0] + e[1] + e[2] + e[3]);
	printf("barred:        %" PRIu32 " ended or revoked, until their keys expire\n", r->d.revoked);
	printf("since start:   %" PRIu32 " issued, %" PRIu32 " redeemed, %" PRIu32 " ended, %" PRIu32
	       " revoked\n",
	       n->issued, n->redeemed, n->ended, n->revoked);
	printf("refused:       %" PRIu32 ": %" PRIu32 " forged, %" PRIu32 " expired, %" PRIu32
	       " revoked, %" PRIu32 " too many, %" PRIu32 " failed\n",
	       refused_count(n), n->refused[REFUSED_FORGED], n->refused[REFUSED_EXPIRED],
	       n->refused[REFUSED_REVOKED], n->refused[REFUSED_BUSY], n->refused[REFUSED_FAILED]);
	printf("signing key:   %s, %s old; signer %s, replaced %" PRIu32 " times\n", r->d.kid,
	       age_text(age, r->key_age), r->s.signer ? "ready" : "not ready", n->signer_failures);
	print_tokens(r);
	printf("journal:       %" PRId64 " bytes\n", r->journal_size == UNKNOWN ? -1 : r->journal_size);
}

/* A number, or null. */
static void
print_json_age(const char *name, int64_t value)
{
	if (value == UNKNOWN) {
		printf(",\"%s\":null", name);
	} else {
		printf(",\"%s\":%" PRId64, name, value);
	}
}

static void
print_json_tokens(const struct report *r)
{
	printf(",\"tokens\":[");
	for (unsigned i = 1; i <= r->s.gateways; i++) {
		int64_t age = token_age(i);

		printf("%s%" PRId64, i == 1 ? "" : ",", age == UNKNOWN ? -1 : age);
	}
	printf("],\"next_tokens\":%" PRIu32, r->s.next_tokens);
}

static void
print_json(const struct report *r)
{
	const struct net_stat *n = &r->s.stat;

	printf("{\"connected\":%s,\"live\":%" PRIu32 ",\"revoked\":%" PRIu32 ",\"uptime\":%" PRIu32
	       ",\"kid\":\"%s\",\"version\":\"" TETHER_VERSION "\"",
	       r->d.connected ? "true" : "false", r->d.count, r->d.revoked, r->d.uptime, r->d.kid);
	printf(",\"oldest\":\"%s\",\"latest\":\"%s\",\"connected_for\":%" PRIu32 ",\"clock\":%" PRIu64
	       ",\"clock_kept\":%s,\"signer\":%s",
	       r->s.agents.oldest, r->s.agents.latest, r->s.connected_for, r->s.clock,
	       r->clock_steered ? "true" : "false", r->s.signer ? "true" : "false");
	printf(",\"ending\":[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "]", r->s.ending[0],
	       r->s.ending[1], r->s.ending[2], r->s.ending[3]);
	printf(",\"since_start\":{\"issued\":%" PRIu32 ",\"redeemed\":%" PRIu32 ",\"ended\":%" PRIu32
	       ",\"revoked\":%" PRIu32 ",\"signer_failures\":%" PRIu32 "}",
	       n->issued, n->redeemed, n->ended, n->revoked, n->signer_failures);
	printf(",\"refused\":{\"forged\":%" PRIu32 ",\"expired\":%" PRIu32 ",\"revoked\":%" PRIu32
	       ",\"busy\":%" PRIu32 ",\"failed\":%" PRIu32 "}",
	       n->refused[REFUSED_FORGED], n->refused[REFUSED_EXPIRED],
	       n->refused[REFUSED_REVOKED], n->refused[REFUSED_BUSY], n->refused[REFUSED_FAILED]);
	print_json_age("key_age", r->key_age);
	print_json_age("journal_bytes", r->journal_size);
	print_json_tokens(r);
	printf("}\n");
}

int
cli_status(bool json)
{
	struct report r = {0};
	int fd = cli_connect(), result;

	if (fd < 0) {
		return -fd;
	}
	result = report_ask(fd, &r);
	close(fd);
	if (result != 0) {
		return EXIT_FAILED;
	}
	report_look(&r);
	if (json) {
		print_json(&r);
	} else {
		print_screen(&r);
	}
	return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

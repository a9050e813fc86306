/*
 * The guard's side of the link processes: each lives for one connection and does one job - issue a
 * key, serve the session, end the session - and the next is started here, with random back-off.
 * Runs in the guard. Input: frames of a process that parses the network, so anything may be in them.
 */
#include "agent/guard/guard.h"

#include <string.h>
#include <unistd.h>

#include "common/encode.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/spawn.h"
#include "common/version.h"

#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 10000

static uint32_t
random_below(uint32_t limit)
{
	uint32_t r;

	secret_random(&r, sizeof(r));
	return limit == 0 ? 0 : r % limit;
}

/* Doubles up to 10 s; the wait is a random part of it, so that a thousand agents do not come back
 * together. */
static void
back_off(struct guard *g, uint64_t now)
{
	uint32_t asked = g->link_status.retry * 1000u;

	g->link_backoff = g->link_backoff == 0 ? BACKOFF_MIN_MS : g->link_backoff * 2;
	if (g->link_backoff > BACKOFF_MAX_MS) {
		g->link_backoff = BACKOFF_MAX_MS;
	}
	g->link_at = now + (asked > g->link_backoff ? asked : 0) + g->link_backoff / 4 +
		     random_below(g->link_backoff);
}

/* The next job, or -1: nothing to do (yet). An old session is ended before a new key is asked. */
static int
next_job(const struct guard *g)
{
	if (g->end_wanted) {
		return JOB_END;
	}
	if (g->session.open) {
		return JOB_AGENT;
	}
	return g->issue_wanted && g->element.polls != 0 && g->life == LIFE_RUN ? JOB_ISSUE : -1;
}

static void
setup_fill(struct guard *g, struct link_setup *setup, int job)
{
	uint8_t random[CLIENT_LEN];

	*setup = (struct link_setup){.job = (uint8_t)job, .port = g->options.port};
	memcpy(setup->host, g->options.host, sizeof(setup->host));
	memcpy(setup->ca, g->options.ca, sizeof(setup->ca));
	if (job == JOB_ISSUE) {
		secret_random(random, sizeof(random));
		hex_encode(setup->client, random, sizeof(random));
		secret_random(setup->agent_element, ELEMENT_LEN);
		memcpy(setup->link_element, g->element.bytes, ELEMENT_LEN);
		g->element.polls = 0; /* used once */
	} else if (job == JOB_END) {
		memcpy(setup->client, g->end_client, sizeof(setup->client));
		memcpy(setup->token, g->end_token, sizeof(setup->token));
	} else {
		memcpy(setup->client, g->session.client, sizeof(setup->client));
		memcpy(setup->token, g->session.token, sizeof(setup->token));
		memcpy(setup->sid, g->session.sid, SID_LEN);
	}
}

static void
start_link(struct guard *g, int job, uint64_t now)
{
	static const char *const argv[] = {"tether-link", "--child", "link", NULL};
	struct link_setup setup;

	if (child_start(&g->link, argv, SPAWN_SESSION | SPAWN_DIE_WITH_US, now) < 0) {
		back_off(g, now);
		return;
	}
	g->job = (uint8_t)job;
	g->link_status = (struct link_status){.phase = LINK_CONNECTING};
	setup_fill(g, &setup, job);
	if (frames_send(g->link.fd, frames_to_link, FRAME_LINK_SETUP, &setup) != FRAME_OK) {
		link_lost(g, now);
	}
	secret_wipe(&setup, sizeof(setup));
	publish_soon(g);
}

/* Its outputs are at zero already when it never was connected. */
void
link_lost(struct guard *g, uint64_t now)
{
	bool was_connected = g->link_connected;
	bool done = g->link_status.phase == LINK_DONE && g->job != JOB_AGENT; /* its job has no end */

	child_stop(&g->link, true);
	if (g->job == JOB_END) {
		g->end_wanted = false; /* one try: the key dies with its time in any case */
		secret_wipe(g->end_token, sizeof(g->end_token));
	}
	if (g->limits.armed) {
		guard_zero(g, WHY_LINK, false);
	}
	if (g->job == JOB_AGENT && was_connected && g->life == LIFE_RUN) {
		guard_say(g, "The connection to the server was lost. Trying again.");
	}
	g->session.asking = NO_PAGE;
	g->link_connected = false;
	if (g->link_status.phase != LINK_REFUSED) { /* that stays to be read until the next try */
		g->link_status.phase = LINK_LOST;
	}
	if (done) {
		g->link_backoff = 0;
		g->link_at = now;
	} else {
		back_off(g, now);
	}
	publish_soon(g);
}

static void
ping(struct guard *g, uint64_t now)
{
	int rc = frames_send(g->link.fd, frames_to_link, FRAME_LINK_PING, NULL);

	g->ping_at = now + BEAT_MS;
	if (rc != FRAME_OK && rc != FRAME_EMPTY) {
		link_lost(g, now);
	}
}

static bool
link_is_hung(const struct guard *g, uint64_t now)
{
	if (g->job == JOB_AGENT && g->link_status.phase == LINK_CONNECTED) {
		return child_is_silent(&g->link, now);
	}
	return now - g->link.started > CONNECT_MS;
}

void
link_turn(struct guard *g, uint64_t now)
{
	int job;

	if (g->leaving.pidfd >= 0 && now >= g->leave_at) {
		child_stop(&g->leaving, true);
	}
	if (g->link.fd < 0) {
		job = next_job(g);
		if (job >= 0 && now >= g->link_at && g->life != LIFE_OVER) {
			start_link(g, job, now);
		}
		return;
	}
	if (link_is_hung(g, now)) {
		log_warn("link process is silent");
		link_lost(g, now);
	} else if (now >= g->ping_at) {
		ping(g, now);
	}
}

/* Said once a run: it is no trouble, and who has read it needs no reminder. */
static void
mention_newer(struct guard *g, const char *latest)
{
	if (!g->newer_told && version_number(latest, strlen(latest)) >
				      version_number(TETHER_VERSION, strlen(TETHER_VERSION))) {
		g->newer_told = true;
		guard_say(g, "There is a newer tether, version %s; this is %s.", latest,
			  TETHER_VERSION);
	}
}

/* One key a link, and only from one that was to get it. Four hours count from our own request. */
static int
take_issued(struct guard *g, const struct link_issued *issued, uint64_t now)
{
	uint64_t latest = g->link.started + MAX_LIFE * UINT64_C(1000);

	if (g->job != JOB_ISSUE || g->session.open || session_open(&g->session, issued, now) < 0) {
		return FRAME_BAD;
	}
	if (g->session.end > latest) {
		g->session.end = latest;
	}
	g->issue_wanted = false;
	g->limits.end = g->session.end;
	if (guard_phase(g, now) == GUARD_ENDED) {
		g->limits.why = WHY_START;
	}
	guard_say(g, "There is a new key, good for %u minutes.", issued->left / 60);
	mention_newer(g, issued->latest);
	publish_soon(g);
	return FRAME_OK;
}

/* The server knows this session no more: it was revoked, or has expired by the server's clock. */
static void
session_refused(struct guard *g)
{
	guard_say(g, "The server has ended this session: its key was revoked.");
	guard_zero(g, WHY_REVOKED, false);
	session_close(&g->session);
	g->limits.end = 0;
}

static void
phase_changed(struct guard *g, const struct link_status *status)
{
	if (status->phase == LINK_CONNECTED && g->job == JOB_AGENT) {
		g->link_backoff = 0;
		g->told[0] = '\0';
		g->link_connected = true;
		guard_say(g, "Connected: the link can be used.");
	} else if (status->phase == LINK_REFUSED && g->job == JOB_AGENT) {
		session_refused(g);
	} else if ((status->phase == LINK_REFUSED || status->phase == LINK_LOST) &&
		   strcmp(status->why, g->told) != 0) {
		guard_say(g, "%s", status->why); /* once, however often it is tried again */
		memcpy(g->told, status->why, sizeof(g->told));
	}
	publish_soon(g);
}

/* A link goes forward only, and its end is its last word. */
static bool
phase_may_follow(uint8_t before, uint8_t phase)
{
	return phase <= LINK_DONE && phase >= before && (before <= LINK_CONNECTED || phase == before);
}

/* A sentence from a process that parses the network: no control characters for the terminal. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f) {
			*text = '?';
		}
	}
}

/* The one sign of life: the answer to a ping. A link that only babbles is as good as hung. */
static int
take_status(struct guard *g, struct link_status *status, uint64_t now)
{
	make_printable(status->why);
	if (!phase_may_follow(g->link_status.phase, status->phase)) {
		return FRAME_BAD;
	}
	child_heard(&g->link, now);
	if (status->phase != g->link_status.phase) {
		phase_changed(g, status);
	}
	g->link_status = *status;
	return FRAME_OK;
}

static int
take_frame(struct guard *g, const struct frame_type *type, uint8_t *buf, uint64_t now)
{
	union {
		struct command command;
		struct link_status status;
		struct link_issued issued;
	} m;
	int rc = frame_decode(type, buf, &m);

	if (rc != FRAME_OK) {
		return rc;
	}
	switch (type->type) {
	case FRAME_LINK_COMMAND:
		if (g->job != JOB_AGENT) {
			return FRAME_BAD;
		}
		partner_command(g, &m.command, now);
		break;
	case FRAME_LINK_STATUS:
		rc = take_status(g, &m.status, now);
		break;
	case FRAME_LINK_ISSUED:
		rc = take_issued(g, &m.issued, now);
		secret_wipe(&m, sizeof(m));
		break;
	default:
		rc = FRAME_BAD;
	}
	return rc;
}

/* At most 32 frames a turn, so that a babbling link does not hold up the rest. */
void
link_read(struct guard *g, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	int rc;

	for (int i = 0; i < 32 && g->link.fd >= 0; i++) {
		rc = frame_recv(g->link.fd, frames_from_link, &type, buf);
		if (rc == FRAME_EMPTY) {
			return;
		}
		if (rc == FRAME_OK) {
			rc = take_frame(g, type, buf, now);
		}
		if (rc != FRAME_OK) {
			link_lost(g, now);
			return;
		}
	}
}

/* It may say its last words, but is not trusted to go by itself: link_turn kills it. */
static void
let_go(struct guard *g)
{
	if (g->link.fd < 0) {
		return;
	}
	child_stop(&g->leaving, true);
	close(g->link.fd);
	g->leaving = g->link;
	g->leaving.fd = -1;
	g->link = (struct child){.fd = -1, .pidfd = -1};
	g->leave_at = g->turn_at + LINK_END_MS;
}

void
link_end_session(struct guard *g, bool again)
{
	g->told[0] = '\0'; /* whoever wants a new key is told again why there is none */
	if (!g->session.open && (again || g->end_wanted) && g->job != JOB_AGENT) {
		/* One that ends the last session or gets a key is on its way already. */
		g->issue_wanted = again;
		g->link_at = g->turn_at;
		return;
	}
	if (g->session.open) {
		memcpy(g->end_client, g->session.client, sizeof(g->end_client));
		memcpy(g->end_token, g->session.token, sizeof(g->end_token));
		g->end_wanted = true;
		publish_state(g, g->turn_at); /* the last one says `ended` */
	}
	session_close(&g->session);
	g->limits.end = 0;
	g->issue_wanted = again;
	let_go(g);
	g->link_connected = false;
	g->link_status = (struct link_status){.phase = LINK_CONNECTING};
	g->link_at = g->turn_at;
	g->link_backoff = 0;
}

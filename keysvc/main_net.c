/*
 * The net process as main sees it: started for one connection with a fresh token, replaced with
 * back-off when it ends, hangs or breaks the rules; and what the broker has to be told. Main
 * process. Input: frames of net, which may have been taken over.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "keysvc/main.h"

/* Doubling up to the limit, then a random half of it: many services must not come back as one. */
static uint64_t
backoff(unsigned failures)
{
	uint64_t ms = failures < 6 ? (uint64_t)BACKOFF_MIN << failures : BACKOFF_MAX;
	uint16_t random;

	if (ms > BACKOFF_MAX) {
		ms = BACKOFF_MAX;
	}
	secret_random(&random, sizeof(random));
	return ms / 2 + random % (ms / 2 + 1);
}

static void
net_end(struct keysvc *k)
{
	/* One that was thrown out again at once counts as failed, else we would hammer the broker. */
	if (k->net.connected && clock_ms() - k->net.since > BACKOFF_MAX) {
		k->net.failures = 0;
	}
	main_end_child(&k->net.child);
	k->net.connected = false;
	k->due[DUE_NET_LATE] = k->due[DUE_NET_OLD] = k->due[DUE_STAT] = 0;
	main_due_in(k, DUE_NET, backoff(k->net.failures++));
}

/* ---- start --------------------------------------------------------------------------------- */

void
net_begin(struct keysvc *k)
{
	struct call call = {.kind = CALL_NET};

	if (k->net.child.fd < 0 && signer_call(k, &call) != 0) {
		net_start_failed(k);
	}
}

void
net_start_failed(struct keysvc *k)
{
	main_due_in(k, DUE_NET, backoff(k->net.failures++));
}

/* Starts a process on the token in *a. 0 or -1 (logged). */
static int
start_with(const struct keysvc *k, struct child *child, const struct sign_answer *a)
{
	struct net_setup setup = {.port = k->options->port, .agents = k->options->agents};

	memcpy(setup.host, k->options->host, sizeof(setup.host));
	memcpy(setup.ca, k->options->ca, sizeof(setup.ca));
	memcpy(setup.client, a->client, sizeof(setup.client));
	memcpy(setup.token, a->token, sizeof(setup.token));
	if (main_start_child(child, "net") != 0) {
		return -1;
	}
	if (frames_send(child->fd, frames_to_net, FRAME_NET_SETUP, &setup) != FRAME_OK) {
		main_end_child(child);
		return -1;
	}
	return 0;
}

/* Another process will speak to the broker: it has to be told all anew. */
static void
begin_anew(struct keysvc *k)
{
	k->net.blocked = false;
	k->net.synced = false;
	k->net.sent = k->net.told = k->net.counted = 0;
}

void
net_start(struct keysvc *k, const struct sign_answer *a)
{
	if (k->net.connected) {
		if (k->net.next.fd < 0 && start_with(k, &k->net.next, a) == 0) {
			main_due_in(k, DUE_NET_NEXT, CONNECT_LIMIT);
		}
		return;
	}
	if (k->net.child.fd >= 0) {
		return;
	}
	if (start_with(k, &k->net.child, a) != 0) {
		net_end(k);
		return;
	}
	k->net.number++;
	begin_anew(k);
	main_due_in(k, DUE_NET_LATE, CONNECT_LIMIT);
}

/* ---- what the broker has to be told --------------------------------------------------------- */

/* On each connection all that is in the list, then `synced`; from then on what is added. */
void
net_tell(struct keysvc *k)
{
	struct net_synced synced = {.count = (uint32_t)k->revoked.count};
	int result = FRAME_OK;

	while (k->net.connected && k->net.sent < k->revoked.count && result == FRAME_OK) {
		const struct revoked *r = &k->revoked.list[k->net.sent];
		struct net_revoke m = {.index = (uint32_t)k->net.sent, .expiry = r->number};

		memcpy(m.sid, r->sid, SID_LEN);
		result = frames_send(k->net.child.fd, frames_to_net, FRAME_NET_REVOKE, &m);
		k->net.sent += result == FRAME_OK ? 1 : 0;
	}
	if (k->net.connected && result == FRAME_OK && !k->net.synced) {
		result = frames_send(k->net.child.fd, frames_to_net, FRAME_NET_SYNCED, &synced);
		k->net.synced = result == FRAME_OK;
	}
	k->net.blocked = result == FRAME_EMPTY;
}

void
net_answer(struct keysvc *k, const struct net_ask *ask, const struct reply *reply)
{
	struct net_answer answer = {.role = ask->role, .reply = *reply};

	memcpy(answer.client, ask->client, sizeof(answer.client));
	answer.reply.id = ask->id;
	answer.reply.op = ask->op;
	/* Without room the answer is lost: the asker will ask again. */
	if (frames_send(k->net.child.fd, frames_to_net, FRAME_NET_ANSWER, &answer) != FRAME_OK) {
		log_warn("an answer could not be passed on");
	}
}

void
net_stat(struct keysvc *k)
{
	k->stat.live = (uint32_t)journal_live(&k->journal, clock_unix(), INT64_MAX);
	(void)frames_send(k->net.child.fd, frames_to_net, FRAME_NET_STAT, &k->stat);
	main_due_in(k, DUE_STAT, STAT_PERIOD);
}

void
net_late(struct keysvc *k)
{
	log_warn(k->net.connected ? "the connection to the broker hangs: starting anew"
				  : "no connection to the broker in time: trying again");
	net_end(k);
}

void
net_renew(struct keysvc *k)
{
	struct call call = {.kind = CALL_NET};

	if (k->net.connected && k->net.next.fd < 0) {
		(void)signer_call(k, &call);
	}
	main_due_in(k, DUE_NET_OLD, BACKOFF_MAX); /* again, until one has taken over */
}

void
net_next_late(struct keysvc *k)
{
	main_end_child(&k->net.next);
}

void
net_left_late(struct keysvc *k)
{
	main_end_child(&k->net.left);
}

/* ---- what it says --------------------------------------------------------------------------- */

static void
begin_connection(struct keysvc *k)
{
	k->net.connected = true;
	k->net.since = clock_ms();
	main_due_in(k, DUE_NET_OLD, RENEW_NET(k->options->token_life * UINT64_C(1000)));
	main_due_in(k, DUE_STAT, 1);
	k->net.why[0] = '\0';
}

static void
handle_connected(struct keysvc *k)
{
	if (!k->net.connected) {
		begin_connection(k);
		log_note("connected to the broker");
	}
	main_due_in(k, DUE_NET_LATE, NET_PATIENCE);
}

/* The next process has subscribed: from here on the requests come from it, and answers to those that
 * came from its forerunner go through it too (net.number stays). The forerunner gets the end of its
 * socket behind all answers that it has been handed, sends them and ends. */
static void
take_over(struct keysvc *k)
{
	main_end_child(&k->net.left);
	k->net.left = k->net.child;
	if (k->net.left.fd >= 0) {
		(void)shutdown(k->net.left.fd, SHUT_WR);
		main_due_in(k, DUE_NET_LEFT, LEAVE_PATIENCE);
	}
	k->net.child = k->net.next;
	k->net.next = (struct child){.fd = -1};
	k->due[DUE_NET_NEXT] = k->due[DUE_NET] = 0;
	begin_anew(k);
	begin_connection(k);
	main_due_in(k, DUE_NET_LATE, NET_PATIENCE);
	log_note("the connection to the broker was renewed");
}

static int
handle_told(struct keysvc *k, uint32_t index)
{
	if (index >= k->net.sent) {
		return -1;
	}
	if (index >= k->net.told) {
		k->net.told = (size_t)index + 1;
	}
	return 0;
}

/* How many connections a revocation cut, in the order they were sent. */
static void
handle_cut(struct keysvc *k, const struct net_cut *cut)
{
	size_t i = k->net.counted;

	while (i < k->net.sent && memcmp(k->revoked.list[i].sid, cut->sid, SID_LEN) != 0) {
		i++;
	}
	if (i == k->net.sent) {
		return; /* tidied away, or made up */
	}
	k->net.counted = i + 1;
	for (size_t n = 0; n < MAX_ADMINS; n++) {
		struct admin *a = &k->admins[n];

		if (a->doing == ADMIN_WAITING && i >= a->from && i < a->at) {
			a->done.cut += cut->connections;
		}
	}
}

/* A broker that is away for a day is one line, not ten thousand. */
static void
handle_trouble(struct keysvc *k, const char *why)
{
	if (strcmp(k->net.why, why) != 0) {
		memcpy(k->net.why, why, sizeof(k->net.why));
		log_warn("%s", why);
	}
}

/* 0, or -1 when it broke the rules. */
static int
handle_frame(struct keysvc *k, int type, const union frame_message *m)
{
	switch (type) {
	case FRAME_NET_STATUS:
		if (m->status.phase == NET_CONNECTED) {
			handle_connected(k);
		} else {
			handle_trouble(k, m->status.why);
		}
		return 0;
	case FRAME_NET_ASK:
		return k->net.connected ? desk_ask(k, &m->ask) : -1;
	case FRAME_NET_TOLD:
		return handle_told(k, m->told.index);
	case FRAME_NET_CUT:
		handle_cut(k, &m->cut);
		return 0;
	default:
		return -1;
	}
}

void
net_readable(struct keysvc *k)
{
	union frame_message m;
	int type = frames_recv(k->net.child.fd, frames_from_net, &m);

	if (type == FRAME_EMPTY) {
		return;
	}
	if (type == FRAME_CLOSED) {
		net_end(k);
	} else if (type < 0 || handle_frame(k, type, &m) != 0) {
		log_error("the net process broke the rules: starting another");
		net_end(k);
	}
}

void
net_next_readable(struct keysvc *k)
{
	union frame_message m;
	int type = frames_recv(k->net.next.fd, frames_from_net, &m);

	if (type == FRAME_NET_STATUS && m.status.phase == NET_CONNECTED) {
		take_over(k);
	} else if (type == FRAME_NET_STATUS) {
		handle_trouble(k, m.status.why);
	} else if (type != FRAME_EMPTY) {
		main_end_child(&k->net.next);
		k->due[DUE_NET_NEXT] = 0;
	}
}

/* What it was asked, its successor was asked too. */
void
net_left_readable(struct keysvc *k)
{
	union frame_message m;
	int type = frames_recv(k->net.left.fd, frames_from_net, &m);

	if (type < 0 && type != FRAME_EMPTY) {
		main_end_child(&k->net.left);
		k->due[DUE_NET_LEFT] = 0;
	}
}

/*
 * The desk: what clients ask for, whether they get it, and what is written down before they do.
 * Main process. Input: frames of net (parsed requests; the roles and clients as the broker let them
 * publish) and answers of the signer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "keysvc/main.h"
#include "common/rate.h"

#define RETRY_S 2
#define FULL_S 600    /* sessions go away in their own time only */
#define SYNC_MS 1000

static void
refuse(struct keysvc *k, const struct net_ask *ask, enum refusal why, unsigned retry)
{
	struct reply reply = {.why = (uint8_t)why, .retry = (uint16_t)retry};

	k->stat.refused[why]++;
	net_answer(k, ask, &reply);
}

static void
note_journal(struct keysvc *k, int result)
{
	if (result != 0) {
		log_error("can't write the journal: %s", strerror(errno));
	}
	if (k->due[DUE_SYNC] == 0) {
		main_due_in(k, DUE_SYNC, SYNC_MS);
	}
}

/* ---- rates --------------------------------------------------------------------------------- */

/* The client's own bucket. Clients choose their ids, not the seed. */
static uint64_t *
client_bucket(struct keysvc *k, const struct net_ask *ask)
{
	uint64_t hash = k->rates.seed;

	for (const char *c = ask->client; *c != '\0'; c++) {
		hash = (hash ^ (uint8_t)*c) * 1099511628211ULL; /* FNV-1a */
	}
	return &k->rates.client[ask->role][(hash >> 32) % MAX_BUCKETS];
}

/* 0, or the seconds to wait. */
static unsigned
take_rates(struct keysvc *k, const struct net_ask *ask)
{
	static const struct rate issue = {1000 / ISSUE_RATE, ISSUE_BURST};
	static const struct rate replace = {REPLACE_EVERY_MS, REPLACE_BURST};
	static const struct rate redeem = {1000 / REDEEM_RATE, REDEEM_BURST};
	static const struct rate end = {1000 / END_RATE, END_BURST};
	static const struct rate by_role[ROLE_COUNT] = {
		[ROLE_GUEST] = {GUEST_SECONDS * 1000, GUEST_BURST},
		[ROLE_AGENT] = {AGENT_SECONDS * 1000, AGENT_BURST},
		[ROLE_GW] = {1000 / GW_RATE, GW_BURST},
	};
	uint64_t now = clock_ms();
	unsigned wait = rate_take(client_bucket(k, ask), &by_role[ask->role], now);

	if (wait > 0) {
		return wait;
	}
	switch (ask->op) {
	case ASK_ISSUE:
		return ask->role == ROLE_AGENT ? rate_take(&k->rates.replace, &replace, now)
					       : rate_take(&k->rates.issue, &issue, now);
	case ASK_REDEEM:
		return rate_take(&k->rates.redeem, &redeem, now);
	default:
		return rate_take(&k->rates.end, &end, now);
	}
}

/* ---- revoking ------------------------------------------------------------------------------ */

static bool
is_over(const struct session *s)
{
	return s->state == SESSION_ENDED || s->state == SESSION_REVOKED;
}

int
desk_revoke(struct keysvc *k, const uint8_t sid[SID_LEN], int64_t expiry, enum session_state state)
{
	struct session *s = journal_find(&k->journal, sid);
	bool before = revocations_has(&k->revoked, sid);

	if (s != NULL) {
		expiry = s->expires; /* known better here than by who asks */
	}
	if (revocations_add(&k->revoked, sid, expiry) != 0 || revocations_sync(&k->revoked) != 0) {
		log_error("can't write the revocation file: %s", strerror(errno));
		return -1;
	}
	if (s != NULL && !is_over(s)) {
		note_journal(k, journal_set(&k->journal, s, state));
	}
	if (!before) { /* a session ends once, however often it is said */
		*(state == SESSION_ENDED ? &k->stat.ended : &k->stat.revoked) += 1;
	}
	return 0;
}

/* One sync for all: tens of thousands of them would take minutes. */
int
desk_revoke_all(struct keysvc *k)
{
	int count = 0, result = 0;

	for (size_t i = 0; i < k->journal.count && result == 0; i++) {
		const struct session *s = &k->journal.list[i];

		result = is_over(s) ? 0 : revocations_add(&k->revoked, s->sid, s->expires);
	}
	if (result != 0 || revocations_sync(&k->revoked) != 0) {
		log_error("can't write the revocation file: %s", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < k->journal.count; i++) {
		struct session *s = &k->journal.list[i];

		if (!is_over(s)) {
			note_journal(k, journal_set(&k->journal, s, SESSION_REVOKED));
			k->stat.revoked++;
			count++;
		}
	}
	return count;
}

static int
compare_sids(const void *a, const void *b)
{
	return memcmp(a, b, SID_LEN);
}

int
desk_reconcile(struct keysvc *k)
{
	size_t count = k->revoked.count;
	uint8_t(*sids)[SID_LEN] = calloc(count + 1, SID_LEN);

	if (sids == NULL) {
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(sids[i], k->revoked.list[i].sid, SID_LEN);
	}
	qsort(sids, count, SID_LEN, compare_sids);
	for (size_t i = 0; i < k->journal.count; i++) {
		struct session *s = &k->journal.list[i];

		if (!is_over(s) && bsearch(s->sid, sids, count, SID_LEN, compare_sids) != NULL) {
			note_journal(k, journal_set(&k->journal, s, SESSION_REVOKED));
		}
	}
	free(sids);
	return 0;
}

/* The session that an agent's own token names. Its expiry came through the net process. */
static int
end_own(struct keysvc *k, const struct net_ask *ask)
{
	int64_t latest = clock_unix() + MAX_LIFE;

	return desk_revoke(k, ask->sid, ask->expiry < latest ? ask->expiry : latest, SESSION_ENDED);
}

/* ---- asked --------------------------------------------------------------------------------- */

static bool
may_ask(const struct net_ask *ask)
{
	switch (ask->op) {
	case ASK_ISSUE:
		return ask->role == ROLE_GUEST || ask->role == ROLE_AGENT;
	case ASK_END:
		return ask->role == ROLE_AGENT;
	case ASK_REDEEM:
		return ask->role == ROLE_GW;
	default:
		return false;
	}
}

static void
answer_end(struct keysvc *k, const struct net_ask *ask)
{
	struct reply reply = {.why = REFUSED_NOT};

	if (end_own(k, ask) != 0) {
		refuse(k, ask, REFUSED_FAILED, RETRY_S);
		return;
	}
	/* The answer goes out before the broker is told: that cuts the asker's connection. */
	net_answer(k, ask, &reply);
}

int
desk_ask(struct keysvc *k, const struct net_ask *ask)
{
	struct call call = {.kind = ask->op == ASK_ISSUE ? CALL_ISSUE : CALL_REDEEM,
			    .ask = *ask,
			    .net = k->net.number};
	const uint8_t *sid = ask->role == ROLE_GW ? ask->key.sid : ask->sid;
	unsigned wait;

	if (!may_ask(ask)) {
		return -1;
	}
	wait = take_rates(k, ask);
	if (wait > 0) {
		refuse(k, ask, REFUSED_BUSY, wait);
	} else if (ask->op == ASK_END) {
		answer_end(k, ask);
	} else if (ask->role != ROLE_GUEST && revocations_has(&k->revoked, sid)) {
		refuse(k, ask, REFUSED_REVOKED, 0);
	} else if (ask->op == ASK_ISSUE && k->journal.count == MAX_SESSIONS) {
		refuse(k, ask, REFUSED_BUSY, FULL_S);
	} else if (signer_call(k, &call) != 0) {
		refuse(k, ask, REFUSED_FAILED, RETRY_S);
	}
	return 0;
}

/* ---- signed -------------------------------------------------------------------------------- */

/* Both are written before the answer: the end of the agent's older session, and the new one. */
static int
record_issue(struct keysvc *k, const struct net_ask *ask, const struct sign_answer *a)
{
	if (ask->role == ROLE_AGENT && end_own(k, ask) != 0) {
		return -1;
	}
	if (journal_add(&k->journal, a->sid, a->issued, a->expiry) != 0) {
		note_journal(k, -1);
		return -1;
	}
	note_journal(k, 0);
	k->stat.issued++;
	return 0;
}

/* A key that the journal does not know is as good: another key service may have issued it. */
static void
record_redeem(struct keysvc *k, const struct sign_answer *a)
{
	struct session *s = journal_find(&k->journal, a->sid);

	if (s != NULL) {
		note_journal(k, journal_set(&k->journal, s, SESSION_JOINED));
	}
	k->stat.redeemed++;
}

void
desk_signed(struct keysvc *k, const struct call *call, const struct sign_answer *a)
{
	struct reply reply = {.left = a->expiry - a->issued};

	if (call->net != k->net.number || !k->net.connected) {
		return; /* the asker's connection is gone, and so is the asker */
	}
	if (a->why != REFUSED_NOT) {
		refuse(k, &call->ask, a->why, a->why == REFUSED_FAILED ? RETRY_S : 0);
		return;
	}
	if (call->kind == CALL_REDEEM && revocations_has(&k->revoked, a->sid)) {
		refuse(k, &call->ask, REFUSED_REVOKED, 0); /* while it was being signed */
		return;
	}
	if (call->kind == CALL_ISSUE && record_issue(k, &call->ask, a) != 0) {
		refuse(k, &call->ask, REFUSED_FAILED, RETRY_S);
		return;
	}
	if (call->kind == CALL_REDEEM) {
		record_redeem(k, a);
	}
	memcpy(reply.sid, a->sid, sizeof(reply.sid));
	memcpy(reply.key, a->key, sizeof(reply.key));
	memcpy(reply.client, a->client, sizeof(reply.client));
	memcpy(reply.token, a->token, sizeof(reply.token));
	net_answer(k, &call->ask, &reply);
}

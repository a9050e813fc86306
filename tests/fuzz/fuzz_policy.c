/*
 * Any order of logins, farewells, reloads, revocations and ticks, played to the plugin's policy as
 * the broker would, beside a model of it that knows nothing of heaps and tables. Signatures are left
 * out (fuzz_token has them): what counts here is who comes when.
 */
#include <stdio.h>
#include <string.h>

#include "broker-conf/policy.h"
#include "common/encode.h"
#include "tests/fuzz/fuzz.h"

#define START_UNIX 1800000000
#define SESSIONS 2
#define TOKENS 5 /* agent and partner of each session, then the key service */
#define KEYSVC 4
#define PEOPLE (TOKENS + 6) /* six guests of one address: two more than may be in */
#define LOGINS_MAX 512

/* Who presents what, and what the model knows of them. */
struct person {
	struct token token;
	char jwt[8];   /* here only a number: see token_verify() below */
	int context;   /* of the live connection, or -1 */
	int64_t until; /* milliseconds after the start */
};

static struct policy policy;
static struct person people[PEOPLE];
static char contexts[LOGINS_MAX]; /* connections are told apart by address */
static int context_count;
static bool revoked[SESSIONS];
static int64_t now_ms;
static unsigned guest_logins;

static struct moment
now(void)
{
	return (struct moment){.boot_ms = 1000 + (uint64_t)now_ms,
			       .unix_ms = START_UNIX * INT64_C(1000) + now_ms};
}

/* In place of the one that checks signatures: the token is its owner's number. */
int
token_verify(struct token *t, const char *jwt, size_t len, int64_t now_s, token_key_fn *find,
	     void *context)
{
	unsigned long n = strtoul(jwt, NULL, 10);

	(void)len;
	(void)find;
	(void)context;
	MUST(n < TOKENS);
	if (now_s >= people[n].token.exp) {
		return TOKEN_EXPIRED;
	}
	*t = people[n].token;
	return TOKEN_OK;
}

static void
make_person(int n)
{
	static const enum role roles[] = {ROLE_AGENT, ROLE_PARTNER};
	struct person *p = &people[n];

	p->token = (struct token){.role = ROLE_GUEST,
				  .kid = "k1",
				  .iat = START_UNIX,
				  .nbf = START_UNIX,
				  .exp = START_UNIX + 40 + 20 * n};
	(void)snprintf(p->token.client, sizeof(p->token.client), "%032x", n);
	if (n < KEYSVC) {
		p->token.role = roles[n % 2];
		memset(p->token.sid, n / 2 + 1, SID_LEN);
	} else if (n == KEYSVC) {
		p->token.role = ROLE_KEYSVC;
	}
	token_acl(&p->token);
	(void)snprintf(p->jwt, sizeof(p->jwt), "%d", n);
}

static void
make_once(void)
{
	static bool made;

	if (made) {
		return;
	}
	made = true;
	MUST(policy_init(&policy) == 0);
	for (int n = 0; n < PEOPLE; n++) {
		make_person(n);
	}
}

static bool
is_session(int n)
{
	return n < KEYSVC;
}

/* What BASIC_AUTH asks, for connection `context`. */
static bool
ask(int n, int context)
{
	const struct person *p = &people[n];
	struct login l = {.context = &contexts[context],
			  .id = p->token.client,
			  .username = n < TOKENS ? p->token.client : NULL,
			  .password = n < TOKENS ? p->jwt : NULL,
			  .address = "192.0.2.7",
			  .version = 5,
			  .clean = true};

	return policy_login(&policy, &l, now());
}

static void
leave(int n)
{
	if (people[n].context >= 0) {
		policy_leave(&policy, people[n].token.client, &contexts[people[n].context]);
		people[n].context = -1;
	}
}

static void
play_login(int n)
{
	struct person *p = &people[n];
	int64_t until = n < TOKENS ? (p->token.exp - START_UNIX) * 1000 : now_ms + GUEST_LIFE_MS;
	int context = context_count++;
	bool in = ask(n, context);

	if (n < TOKENS) {
		MUST(in == (now_ms < until && !(is_session(n) && revoked[n / 2])));
	} else {
		/* After that many of one network it may be refused for the rate. */
		guest_logins += p->context < 0;
		MUST(!in || p->context < 0);
		MUST(in || p->context >= 0 || guest_logins > GUEST_NET_BURST);
	}
	if (!in) {
		policy_leave(&policy, NULL, &contexts[context]);
		return;
	}
	leave(n); /* a takeover's farewell comes after the login */
	p->context = context;
	p->until = until;
}

/* SIGHUP: all are asked again; anonymous ones are dropped unasked. */
static void
play_reload(void)
{
	for (int n = 0; n < PEOPLE; n++) {
		if (people[n].context >= 0 && (n >= TOKENS || !ask(n, people[n].context))) {
			leave(n);
		}
	}
}

static void
play_revoke(size_t session)
{
	struct token *t = &people[KEYSVC].token;
	char line[80], sid[HEX_LEN(SID_LEN) + 1];
	int len, rc;

	hex_encode(sid, people[session * 2].token.sid, SID_LEN);
	len = snprintf(line, sizeof(line), "revoke %s %lld\n", sid,
		       (long long)START_UNIX + MAX_LIFE);
	rc = policy_control(&policy, t->client, line, (size_t)len, now());
	/* After its farewell the record is still there for the will, so either answer is right. */
	if (people[KEYSVC].context >= 0) {
		MUST((rc == 0) == (now_ms < people[KEYSVC].until));
	}
	revoked[session] = revoked[session] || rc == 0;
}

/* May this one publish on a topic that is whose? Guests are asked whether they may read, and agents
 * whether they may send a state: what they ask the key service is counted. */
static bool
may_publish(int n, int whose)
{
	const struct token *t = &people[whose].token;

	if (n >= TOKENS) {
		return policy_access(&policy, people[n].token.client, ACCESS_RECEIVE, t->sub[0],
				     false, now());
	}
	return policy_access(&policy, people[n].token.client, ACCESS_PUBLISH,
			     whose == KEYSVC ? "stat/keysvc" : t->pub[t->pub_count - 1], false,
			     now());
}

/* After a tick: who had to go is gone, and who is gone may nothing. */
static void
check_cut(int n)
{
	const struct person *p = &people[n];

	if (p->context < 0) {
		MUST(!may_publish(n, n));
	} else {
		MUST(now_ms < p->until);
		MUST(!is_session(n) || !revoked[n / 2]);
	}
}

static void
play_tick(int64_t ms)
{
	char id[CLIENT_TEXT + 1];
	bool connected;
	unsigned n;

	now_ms += ms;
	while (policy_due(&policy, now(), id, &connected)) {
		n = (unsigned)strtoul(id, NULL, 16);
		MUST(n < PEOPLE);
		MUST(connected == (people[n].context >= 0));
		/* No session is cut without a reason; a guest may have had to make room. */
		MUST(n >= TOKENS || !connected || now_ms >= people[n].until ||
		     (is_session((int)n) && revoked[n / 2]));
		leave((int)n);
	}
	for (int i = 0; i < PEOPLE; i++) {
		check_cut(i);
	}
}

static void
check_access(int n)
{
	const struct person *p = &people[n];
	bool should = p->context >= 0 && now_ms < p->until && !(is_session(n) && revoked[n / 2]);
	bool may = may_publish(n, n);

	MUST(!may_publish(n, (n + 1) % PEOPLE));
	/* A guest making room is already silenced; one who left may still publish its will. */
	MUST(may == should || (should && n >= TOKENS) || (may && p->context < 0));
}

static void
check_tables(void)
{
	const struct records *rs = &policy.records;
	size_t live = 0;

	for (size_t i = 0; i < rs->count; i++) {
		MUST(rs->heap[i]->place == i);
		MUST(i == 0 || rs->heap[(i - 1) / 2]->due <= rs->heap[i]->due);
		MUST(records_find(rs, rs->heap[i]->token.client) == rs->heap[i]);
	}
	for (int n = 0; n < PEOPLE; n++) {
		live += people[n].context >= 0;
	}
	MUST(rs->count >= live);
	MUST(policy.guests.count <= MAX_GUESTS_PER_NET);
}

static void
play(uint8_t op, uint8_t who)
{
	switch (op % 8) {
	case 0:
	case 1:
		play_login(who % PEOPLE);
		break;
	case 2:
		leave(who % PEOPLE);
		break;
	case 3:
		play_tick(0);
		break;
	case 4:
		play_tick((int64_t)who * 100);
		break;
	case 5:
		now_ms += who; /* time passes before the tick */
		break;
	case 6:
		play_revoke(who % SESSIONS);
		break;
	default:
		play_reload();
		break;
	}
}

static void
begin(void)
{
	make_once();
	now_ms = 0;
	context_count = 0;
	guest_logins = 0;
	policy.guests.logins = 0;
	memset(policy.guests.net_logins, 0, sizeof(policy.guests.net_logins));
	memset(revoked, 0, sizeof(revoked));
	for (int n = 0; n < PEOPLE; n++) {
		people[n].context = -1;
	}
}

/* Everything runs out in the end. */
static void
finish(void)
{
	play_tick(MAX_LIFE * INT64_C(1000));
	MUST(policy.records.count == 0 && policy.guests.count == 0);
	if (policy.revoked.count > 0) {
		revoked_set_sweep(&policy.revoked, policy.revoked.mask + 1, now().unix_ms / 1000);
	}
	MUST(policy.revoked.count == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	for (size_t i = 0; i + 1 < size && context_count < LOGINS_MAX; i += 2) {
		play(data[i], data[i + 1]);
		check_tables();
		for (int n = 0; n < PEOPLE; n++) {
			check_access(n);
		}
	}
	finish();
	return 0;
}

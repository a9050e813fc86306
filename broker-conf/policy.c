/*
 * The plugin's decisions (policy.h). Runs in the broker's only thread. Input: strangers' logins and
 * topics; lines of the key service.
 */
#include "broker-conf/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/revoked.h"

int
policy_init(struct policy *p)
{
	memset(p, 0, sizeof(*p));
	if (records_init(&p->records, MAX_RECORDS) < 0 || guests_init(&p->guests) < 0 ||
	    revoked_set_init(&p->revoked, MAX_REVOKED) < 0) {
		policy_finish(p);
		return -1;
	}
	return 0;
}

void
policy_finish(struct policy *p)
{
	keys_finish(&p->keys);
	records_finish(&p->records);
	revoked_set_finish(&p->revoked);
}

static bool
is_client_id(const char *id)
{
	return id && strlen(id) == CLIENT_TEXT && strspn(id, "0123456789abcdef") == CLIENT_TEXT;
}

bool
policy_waits(const struct policy *p)
{
	return p->require_sync && !p->synced;
}

/* A session is refused once revoked, and as long as it is unknown what was revoked. */
static bool
session_allowed(const struct policy *p, const struct token *t, struct moment now)
{
	if (t->role != ROLE_AGENT && t->role != ROLE_PARTNER) {
		return true;
	}
	return !policy_waits(p) && !revoked_set_has(&p->revoked, t->sid, now.unix_ms / 1000);
}

/* The moment on the boot clock at which unix second `exp` comes. */
static uint64_t
deadline(int64_t exp, struct moment now)
{
	int64_t left = exp * 1000 - now.unix_ms;

	return now.boot_ms + (left > 0 ? (uint64_t)left : 0);
}

static enum login_end
login_token(struct policy *p, const struct login *l, struct moment now)
{
	const struct record *old = records_find(&p->records, l->id);
	struct token t;
	int error = token_verify(&t, l->password, strlen(l->password), now.unix_ms / 1000, keys_find,
				 &p->keys);
	uint64_t due;

	if (error != TOKEN_OK) {
		return error == TOKEN_EXPIRED ? LOGIN_EXPIRED : LOGIN_FORGED;
	}
	if (strcmp(t.client, l->id) != 0 || strcmp(t.client, l->username) != 0) {
		return LOGIN_FORGED;
	}
	if (!session_allowed(p, &t, now)) {
		return LOGIN_REVOKED;
	}
	due = deadline(t.exp, now);
	/* Asked again for a live client (SIGHUP): a clock set back gives it no more time. */
	if (old && old->context == l->context) {
		if (old->why != WHY_NONE) {
			return LOGIN_REVOKED;
		}
		due = due < old->due ? due : old->due;
	} else if (t.role == ROLE_KEYSVC) {
		p->revokes_heard = 0;
	}
	return records_put(&p->records, &t, l->context, due) ? LOGIN_IN : LOGIN_PROTOCOL;
}

static enum login_end
login_guest(struct policy *p, const struct login *l, struct moment now)
{
	const struct record *old = records_find(&p->records, l->id);
	struct token t = {.role = ROLE_GUEST};
	struct record *r;
	char out[CLIENT_TEXT + 1];

	if (old && old->context) {
		return old->context == l->context && old->why == WHY_NONE ? LOGIN_GUEST_IN
									 : LOGIN_GUEST_REFUSED;
	}
	if (!guests_admit(&p->guests, l->address, now.boot_ms)) {
		return LOGIN_GUEST_LIMITED;
	}
	memcpy(t.client, l->id, CLIENT_TEXT);
	token_acl(&t);
	if (!records_put(&p->records, &t, l->context, now.boot_ms + GUEST_LIFE_MS)) {
		return LOGIN_GUEST_REFUSED;
	}
	guests_enter(&p->guests, l->context, l->id, l->address, now.boot_ms, out);
	r = records_find(&p->records, out);
	if (r) {
		records_end(&p->records, r, WHY_ROOM);
	}
	return LOGIN_GUEST_IN;
}

static enum login_end
login(struct policy *p, const struct login *l, struct moment now)
{
	if (l->version != 5 || !l->clean || !is_client_id(l->id)) {
		return LOGIN_PROTOCOL;
	}
	if (!l->username && !l->password) {
		return login_guest(p, l, now);
	}
	return l->username && l->password ? login_token(p, l, now) : LOGIN_PROTOCOL;
}

bool
policy_login(struct policy *p, const struct login *l, struct moment now)
{
	enum login_end end = login(p, l, now);

	p->logins[end]++;
	return end == LOGIN_IN || end == LOGIN_GUEST_IN;
}

/* Both clocks have to agree that there is time left. A guest has no expiry but its record's. Whose
 * token is over because the clock of the day was set is cut at the next tick like all others: kept,
 * it would be deaf and dumb until the other clock comes to it, and not know. */
static bool
in_time(struct policy *p, struct record *r, struct moment now)
{
	if (r->why != WHY_NONE && r->why != WHY_LEFT) {
		return false;
	}
	if (r->why == WHY_NONE && r->due <= now.boot_ms) {
		return false;
	}
	if (r->token.role == ROLE_GUEST || now.unix_ms < r->token.exp * 1000) {
		return true;
	}
	records_end(&p->records, r, WHY_EXPIRED);
	return false;
}

/* Counts a question to the key service that would be passed on: false when the asker has had its
 * share. Guests say nothing else. */
static bool
has_share(struct policy *p, struct record *r, const char *topic)
{
	unsigned share = r->token.role == ROLE_GUEST ? GUEST_MESSAGES : AGENT_MESSAGES;

	if ((r->token.role != ROLE_GUEST && r->token.role != ROLE_AGENT) ||
	    strncmp(topic, "key/", 4) != 0 || ++r->messages <= share) {
		return true;
	}
	records_end(&p->records, r, WHY_ROOM);
	return false;
}

bool
policy_access(struct policy *p, const char *id, enum access access, const char *topic, bool retain,
	      struct moment now)
{
	struct record *r = records_find(&p->records, id);

	if (!r || !topic || retain || !in_time(p, r, now)) {
		return false;
	}
	switch (access) {
	case ACCESS_PUBLISH:
		return token_may_publish(&r->token, topic) && has_share(p, r, topic);
	case ACCESS_RECEIVE:
		return token_may_receive(&r->token, topic);
	case ACCESS_SUBSCRIBE:
		return token_may_subscribe(&r->token, topic);
	case ACCESS_NONE:
		break;
	}
	return false;
}

static int
control_line(struct policy *p, const char *line, size_t len, struct moment now)
{
	struct revoked r;
	size_t live;

	if (revoked_parse(&r, line, len) < 0 || r.number > INT64_MAX) {
		return -1;
	}
	if (r.kind == REVOKED_SYNCED) {
		p->synced = p->synced || p->revokes_heard >= r.number;
		p->revokes_heard = 0;
		return 0;
	}
	p->revokes_heard++;
	/* A set that has turned blind refuses all; what is told apart here is still cut. */
	revoked_set_add(&p->revoked, r.sid, (int64_t)r.number, now.unix_ms / 1000);
	live = records_revoke(&p->records, r.sid);
	if (p->cut) {
		p->cut(p->cut_context, r.sid, live);
	}
	return 0;
}

static int
control_lines(struct policy *p, const char *lines, size_t len, struct moment now)
{
	if (len == 0) {
		return -1;
	}
	while (len > 0) {
		const char *end = memchr(lines, '\n', len);
		size_t line = end ? (size_t)(end - lines) + 1 : len;

		if (control_line(p, lines, line, now) < 0) {
			return -1;
		}
		lines += line;
		len -= line;
	}
	return 0;
}

int
policy_control(struct policy *p, const char *id, const char *lines, size_t len, struct moment now)
{
	struct record *r = records_find(&p->records, id);

	if (!r || r->token.role != ROLE_KEYSVC || !in_time(p, r, now)) {
		return -1;
	}
	if (control_lines(p, lines, len, now) < 0) {
		records_end(&p->records, r, WHY_ROOM);
		return -1;
	}
	return 0;
}

void
policy_keys_changed(struct policy *p)
{
	records_recheck(&p->records, keys_find, &p->keys);
}

void
policy_leave(struct policy *p, const char *id, const void *context)
{
	guests_leave(&p->guests, context);
	records_leave(&p->records, id, context);
}

bool
policy_due(struct policy *p, struct moment now, char id[CLIENT_TEXT + 1], bool *connected)
{
	struct record *r = records_due(&p->records, now.boot_ms);

	if (!r) {
		return false;
	}
	memcpy(id, r->token.client, CLIENT_TEXT + 1);
	*connected = r->context != NULL;
	if (*connected && r->why == WHY_REVOKED) {
		p->revoked_count++;
	} else if (*connected && r->why == WHY_EXPIRED && r->token.role != ROLE_GUEST) {
		p->expired_count++;
	}
	guests_leave(&p->guests, r->context);
	records_remove(&p->records, r);
	return true;
}

int
policy_stat(const struct policy *p, char *out, size_t size)
{
	const uint64_t *n = p->logins;

	return snprintf(out, size,
			"{\"v\":1,\"connections\":%zu,\"guests\":%u,\"guests_in\":%" PRIu64
			",\"guests_refused\":%" PRIu64 ",\"guests_limited\":%" PRIu64
			",\"forged\":%" PRIu64 ",\"refused_expired\":%" PRIu64
			",\"refused_revoked\":%" PRIu64 ",\"protocol\":%" PRIu64
			",\"expired\":%" PRIu64 ",\"revoked\":%" PRIu64 "}",
			p->records.count, p->guests.count, n[LOGIN_GUEST_IN], n[LOGIN_GUEST_REFUSED],
			n[LOGIN_GUEST_LIMITED], n[LOGIN_FORGED], n[LOGIN_EXPIRED], n[LOGIN_REVOKED],
			n[LOGIN_PROTOCOL], p->expired_count, p->revoked_count);
}

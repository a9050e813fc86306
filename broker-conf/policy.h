/*
 * What the broker may let in, pass on and must cut: all decisions of the plugin, without the
 * broker. Time is an argument. Everything that is not understood is refused.
 */
#ifndef TETHER_POLICY_H
#define TETHER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker-conf/guests.h"
#include "broker-conf/keys.h"
#include "broker-conf/records.h"
#include "broker-conf/revoked_set.h"

/* One moment on both clocks: deadlines run on the first, which is never set back; a token's times
 * are on the second. */
struct moment {
	uint64_t boot_ms;
	int64_t unix_ms;
};

/* Told of each revoked sid and how many connections that cuts (they go at the next tick). */
typedef void policy_cut_fn(void *context, const uint8_t sid[SID_LEN], size_t connections);

/* How a login ends. GUEST_LIMITED: over a rate; PROTOCOL: no login of ours; FORGED: a token that is
 * none, or another's; REVOKED: also while it is not known yet what is. */
enum login_end {
	LOGIN_IN,
	LOGIN_GUEST_IN,
	LOGIN_GUEST_REFUSED,
	LOGIN_GUEST_LIMITED,
	LOGIN_PROTOCOL,
	LOGIN_FORGED,
	LOGIN_EXPIRED,
	LOGIN_REVOKED,
	LOGIN_COUNT
};

struct policy {
	struct keys keys;
	struct records records;
	struct guests guests;
	struct revoked_set revoked;
	bool require_sync; /* sessions wait until the key service has sent all revocations */
	bool synced;
	policy_cut_fn *cut; /* may be NULL */
	void *cut_context;
	uint64_t revokes_heard; /* on $CONTROL since the key service's login or its last `synced` */
	/* Counted since the start: logins by what became of them, connections cut. */
	uint64_t logins[LOGIN_COUNT], expired_count, revoked_count;
};

/* What a client shows at CONNECT. Any pointer may be NULL; all strings are strangers'. */
struct login {
	const void *context; /* the broker's connection */
	const char *id, *username, *password, *address;
	int version; /* of MQTT */
	bool clean;  /* clean start */
};

enum access { ACCESS_NONE, ACCESS_PUBLISH, ACCESS_RECEIVE, ACCESS_SUBSCRIBE };

/* Tables of full size, no keys yet. 0 or -1. */
int policy_init(struct policy *p);
/* Frees all. Takes one that init failed on. */
void policy_finish(struct policy *p);

/* May this client come in? Idempotent: the broker asks again for every live one at SIGHUP. */
bool policy_login(struct policy *p, const struct login *l, struct moment now);

/* Does it still wait for the set of revocations (require_sync)? */
bool policy_waits(const struct policy *p);

/* May client `id` do this? No allocation, no I/O. What a guest may say is counted: one too
 * many ends it at the next tick. So does a token that is over by one of the clocks. */
bool policy_access(struct policy *p, const char *id, enum access access, const char *topic,
		   bool retain, struct moment now);

/* Lines from $CONTROL/tether/v1 (common/revoked.h), already past policy_access(); the role is
 * checked once more. 0, or -1: not the key service, or a line that is not understood (those before
 * it hold); then the key service is cut at the next tick, so that it comes back and tells all anew:
 * were it kept, a revocation would be lost in silence. A revoked session's clients are refused
 * everything at once and cut at the next tick. */
int policy_control(struct policy *p, const char *id, const char *lines, size_t len,
		   struct moment now);

/* p->keys were read anew: whose token was signed with one that is gone is refused everything at once
 * and cut at the next tick. */
void policy_keys_changed(struct policy *p);

/* The connection is gone. `id` may be NULL (Mosquitto 2.0.11 after a refused CONNECT). */
void policy_leave(struct policy *p, const char *id, const void *context);

/* The next client that has to be cut: true with its id and whether it is still connected. Its
 * record is gone then; the caller cuts the connection. */
bool policy_due(struct policy *p, struct moment now, char id[CLIENT_TEXT + 1], bool *connected);

/* Aggregate counters as JSON with NUL. `size` 512 holds any. Returns the length. */
int policy_stat(const struct policy *p, char *out, size_t size);

#endif

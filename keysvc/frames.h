/*
 * The frames between main and signer, net and admin connections (docs/PRIVSEP.md).
 * Senders and receivers use the tables below with common/frame.h.
 */
#ifndef TETHER_KEYSVC_FRAMES_H
#define TETHER_KEYSVC_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/key.h"
#include "common/max.h"
#include "common/token.h"
#include "keysvc/request.h"

/* ---- main <-> signer: three calls, answered in the order they are asked --------------------- */

/* -> sid, key, client, token of an agent, expiry four hours ahead */
struct sign_issue {
	uint32_t tag; /* comes back with the answer */
	uint8_t agent[ELEMENT_LEN], link[ELEMENT_LEN];
};

/* -> client, token of a partner, with the key's own sid and expiry; or why not */
struct sign_redeem {
	uint32_t tag;
	struct key key;
};

/* -> client, token of a service, expiry `life` ahead */
struct sign_service {
	uint32_t tag;
	uint8_t role;  /* ROLE_GW or ROLE_KEYSVC */
	uint32_t life; /* s; more than four hours are four hours */
};

/* signer -> main, once, when it has its secrets and is sealed. */
struct sign_ready {
	char kid[KID_TEXT + 1];
};

struct sign_answer {
	uint32_t tag;
	uint8_t why;    /* enum refusal: _NOT, _FORGED, _EXPIRED, _FAILED */
	uint32_t issued, expiry; /* unix seconds */
	uint8_t sid[SID_LEN];
	char key[KEY_TEXT + 1];
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
};

/* ---- main <-> net -------------------------------------------------------------------------- */

/* main -> net, once, first. */
struct net_setup {
	char host[MAX_HOST];
	uint16_t port;
	char ca[MAX_PATH]; /* PEM file; "" = the system's */
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
	struct versions agents;
};

enum net_phase {
	NET_CONNECTING = 0,
	NET_CONNECTED = 1, /* subscribed: requests can come */
	NET_LOST = 2       /* see why; the process exits */
};

/* net -> main, at each change, and as the answer to each net_stat. */
struct net_status {
	uint8_t phase;
	char why[96]; /* a sentence for people, never an address or id */
};

/* net -> main: a request that was understood. */
struct net_ask {
	uint8_t role; /* of the topic: guest, agent, gw */
	char client[CLIENT_TEXT + 1]; /* of the topic: the broker lets only that client publish there */
	uint8_t op;                   /* enum ask */
	uint32_t id;
	uint8_t agent[ELEMENT_LEN], link[ELEMENT_LEN]; /* issue */
	struct key key;                                /* redeem */
	/* end, and issue by an agent: what its token says, once verified */
	uint8_t sid[SID_LEN];
	uint32_t expiry;
};

/* main -> net */
struct net_answer {
	uint8_t role;
	char client[CLIENT_TEXT + 1];
	struct reply reply;
};

/* main -> net: tell the broker's plugin. `index` comes back in net_told after its PUBACK. */
struct net_revoke {
	uint32_t index;
	uint8_t sid[SID_LEN];
	uint64_t expiry; /* unix seconds */
};
struct net_synced {
	uint32_t count;
};
struct net_told {
	uint32_t index;
};

/* net -> main: the broker has cut so many connections of that session. */
struct net_cut {
	uint8_t sid[SID_LEN];
	uint32_t connections;
};

/* main -> net: counters since the start, for stat/keysvc. */
struct net_stat {
	uint32_t issued, redeemed, ended, revoked, live, signer_failures;
	uint32_t refused[REFUSED_COUNT]; /* by why; those that net itself refuses are not in it */
};

/* ---- admin's command line <-> main --------------------------------------------------------- */

enum admin_op { ADMIN_LIST = 1, ADMIN_REVOKE = 2, ADMIN_REVOKE_ALL = 3, ADMIN_STATUS = 4,
		ADMIN_ROTATE = 5 };

struct admin_ask {
	uint8_t op;
	uint8_t sid[SID_LEN]; /* ADMIN_REVOKE */
};

/* Answer to ADMIN_LIST: one each, then admin_done. */
struct admin_session {
	uint8_t sid[SID_LEN];
	uint64_t issued, expires; /* unix seconds */
	uint8_t state;            /* enum session_state */
};

/* Answer to ADMIN_STATUS, before admin_done. */
#define STATUS_HOURS 4
struct admin_status {
	bool signer;                  /* it can sign */
	uint32_t ending[STATUS_HOURS]; /* live sessions that end within the first hour, the second, ... */
	struct net_stat stat;
	uint32_t gateways;     /* token files */
	uint32_t next_tokens;  /* s until they are written anew */
	uint32_t connected_for; /* s */
	uint64_t clock;        /* unix seconds */
	struct versions agents;
};

enum admin_result {
	ADMIN_OK = 0,
	ADMIN_UNKNOWN = 1, /* no live session of that sid; refused for four hours all the same */
	ADMIN_FAILED = 2,  /* it could not be written: the log says why */
	ADMIN_BUSY = 3,    /* a signing key is being made already */
	ADMIN_TOKENS = 4   /* rotate: the new key signs, but not all gateways have tokens of it */
};

struct admin_done {
	uint8_t result;
	bool told;      /* revoke: the broker has confirmed it; else it will learn it */
	bool connected; /* to the broker */
	bool counted;   /* revoke: the broker has said how many connections it cut: */
	uint32_t cut;
	uint32_t count; /* sessions listed, revoked or live; rotate: token files written */
	uint32_t revoked; /* refused sids that have not expired */
	uint32_t uptime;  /* s */
	char kid[KID_TEXT + 1];
};

/* ---- types --------------------------------------------------------------------------------- */

enum {
	FRAME_SIGN_ISSUE = 1, FRAME_SIGN_REDEEM = 2, FRAME_SIGN_SERVICE = 3,
	FRAME_SIGN_READY = 8, FRAME_SIGN_ANSWER = 9,
	FRAME_NET_SETUP = 16, FRAME_NET_ANSWER = 17, FRAME_NET_REVOKE = 18, FRAME_NET_SYNCED = 19,
	FRAME_NET_STAT = 20,
	FRAME_NET_STATUS = 24, FRAME_NET_ASK = 25, FRAME_NET_TOLD = 26, FRAME_NET_CUT = 27,
	FRAME_ADMIN_ASK = 32, FRAME_ADMIN_SESSION = 33, FRAME_ADMIN_DONE = 34,
	FRAME_ADMIN_STATUS = 35
};

/* What each side may receive; ended by a row of type 0. */
extern const struct frame_type frames_to_signer[];
extern const struct frame_type frames_from_signer[];
extern const struct frame_type frames_to_net[];
extern const struct frame_type frames_from_net[];
extern const struct frame_type frames_to_main[]; /* from an admin's command line */
extern const struct frame_type frames_to_admin[];

/* Any message that can be received; the receiver's table says which. */
union frame_message {
	struct sign_issue issue;
	struct sign_redeem redeem;
	struct sign_service service;
	struct sign_ready ready;
	struct sign_answer signed_;
	struct net_setup setup;
	struct net_status status;
	struct net_ask ask;
	struct net_answer answer;
	struct net_revoke revoke;
	struct net_synced synced;
	struct net_told told;
	struct net_cut cut;
	struct net_stat stat;
	struct admin_ask admin;
	struct admin_session session;
	struct admin_status admin_status;
	struct admin_done done;
};

/* Receives and decodes one frame. Returns its type (> 0) or a negative enum frame_error. */
int frames_recv(int fd, const struct frame_type *table, union frame_message *message);

#endif

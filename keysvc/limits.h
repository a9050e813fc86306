/*
 * The key service's own limits, each with its reason. Limits on bytes are in common/max.h.
 */
#ifndef TETHER_KEYSVC_LIMITS_H
#define TETHER_KEYSVC_LIMITS_H

#define CLOCK_SLACK 86400 /* s: so much a clock may have been set back, and the journal still knows */

/* Sessions remembered: more than can be issued in MAX_LIFE (4.5 * 14,400 s and both bursts). */
#define MAX_SESSIONS 65536
/* Revocations remembered: every session once, and as many that an admin named unseen. */
#define MAX_REVOKED 131072

/* Requests a second that are granted in all, and how many may come at once. A refused one is told
 * when to ask again. A signature costs 50 us. */
#define ISSUE_RATE 4
#define ISSUE_BURST 200
/* The same for agents that replace their session, apart: one address with a few keys may do that
 * without end, each time under a new name, and would take the keys of all who come as guests. (Ours
 * ends its session and comes as a guest.) */
#define REPLACE_EVERY_MS 2000
#define REPLACE_BURST 100
#define REDEEM_RATE 200 /* after a gateway's restart all its partners come back together */
#define REDEEM_BURST 2000
#define END_RATE 50
#define END_BURST 500

/* The same for one client, by its role. A guest lives 30 s and needs one key. */
#define GUEST_SECONDS 10
#define GUEST_BURST 2
#define AGENT_SECONDS 10
#define AGENT_BURST 4
#define GW_RATE 100
#define GW_BURST 1000
/* Buckets for clients, per role, 8 bytes each. Two clients that fall into one bucket share it: with
 * 1024 a flood of 120 guests made one honest guest in nine wait; now it is one in 500. */
#define MAX_BUCKETS 65536

#define MAX_PENDING 64     /* calls that wait for the signer */
#define MAX_UNTOLD 64      /* revocations sent to the broker that wait for its PUBACK */
#define MAX_ADMINS 4       /* admin connections at once */
#define MAX_GATEWAYS 64
#define MAX_KEYS 8         /* public keys on disk; no more of them are made (a broker knows 16) */
#define MAX_BAD_ANSWERS 50 /* answers a second to requests that could not be parsed */

#define SIGNER_PATIENCE 5000 /* ms: a signer that has not answered by then is replaced */
#define CONNECT_LIMIT 30000  /* ms to resolve, connect (three addresses) and subscribe */
#define STAT_PERIOD 10000    /* ms between counters to the net process; it answers each */
#define NET_PATIENCE 30000   /* ms: a net process silent for so long is replaced */
#define BACKOFF_MIN 250      /* ms; doubles, with a random half, up to: */
#define BACKOFF_MAX 10000
/* Of a service token's life, after so much it is renewed: hourly for the gateways' files, of which
 * one may come too late; the own connection half an hour before its end. */
#define RENEW_GATEWAY(life_ms) ((life_ms) / 4)
#define RENEW_NET(life_ms) ((life_ms) / 8 * 7)
#define LEAVE_PATIENCE 2000  /* ms that a net process with a successor has to end by itself */
#define MAKE_PATIENCE 10000  /* ms to make a signing key */
#define ROTATE_WAIT 5000     /* ms that brokers have to read it: they look once a second */
#define ROTATE_PATIENCE 25000 /* ms for all of `rotate` */
#define MAX_CLOCK_JUMP 5      /* s; a token from further ahead is refused (common/token.c) */
#define TIDY_PERIOD 600000   /* ms between removals of what has expired */
#define ADMIN_PATIENCE 10000 /* ms: an admin connection idle for so long is closed */
#define TOLD_PATIENCE 1000   /* ms that `revoke` waits for the broker */

#define ANSWER_LIFE 30 /* s: an answer that waits longer in the broker is dropped */

#define VERSION_RETRY 600 /* s: an agent that is too old need not ask more often */

/* Agent versions unless `run` says otherwise: the newest that exists, the oldest still served. */
#define AGENT_LATEST TETHER_VERSION
#define AGENT_OLDEST "0.1.0"

#endif

/*
 * Limits of the broker plugin, each with its reason. Limits on bytes are in common/max.h.
 */
#ifndef TETHER_LIMITS_H
#define TETHER_LIMITS_H

#define MAX_RECORDS 131072   /* live clients; one broker thread carries about 20,000 sessions */
#define MAX_REVOKED 262144   /* revocations in four hours: 18 a second, all day */
#define MAX_KEYS 16          /* public keys at once: two while keys are rotated */
#define MAX_KEY_FILE 4096    /* bytes of one PEM file; a P-256 public key has 178 */
#define MAX_GUESTS 256       /* in all: each needs a second to ask for its session */
#define MAX_GUESTS_PER_NET 4 /* one household: one IPv4 address or one IPv6 /64 */
#define GUEST_LIFE_MS 30000  /* from CONNECT to the cut */
#define GUEST_MESSAGES 4     /* one request, and some asked again */
/* The same for an agent and connection: what waits for the key service has a bound in the broker
 * (max_queued_messages), so a few who ask without end would push out the questions of others. */
#define AGENT_MESSAGES 16
/* Guests' logins: so many at once, then one every so many ms, which is more than keys are issued. A
 * guest may ask the broker to remember it for an hour, which API 2.0 does not show; that takes
 * 3.3 kB (2.0.11, measured) and up to 4 kB more for a will: in an hour 280 MB at most. */
#define GUEST_BURST 600
#define GUEST_EVERY_MS 100
/* The same from one network: a household needs one a session, a hall of people behind one address
 * a few a minute. The key service can't tell networks apart, so this alone keeps a few of them from
 * using up what it gives out (ISSUE_RATE and ISSUE_BURST in keysvc/limits.h). */
#define GUEST_NET_BURST 20
#define GUEST_NET_EVERY_MS 5000
/* And from one IPv6 /48, the most that one customer is usually given: 65,536 networks. */
#define GUEST_SITE_BURST 60
#define GUEST_SITE_EVERY_MS 1500
#define GUEST_BUCKETS 4096   /* networks that fall into one share it; a seed says which */
#define KEYS_EVERY_MS 1000   /* how often the folder of keys is looked at */
#define STAT_EVERY_MS 10000  /* aggregate counters on stat/auth */
#define SWEEP_EVERY_MS 1000  /* how often a few buckets of revocations are looked through */
#define SWEEP_BUCKETS 128

#endif

/*
 * One session as the guard sees it: its secret, who may speak, and when each state was sent.
 * Pure but for the random bytes in session_open; time is passed in (ms of CLOCK_BOOTTIME).
 * Runs in the guard. Input: commands that the grammar accepted, from a link that is not trusted.
 */
#ifndef TETHER_SESSION_H
#define TETHER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/frames.h"

#define NO_PAGE (-1)

struct session_page {
	uint8_t id[PAGE_ID];
	uint32_t n;   /* last accepted */
	bool allowed; /* by the wearer, for this session */
};

struct session {
	bool open;
	uint8_t sid[SID_LEN];
	uint8_t secret[SECRET_LEN];
	struct auth_keys keys;
	char key[KEY_TEXT + 1];
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
	uint64_t end; /* ms */
	uint32_t beacon;
	uint64_t sent[MAX_BEACONS]; /* when beacon b was sent: sent[b % MAX_BEACONS] */
	struct session_page pages[MAX_PAGES];
	int page_count;
	int control, asking, refused; /* index into pages or NO_PAGE */
	uint64_t asking_since, asking_until;
	bool hasty; /* the wearer said yes before the question could be read */
	uint8_t nonce[NONCE_LEN];
	uint32_t bad; /* commands refused */
};

/* Opens a session for what the key service issued: makes the secret, derives the keys. 0, or -1,
 * also for what is no key of this sid. */
int session_open(struct session *s, const struct link_issued *issued, uint64_t now);

/* Wipes everything; safe on a closed one. */
void session_close(struct session *s);

/* Checks MAC, page and counter. Returns the page's index, or -1 (counted in s->bad, no other
 * effect). *until is set to the authority that the echoed beacon gives (its sending time + hold),
 * 0 when the beacon is unknown or older than the table. */
int session_accept(struct session *s, const struct command *c, uint32_t hold_ms, uint64_t *until);

/* Takes the next beacon, sent at `now`. */
uint32_t session_beacon(struct session *s, uint64_t now);

/* The page that states speak of: in control, else asking, else refused, else NO_PAGE. */
int session_page(const struct session *s);

#endif

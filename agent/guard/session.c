/*
 * Session keys, page table and beacons (session.h). Runs in the guard.
 */
#include "agent/guard/session.h"

#include <string.h>

#include "common/secret.h"

/* The key becomes part of a link that the wearer copies and sends: a link process that was taken
 * over must not write anything else there, nor the way into another session. */
static bool
key_is_ours(const struct link_issued *issued)
{
	struct key key;

	return key_parse(&key, issued->key, strlen(issued->key)) == 0 &&
	       memcmp(key.sid, issued->sid, SID_LEN) == 0;
}

int
session_open(struct session *s, const struct link_issued *issued, uint64_t now)
{
	session_close(s);
	if (!key_is_ours(issued)) {
		return -1;
	}
	memcpy(s->sid, issued->sid, SID_LEN);
	memcpy(s->key, issued->key, sizeof(s->key));
	memcpy(s->client, issued->client, sizeof(s->client));
	memcpy(s->token, issued->token, sizeof(s->token));
	secret_random(s->secret, SECRET_LEN);
	s->end = now + (uint64_t)(issued->left < MAX_LIFE ? issued->left : MAX_LIFE) * 1000;
	s->open = auth_derive(&s->keys, s->secret, s->sid) == 0;
	return s->open ? 0 : -1;
}

void
session_close(struct session *s)
{
	secret_wipe(s, sizeof(*s));
	s->control = s->asking = s->refused = NO_PAGE;
}

/* Finds a page id, adding it while there is room: the table refuses rather than forgets, so that an
 * old page id can't come back with an old counter. */
static int
find_page(struct session *s, const uint8_t id[PAGE_ID])
{
	for (int i = 0; i < s->page_count; i++) {
		if (memcmp(s->pages[i].id, id, PAGE_ID) == 0) {
			return i;
		}
	}
	if (s->page_count == MAX_PAGES) {
		return NO_PAGE;
	}
	memcpy(s->pages[s->page_count].id, id, PAGE_ID);
	return s->page_count++;
}

/* When the beacon was sent, 0 when it never was or is no longer remembered. */
static uint64_t
beacon_time(const struct session *s, uint32_t beacon)
{
	if (beacon == 0 || beacon > s->beacon || s->beacon - beacon >= MAX_BEACONS) {
		return 0;
	}
	return s->sent[beacon % MAX_BEACONS];
}

int
session_accept(struct session *s, const struct command *c, uint32_t hold_ms, uint64_t *until)
{
	int page = NO_PAGE;
	uint64_t sent = beacon_time(s, c->beacon);

	if (s->open && auth_command_check(&s->keys, c) == 0) {
		page = find_page(s, c->page);
	}
	if (page == NO_PAGE || c->n <= s->pages[page].n) {
		s->bad++;
		return NO_PAGE;
	}
	s->pages[page].n = c->n;
	*until = sent != 0 ? sent + hold_ms : 0;
	return page;
}

uint32_t
session_beacon(struct session *s, uint64_t now)
{
	s->beacon++;
	s->sent[s->beacon % MAX_BEACONS] = now;
	return s->beacon;
}

int
session_page(const struct session *s)
{
	if (s->control != NO_PAGE) {
		return s->control;
	}
	return s->asking != NO_PAGE ? s->asking : s->refused;
}

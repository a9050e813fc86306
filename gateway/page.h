/*
 * One page: a WebSocket connection from its opening to its last word.
 */
#ifndef TETHER_GATEWAY_PAGE_H
#define TETHER_GATEWAY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libwebsockets.h>

#include "common/max.h"
#include "gateway/messages.h"
#include "gateway/mqtt.h"
#include "gateway/rate.h"

struct partner;

/*
 * NEW         open, nothing joined; deadline is the join's
 * REDEEMING   the key service has been asked; deadline is the answer's
 * CONNECTING  partner is connecting; mqtt.c keeps its time
 * JOINED      commands and states pass; deadline is the key's expiry
 * CLOSING     `last` is on its way out, then the socket closes; nothing more is heard
 */
enum page_state { PAGE_NEW, PAGE_REDEEMING, PAGE_CONNECTING, PAGE_JOINED, PAGE_CLOSING };

enum page_event {
	PAGE_TEXT,     /* one whole text message: text, len */
	PAGE_ANSWER,   /* the key service's: answer */
	PAGE_READY,    /* the partner's connection is up */
	PAGE_STATE,    /* a well-formed state: text, len */
	PAGE_OVER,     /* the partner's connection is over: end */
	PAGE_DEADLINE, /* deadline has passed */
	PAGE_SHUTDOWN  /* the gateway ends */
};

struct page_input {
	const char *text;
	size_t len;
	const struct answer *answer;
	enum mqtt_end end;
};

/* Lives in libwebsockets' per-session memory; all zero before page_open. */
struct page {
	struct lws_dll2 list;
	struct lws *wsi;
	enum page_state state;
	int address;	   /* index in the rate table */
	uint64_t deadline; /* milliseconds; 0 none */
	uint64_t waits;	   /* since when `latest` waits; 0 nothing waits */
	uint64_t expiry;   /* of the key, milliseconds */
	struct partner *partner;
	struct bucket commands, frames;

	char in[MAX_COMMAND]; /* one message, its fragments put together */
	size_t in_len;

	bool joined_waits;
	const char *bad_waits;		  /* sentence */
	char latest[LWS_PRE + MAX_STATE]; /* newest state */
	size_t latest_len;		  /* 0: none waits */
	struct {
		uint32_t latest, sent; /* beacons: of `latest`; of the state to be answered, 0 none */
		uint64_t at;	       /* when that one was written */
		bool box_fault;
	} seen; /* for counting */
	char last[MAX_GW_MESSAGE];	  /* last word before closing; "" none */
	enum lws_close_status close_code;
	const char *close_reason;
};

/* The socket is open; p->wsi and p->address are set. */
void page_open(struct page *p);

/* A piece of a frame, in order. */
void page_receive(struct page *p, const char *piece, size_t len, bool first, bool last,
		  bool binary);

/* The socket takes one message. 0, or -1: close it now. */
int page_writable(struct page *p);

/* The socket has gone. */
void page_closed(struct page *p);

/* Anything else that happens to it. What is not in the table in page.c changes nothing, except
 * that a message at the wrong time ends the page. `in` is NULL where the event brings nothing. */
void page_event(struct page *p, enum page_event event, const struct page_input *in);

/* Deadlines and slow readers of all pages. Every TICK_MS. */
void page_tick_all(uint64_t now);

/* Pages that have joined a session. */
unsigned page_joined_count(void);

/* Tells all pages that the gateway ends; how many there are. */
unsigned page_shutdown_all(void);

#endif

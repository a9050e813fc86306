/* See partner.h. Gateway process. Commands come parsed; states go on unread but for their shape. */
#include "gateway/partner.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/page.h"

#define COMMAND_EXPIRY_S 5

struct partner {
	struct mqtt *mqtt;
	struct page *page;
	char topic[MAX_TOPIC]; /* of commands */
	uint64_t stopped_at;   /* when the last command passed on was a stop: its time; else 0 */
	bool stop_waits;       /* a stop came while the line was full */
};

static void
partner_ready(void *owner)
{
	page_event(((struct partner *)owner)->page, PAGE_READY, NULL);
}

static void
partner_message(void *owner, const char *topic, const void *payload, size_t len)
{
	(void)topic; /* there is one subscription */
	if (state_well_formed(payload, len)) {
		page_event(((struct partner *)owner)->page, PAGE_STATE,
			   &(struct page_input){.text = payload, .len = len});
	}
}

static void
partner_over(void *owner, enum mqtt_end end)
{
	page_event(((struct partner *)owner)->page, PAGE_OVER, &(struct page_input){.end = end});
}

static const struct mqtt_events partner_events = {partner_ready, partner_message, partner_over};

struct partner *
partner_open(const struct mqtt_broker *b, const struct answer *grant, struct page *page)
{
	struct partner *p = calloc(1, sizeof(*p));
	char state[MAX_TOPIC];

	if (!p) {
		return NULL;
	}
	p->page = page;
	snprintf(p->topic, sizeof(p->topic), "s/%s/cmd", grant->sid);
	snprintf(state, sizeof(state), "s/%s/state", grant->sid);
	p->mqtt = mqtt_open(b, grant->client, grant->token, (const char *const[]){state, NULL},
			    &partner_events, p);
	if (!p->mqtt) {
		free(p);
		return NULL;
	}
	return p;
}

void
partner_close(struct partner *p)
{
	if (p) {
		mqtt_close(p->mqtt);
		free(p);
	}
}

static int
partner_publish(struct partner *p, const struct command *c)
{
	char text[MAX_COMMAND + 1];
	int len = command_write(text, c);

	return len < 0 ? -1
		       : mqtt_publish(p->mqtt, p->topic, text, (size_t)len, 0, COMMAND_EXPIRY_S);
}

static int
partner_stop(struct partner *p, uint64_t now)
{
	if (mqtt_full(p->mqtt)) {
		p->stop_waits = true;
		return 0;
	}
	if (p->stopped_at && now - p->stopped_at < STOP_AGAIN_MS) {
		return 0; /* the last thing said was stop, a moment ago */
	}
	p->stop_waits = false;
	p->stopped_at = now;
	return partner_publish(p, &(struct command){.op = OP_STOP});
}

int
partner_command(struct partner *p, const struct command *c, uint64_t now)
{
	if (c->op == OP_STOP) {
		return partner_stop(p, now);
	}
	if (p->stop_waits || mqtt_full(p->mqtt)) {
		return -1;
	}
	p->stopped_at = 0;
	return partner_publish(p, c);
}

void
partner_tick(struct partner *p)
{
	if (p->stop_waits && !mqtt_full(p->mqtt)) {
		p->stop_waits = false;
		(void)partner_publish(p, &(struct command){.op = OP_STOP});
	}
}

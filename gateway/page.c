/* See page.h. Gateway process. Everything that a page sends is hostile. */
#include "gateway/page.h"

#include <string.h>

#include "common/clock.h"
#include "common/command.h"
#include "common/secret.h"
#include "gateway/address.h"
#include "gateway/count.h"
#include "gateway/partner.h"
#include "gateway/service.h"

static struct lws_dll2_owner pages;

static unsigned
retry_seconds(void)
{
	uint32_t chance;

	secret_random(&chance, sizeof(chance));
	return RETRY_MIN_S + chance % (RETRY_MAX_S - RETRY_MIN_S + 1);
}

static void
page_leave(struct page *p)
{
	service_forget(p);
	partner_close(p->partner);
	p->partner = NULL;
	secret_wipe(p->in, sizeof(p->in));
}

/* p->last has been written: say it, then close. */
static void
page_end(struct page *p, enum lws_close_status code, const char *reason)
{
	page_leave(p);
	p->state = PAGE_CLOSING;
	p->close_code = code;
	p->close_reason = reason;
	p->joined_waits = false;
	p->latest_len = 0;
	p->deadline = clock_ms() + SLOW_MS;
	lws_callback_on_writable(p->wsi);
}

/* What the key service answers for our own faults (role, version) is none of the page's. */
static const enum count why_counts[WHY_COUNT] = {
	[WHY_BAD] = COUNT_REFUSED_PROTOCOL,   [WHY_ROLE] = COUNT_REFUSED_FAILED,
	[WHY_FORGED] = COUNT_REFUSED_FORGED,  [WHY_EXPIRED] = COUNT_REFUSED_EXPIRED,
	[WHY_REVOKED] = COUNT_REFUSED_REVOKED, [WHY_BUSY] = COUNT_REFUSED_BUSY,
	[WHY_VERSION] = COUNT_REFUSED_FAILED, [WHY_FAILED] = COUNT_REFUSED_FAILED,
	[WHY_LATE] = COUNT_REFUSED_LATE,      [WHY_LIMIT] = COUNT_REFUSED_LIMITED,
};

static void
page_refuse(struct page *p, enum why why, unsigned retry)
{
	bool broken = why == WHY_BAD || why == WHY_LATE;

	count_add(why_counts[why]);
	say_refused(p->last, why, retry);
	page_end(p, broken ? LWS_CLOSE_STATUS_POLICY_VIOLATION : LWS_CLOSE_STATUS_NORMAL,
		 why_name(why));
}

static void
page_away(struct page *p)
{
	count_add(p->state == PAGE_JOINED ? COUNT_ENDED_AWAY : COUNT_REFUSED_AWAY);
	say_away(p->last, retry_seconds());
	/* 1013, "try again later": RFC 6455's registry has it, libwebsockets' enum does not. */
	page_end(p, (enum lws_close_status)1013, "away");
}

static void
page_ended(struct page *p, enum why why)
{
	count_add(p->state != PAGE_JOINED ? why_counts[why]
		  : why == WHY_EXPIRED	  ? COUNT_ENDED_EXPIRED
					  : COUNT_ENDED_REVOKED);
	say_ended(p->last, why);
	page_end(p, LWS_CLOSE_STATUS_NORMAL, why_name(why));
}

/* What breaks the protocol: said, and closed. */
static void
page_break(struct page *p, const char *sentence)
{
	count_add(p->state == PAGE_JOINED ? COUNT_ENDED_PROTOCOL : COUNT_REFUSED_PROTOCOL);
	say_bad(p->last, sentence);
	page_end(p, LWS_CLOSE_STATUS_POLICY_VIOLATION, sentence);
}

static void
page_bad(struct page *p, const char *sentence)
{
	count_add(COUNT_COMMANDS_REFUSED);
	p->bad_waits = sentence;
	lws_callback_on_writable(p->wsi);
}

static void
act_join(struct page *p, const struct page_input *in)
{
	char key[KEY_TEXT + 1];

	/* Attempts that are no join count too: a guess costs the same whatever it looks like. */
	if (!address_join(p->address, clock_ms())) {
		page_refuse(p, WHY_LIMIT, JOINS_EVERY_MS / 1000);
		return;
	}
	if (join_parse(key, in->text, in->len)) {
		page_refuse(p, WHY_BAD, 0);
		return;
	}
	p->state = PAGE_REDEEMING;
	p->deadline = clock_ms() + REDEEM_MS;
	if (service_redeem(p, key)) {
		page_away(p);
	}
	secret_wipe(key, sizeof(key));
}

static void
act_late(struct page *p, const struct page_input *in)
{
	(void)in;
	page_refuse(p, WHY_LATE, 0);
}

static void
act_away(struct page *p, const struct page_input *in)
{
	(void)in;
	page_away(p);
}

static void
act_answer(struct page *p, const struct page_input *in)
{
	if (!in->answer->ok) {
		page_refuse(p, in->answer->why, in->answer->retry);
		return;
	}
	p->expiry = clock_ms() + in->answer->left * 1000u;
	p->deadline = p->expiry;
	p->state = PAGE_CONNECTING;
	p->partner = partner_open(service_broker(), in->answer, p);
	if (!p->partner) {
		page_away(p);
	}
}

static void
act_ready(struct page *p, const struct page_input *in)
{
	(void)in;
	count_add(COUNT_JOINED);
	p->state = PAGE_JOINED;
	p->joined_waits = true;
	lws_callback_on_writable(p->wsi);
}

/* Before `joined`: a revocation may have come between answer and connection; asking anew tells. */
static void
act_over_early(struct page *p, const struct page_input *in)
{
	if (in->end == MQTT_GONE) {
		page_away(p);
	} else {
		page_refuse(p, WHY_FAILED, retry_seconds());
	}
}

static void
act_over(struct page *p, const struct page_input *in)
{
	if (in->end == MQTT_GONE) {
		page_away(p);
	} else {
		page_ended(p, clock_ms() + EXPIRY_GRACE_S * 1000u >= p->expiry ? WHY_EXPIRED
									       : WHY_REVOKED);
	}
}

static void
act_expired(struct page *p, const struct page_input *in)
{
	(void)in;
	page_ended(p, WHY_EXPIRED);
}

/* `alive` echoes the beacon of the state that it answers. A later one than that which was waited for
 * says nothing about how long it took. */
static void
page_answered(struct page *p, uint32_t beacon, uint64_t now)
{
	if (p->seen.sent == 0 || beacon < p->seen.sent) {
		return;
	}
	if (beacon == p->seen.sent) {
		count_round_trip(now - p->seen.at);
	}
	p->seen.sent = 0;
}

static void
page_passed_on(struct page *p, const struct command *c, uint64_t now)
{
	count_add(COUNT_COMMANDS);
	if (c->op == OP_STOP) {
		count_add(COUNT_STOPS);
	} else if (c->op == OP_ALIVE) {
		page_answered(p, c->beacon, now);
	}
}

static void
act_command(struct page *p, const struct page_input *in)
{
	uint64_t now = clock_ms();
	struct command c;
	int rc = command_parse(&c, in->text, in->len);

	if (rc) {
		page_bad(p, command_error(rc));
	} else if (c.op != OP_STOP &&
		   !bucket_take(&p->commands, COMMANDS_BURST, COMMANDS_EVERY_MS, now)) {
		page_bad(p, "More than 30 commands in a second: this one was not passed on.");
	} else if (partner_command(p->partner, &c, now)) {
		page_bad(p, "The line is busy: this command was not passed on.");
	} else {
		page_passed_on(p, &c, now);
	}
}

/* What it still says is heard no more, and a stop may be among it: so there is one. */
static void
page_flooded(struct page *p)
{
	if (p->state == PAGE_JOINED) {
		(void)partner_command(p->partner, &(struct command){.op = OP_STOP}, clock_ms());
	}
	page_break(p, "More than 300 messages in a second.");
}

/* Only the newest waits: a reader that is slow for a moment misses states, not their order. */
static void
act_state(struct page *p, const struct page_input *in)
{
	struct glance g;

	state_glance(&g, in->text, in->len);
	if (g.box_fault && !p->seen.box_fault) {
		count_add(COUNT_BOX_FAULTS);
	}
	p->seen.box_fault = g.box_fault;
	p->seen.latest = g.beacon;
	memcpy(p->latest + LWS_PRE, in->text, in->len);
	p->latest_len = in->len;
	if (!p->waits) {
		p->waits = clock_ms();
	}
	count_add(COUNT_STATES);
	lws_callback_on_writable(p->wsi);
}

static void
act_shutdown(struct page *p, const struct page_input *in)
{
	(void)in;
	say_away(p->last, retry_seconds());
	page_end(p, LWS_CLOSE_STATUS_GOINGAWAY, "shutting down");
}

static const struct rule {
	enum page_state state;
	enum page_event event;
	void (*act)(struct page *p, const struct page_input *in);
} rules[] = {
	{PAGE_NEW, PAGE_TEXT, act_join},
	{PAGE_NEW, PAGE_DEADLINE, act_late},
	{PAGE_NEW, PAGE_SHUTDOWN, act_shutdown},
	{PAGE_REDEEMING, PAGE_ANSWER, act_answer},
	{PAGE_REDEEMING, PAGE_DEADLINE, act_away},
	{PAGE_REDEEMING, PAGE_SHUTDOWN, act_shutdown},
	{PAGE_CONNECTING, PAGE_READY, act_ready},
	{PAGE_CONNECTING, PAGE_OVER, act_over_early},
	{PAGE_CONNECTING, PAGE_DEADLINE, act_expired},
	{PAGE_CONNECTING, PAGE_SHUTDOWN, act_shutdown},
	{PAGE_JOINED, PAGE_TEXT, act_command},
	{PAGE_JOINED, PAGE_STATE, act_state},
	{PAGE_JOINED, PAGE_OVER, act_over},
	{PAGE_JOINED, PAGE_DEADLINE, act_expired},
	{PAGE_JOINED, PAGE_SHUTDOWN, act_shutdown},
};

void
page_event(struct page *p, enum page_event event, const struct page_input *in)
{
	for (size_t i = 0; i < LWS_ARRAY_SIZE(rules); i++) {
		if (rules[i].state == p->state && rules[i].event == event) {
			rules[i].act(p, in);
			return;
		}
	}
	if (event == PAGE_TEXT && p->state != PAGE_CLOSING) {
		page_break(p, "Wait for joined before sending commands.");
	}
}

void
page_open(struct page *p)
{
	p->state = PAGE_NEW;
	p->deadline = clock_ms() + JOIN_MS;
	lws_dll2_add_tail(&p->list, &pages);
	count_add(COUNT_PAGES);
}

void
page_receive(struct page *p, const char *piece, size_t len, bool first, bool last, bool binary)
{
	if (p->state == PAGE_CLOSING) {
		return;
	}
	if (first) {
		p->in_len = 0;
	}
	if (binary) {
		page_break(p, "Binary messages are not understood: send text.");
		return;
	}
	if (len > sizeof(p->in) - p->in_len) {
		page_break(p, "A message is at most 512 bytes long.");
		return;
	}
	memcpy(p->in + p->in_len, piece, len);
	p->in_len += len;
	if (!last) {
		return;
	}
	if (!bucket_take(&p->frames, FRAMES_BURST, FRAMES_EVERY_MS, clock_ms())) {
		page_flooded(p);
		return;
	}
	page_event(p, PAGE_TEXT, &(struct page_input){.text = p->in, .len = p->in_len});
}

/* Writes one message of our own. 0 or -1. */
static int
page_say(struct page *p, const char *text)
{
	unsigned char out[LWS_PRE + MAX_GW_MESSAGE];
	size_t len = strlen(text);

	memcpy(out + LWS_PRE, text, len);
	return lws_write(p->wsi, out + LWS_PRE, len, LWS_WRITE_TEXT) < (int)len ? -1 : 0;
}

/* One state at a time is waited for; a hidden page answers none. */
static void
page_sent(struct page *p, uint64_t now)
{
	if (!p->seen.sent || now - p->seen.at > ANSWER_MS) {
		p->seen.sent = p->seen.latest;
		p->seen.at = now;
	}
}

static int
page_write_latest(struct page *p)
{
	size_t len = p->latest_len;
	int sent = lws_write(p->wsi, (unsigned char *)p->latest + LWS_PRE, len, LWS_WRITE_TEXT);

	p->latest_len = 0;
	p->waits = 0;
	page_sent(p, clock_ms());
	return sent < (int)len ? -1 : 0;
}

/* The next thing that waits, one a call. 1: nothing waits; 0 written; -1 failed. */
static int
page_write_next(struct page *p)
{
	char text[MAX_GW_MESSAGE];

	if (p->joined_waits) {
		uint64_t now = clock_ms();

		p->joined_waits = false;
		say_joined(text, (unsigned)(p->expiry > now ? (p->expiry - now) / 1000u : 0));
		return page_say(p, text);
	}
	if (p->bad_waits) {
		say_bad(text, p->bad_waits);
		p->bad_waits = NULL;
		return page_say(p, text);
	}
	if (p->latest_len) {
		return page_write_latest(p);
	}
	if (p->state == PAGE_CLOSING && p->last[0]) {
		int rc = page_say(p, p->last);

		p->last[0] = '\0';
		return rc;
	}
	return 1;
}

int
page_writable(struct page *p)
{
	switch (page_write_next(p)) {
	case 0:
		lws_callback_on_writable(p->wsi);
		return 0;
	case 1:
		break;
	default:
		return -1;
	}
	if (p->state != PAGE_CLOSING) {
		return 0;
	}
	lws_close_reason(p->wsi, p->close_code, (unsigned char *)(uintptr_t)p->close_reason,
			 strlen(p->close_reason));
	return -1;
}

void
page_closed(struct page *p)
{
	page_leave(p);
	p->state = PAGE_CLOSING;
	lws_dll2_remove(&p->list);
}

static void
page_tick(struct page *p, uint64_t now)
{
	if (p->partner) {
		partner_tick(p->partner);
	}
	if (p->waits && now - p->waits >= SLOW_MS) {
		count_add(COUNT_SLOW);
		lws_set_timeout(p->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	} else if (p->deadline && now >= p->deadline) {
		if (p->state == PAGE_CLOSING) {
			lws_set_timeout(p->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
					LWS_TO_KILL_ASYNC);
		}
		page_event(p, PAGE_DEADLINE, NULL);
	}
}

void
page_tick_all(uint64_t now)
{
	lws_start_foreach_dll_safe(struct lws_dll2 *, d, next, pages.head)
	{
		page_tick(lws_container_of(d, struct page, list), now);
	}
	lws_end_foreach_dll_safe(d, next);
}

unsigned
page_joined_count(void)
{
	unsigned count = 0;

	lws_start_foreach_dll(struct lws_dll2 *, d, pages.head)
	{
		count += lws_container_of(d, struct page, list)->state == PAGE_JOINED;
	}
	lws_end_foreach_dll(d);
	return count;
}

unsigned
page_shutdown_all(void)
{
	lws_start_foreach_dll_safe(struct lws_dll2 *, d, next, pages.head)
	{
		page_event(lws_container_of(d, struct page, list), PAGE_SHUTDOWN, NULL);
	}
	lws_end_foreach_dll_safe(d, next);
	return pages.count;
}

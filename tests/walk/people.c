/*
 * Who talks to the guard in the walk: a link (honest, hung, dying or babbling), pages behind a
 * network that loses, delays, repeats and changes, a screen with a wearer at it, and the computer's
 * sleep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/modes.h"
#include "tests/walk/walk.h"

/* ---- the link -------------------------------------------------------------------------------- */

static void
link_end(void)
{
	(void)close(walk.link.fd);
	walk.link = (struct walk_link){.fd = -1, .heard = walk.link.heard};
}

static void
link_status(uint8_t phase)
{
	const struct link_status status = {.phase = phase};

	walk.link.phase = phase;
	(void)frames_send(walk.link.fd, frames_from_link, FRAME_LINK_STATUS, &status);
}

void
walk_link_started(int fd)
{
	if (walk.link.alive) {
		link_end();
	}
	walk.link = (struct walk_link){.alive = true, .fd = fd, .heard = walk.link.heard};
}

static void
state_sent(const struct link_state *state)
{
	const char *json = (const char *)state->bytes, *at = strstr(json, "\"beacon\":");
	uint32_t beacon = at != NULL ? (uint32_t)strtoul(at + 9, NULL, 10) : 0;

	rules_beacon(beacon);
	for (unsigned i = 0; i < PAGES; i++) {
		if (walk.pages[i].state_due == 0) {
			walk.pages[i].state_due = walk.now + (5 + walk_random(60)) * MS;
			walk.pages[i].state_beacon = beacon;
		}
	}
}

static void
link_hear(void)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	union {
		struct link_setup setup;
		struct link_state state;
	} m;
	int rc;

	while ((rc = frame_recv(walk.link.fd, frames_to_link, &type, buf)) == FRAME_OK) {
		(void)frame_decode(type, buf, &m);
		if (type->type == FRAME_LINK_SETUP) {
			walk.link.job = m.setup.job;
			walk.link.ready = walk.now + (20 + walk_random(300)) * MS;
		} else if (type->type == FRAME_LINK_STATE) {
			state_sent(&m.state);
		} else {
			link_status(walk.link.phase);
		}
	}
	if (rc != FRAME_EMPTY) {
		link_end();
	}
}

static void
link_issue(void)
{
	static const uint32_t lives[] = {20, 60, 14400, 14400};
	struct link_issued issued = {.left = lives[walk_random(4)]};
	struct key key = {.expiry = 1};

	for (size_t i = 0; i < SID_LEN; i++) {
		key.sid[i] = (uint8_t)walk_random(256);
	}
	memcpy(issued.sid, key.sid, SID_LEN);
	key_write(issued.key, &key);
	(void)frames_send(walk.link.fd, frames_from_link, FRAME_LINK_ISSUED, &issued);
}

static void
link_work(void)
{
	if (walk.link.ready == 0 || walk.now < walk.link.ready) {
		return;
	}
	walk.link.ready = 0;
	if (walk.link.job == JOB_AGENT) {
		link_status(walk.wild > 1 && walk_chance(20) ? LINK_REFUSED : LINK_CONNECTED);
	} else {
		if (walk.link.job == JOB_ISSUE) {
			link_issue();
		}
		link_status(LINK_DONE);
	}
	if (walk.link.phase != LINK_CONNECTED) {
		link_end();
	}
}

static void
babble(void)
{
	struct link_issued issued = {.left = (uint32_t)walk_random(20000)};
	struct command c = {.op = (uint8_t)walk_random(10)};

	c.channel = (uint8_t)walk_random(3);
	c.value = (uint8_t)walk_random(256);
	c.n = (uint32_t)walk_random(1000);
	c.beacon = (uint32_t)walk_random(1000);
	switch (walk_random(4)) {
	case 0:
		(void)frames_send(walk.link.fd, frames_from_link, FRAME_LINK_ISSUED, &issued);
		break;
	case 1:
		link_status((uint8_t)walk_random(6));
		break;
	default:
		(void)frames_send(walk.link.fd, frames_from_link, FRAME_LINK_COMMAND, &c);
	}
}

static void
link_step(void)
{
	struct walk_link *l = &walk.link;

	if (!l->alive || walk.now < l->hung) {
		return;
	}
	l->heard = walk.now;
	link_hear();
	if (l->alive) {
		link_work();
	}
	if (!l->alive || walk.wild == 0) {
		return;
	}
	if (walk_chance(12000)) {
		l->hung = walk.now + walk_random(4000) * MS;
	} else if (walk_chance(15000)) {
		link_end();
	} else if (walk.wild > 2 && walk_chance(5000)) {
		babble();
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool
in_control(const struct walk_page *p)
{
	const struct session *s = &subject.session;

	return s->control != NO_PAGE && memcmp(s->pages[s->control].id, p->id, PAGE_ID) == 0;
}

/* On its way through a network that may lose it, hold it up, send it twice or change it. */
static void
page_send(struct walk_page *p, uint8_t op, uint8_t channel, uint8_t value)
{
	struct walk_message *m = &p->queue[p->queued];

	if (p->queued + 1 >= QUEUE || (walk.wild > 0 && walk_chance(12))) {
		p->n++;
		return;
	}
	*m = (struct walk_message){.due = walk.now +
					  (5 + walk_random(walk_chance(20) ? 3000 : 60)) * MS,
				   .c = {.op = op,
					 .channel = channel,
					 .value = value,
					 .n = ++p->n,
					 .beacon = p->beacon}};
	memcpy(m->c.want, p->want, 2);
	memcpy(m->c.page, p->id, PAGE_ID);
	(void)auth_command_mac(m->c.mac, &subject.session.keys, &m->c);
	p->queued++;
	if (walk.wild > 0 && walk_chance(20)) {
		m[1] = m[0];
		m[1].due += walk_random(5000) * MS;
		p->queued++;
	}
}

static void
deliver(struct walk_page *p, size_t i)
{
	struct command c = p->queue[i].c;

	p->queue[i] = p->queue[--p->queued];
	if (!walk.link.alive || walk.link.job != JOB_AGENT || walk.link.phase != LINK_CONNECTED ||
	    walk.now < walk.link.hung) {
		return;
	}
	if (walk.wild > 1 && walk_chance(50)) {
		c.value ^= (uint8_t)(1 << walk_random(7));
		c.beacon += (uint32_t)walk_random(3);
	} else {
		rules_delivered((unsigned)(p - walk.pages), &c);
	}
	(void)frames_send(walk.link.fd, frames_from_link, FRAME_LINK_COMMAND, &c);
}

static void
page_command(struct walk_page *p)
{
	unsigned channel = (unsigned)walk_random(2);

	switch (walk_random(40)) {
	case 0:
		page_send(p, OP_MODE, 0, (uint8_t)walk_random(MODE_COUNT));
		break;
	case 1:
		page_send(p, OP_POWER, 0, (uint8_t)walk_random(2));
		break;
	case 2:
	case 3:
		page_send(p, OP_PARAM, (uint8_t)channel, (uint8_t)walk_random(101));
		break;
	case 4:
		p->want[0] = p->want[1] = 0;
		page_send(p, walk_chance(3) ? OP_BYE : OP_STOP, 0, 0);
		break;
	default:
		p->want[channel] = (uint8_t)walk_random(walk_chance(4) ? 8 : 101);
		page_send(p, OP_LEVEL, (uint8_t)channel, p->want[channel]);
	}
}

static void
page_step(struct walk_page *p)
{
	if (walk.wild > 0 && walk_chance(p->away ? 3000 : 9000)) {
		p->away = !p->away;
	}
	if (p->state_due != 0 && walk.now >= p->state_due) {
		p->state_due = 0;
		p->beacon = p->state_beacon;
		if (!p->away) {
			page_send(p, OP_ALIVE, 0, 0);
		}
	}
	if (!p->away && walk.now >= p->next) {
		if (in_control(p)) {
			page_command(p);
			p->next = walk.now + walk_random(800) * MS;
		} else {
			p->want[0] = p->want[1] = 0;
			page_send(p, OP_HELLO, 0, 0);
			p->next = walk.now + (500 + walk_random(1500)) * MS;
		}
	}
	for (size_t i = p->queued; i > 0; i--) {
		if (walk.now >= p->queue[i - 1].due) {
			deliver(p, i - 1);
		}
	}
}

/* ---- the wearer ------------------------------------------------------------------------------ */

static void
say(uint8_t action, uint8_t power, uint32_t value)
{
	const struct ui_input in = {action, power, value};

	if (frames_send(walk.ui, frames_from_ui, FRAME_UI_INPUT, &in) != FRAME_OK) {
		return;
	}
	if (action == UI_STOP) {
		rules_stop();
	} else if (action == UI_RESUME) {
		rules_resume();
	}
}

static void
set_something(void)
{
	static const struct {
		uint8_t action;
		uint32_t values[4];
	} some[] = {
		{UI_CAP_A, {0, 5, 40, 100}},	{UI_CAP_B, {0, 3, 20, 100}},
		{UI_CAP_A, {2, 15, 60, 101}},	{UI_CAP_B, {7, 30, 60, 1000}},
		{UI_LOCK_POWER, {0, 0, 1, 2}},	{UI_LOCK_MODE, {0, 0, 0, 1}},
		{UI_HOLD, {2, 5, 5, 30}},	{UI_IDLE, {0, 0, 1, 1}},
		{UI_CHECKIN_MIN, {0, 0, 1, 1}}, {UI_RISE, {20, 20, 50, 500}},
		{UI_ASK, {0, 0, 1, 1}},		{UI_MODES, {0x1ffff, 0x1ffff, 0x18006, 0x7fff}},
	};
	size_t i = walk_random(sizeof(some) / sizeof(some[0]));
	uint8_t power = (uint8_t)walk_random(2);

	say(some[i].action, power, some[i].values[walk_random(4)]);
}

static void
wearer(void)
{
	switch (walk_random(14)) {
	case 0:
		say(UI_STOP, 0, 0);
		break;
	case 1:
		say(UI_CHECKIN, 0, 0);
		break;
	case 2:
		say(UI_REFUSE, 0, 0);
		break;
	case 3:
		if (walk_chance(3)) {
			say(UI_DISCONNECT, 0, 0);
		}
		break;
	default:
		set_something();
	}
}

/* Sooner or later the wearer wants to go on. */
static void
wearer_goes_on(void)
{
	if (walk.view.latched && walk_chance(1500)) {
		say(UI_RESUME, 0, 0);
	}
	if (walk.view.phase == GUARD_ASKING && walk_chance(400)) {
		say(UI_ALLOW, 0, 0);
	}
	if (walk.view.phase == GUARD_ENDED && walk_chance(1000)) {
		say(UI_DISCONNECT, 0, 0);
	}
}

static void
ui_step(void)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	static const unsigned every[] = {8000, 4000, 2500, 1200};

	if (walk.now < walk.ui_silent) {
		return;
	}
	while (frame_recv(walk.ui, frames_to_ui, &type, buf) == FRAME_OK) {
		if (type->type == FRAME_UI_VIEW &&
		    frame_decode(type, buf, &walk.view) == FRAME_OK) {
			rules_view(&walk.view);
		}
	}
	if (walk.now >= walk.ui_next) {
		say(UI_ALIVE, 0, 0);
		walk.ui_next = walk.now + 250 * MS;
	}
	walk.ui_heard = walk.now;
	wearer_goes_on();
	if (walk_chance(every[walk.wild])) {
		wearer();
	}
	if (walk.wild > 1 && walk_chance(40000)) {
		walk.ui_silent = walk.now + walk_random(3000) * MS;
	}
}

/* ---- the computer's sleep -------------------------------------------------------------------- */

static void
sleep_step(void)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct sleep_status status = {.phase = SLEEP_READY};
	int rc;

	if (walk.sleep < 0) {
		return;
	}
	while ((rc = frame_recv(walk.sleep, frames_to_sleep, &type, buf)) == FRAME_OK) {
		if (walk.wild > 1 && walk_chance(300)) {
			status.phase = SLEEP_SOON;
		}
		(void)frames_send(walk.sleep, frames_from_sleep, FRAME_SLEEP_STATUS, &status);
	}
	if (rc != FRAME_EMPTY) {
		(void)close(walk.sleep);
		walk.sleep = -1;
	}
}

void
walk_people_begin(void)
{
	for (unsigned i = 0; i < PAGES; i++) {
		walk.pages[i] = (struct walk_page){.id = {(uint8_t)(i + 1)}, .away = i > 0};
	}
	walk.link.fd = -1;
	say(UI_CAP_A, 0, 60);
	say(UI_CAP_B, 0, 40);
	say(UI_CAP_A, 1, 30);
	say(UI_LOCK_POWER, 0, 0);
	say(UI_RISE, 0, 20);
}

void
walk_people_step(void)
{
	ui_step();
	sleep_step();
	link_step();
	for (unsigned i = 0; i < PAGES; i++) {
		page_step(&walk.pages[i]);
	}
}

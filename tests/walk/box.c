/*
 * The walk's box: the simulated one, a cable that may garble and be pulled, the wearer's hand at
 * it, and the box process's loop around the real conversation (agent/box/exchange.c).
 */
#include <string.h>
#include <unistd.h>

#include "tests/walk/walk.h"

static char
garble(char byte, unsigned of_1000)
{
	return walk_random(1000) < of_1000 ? (char)walk_random(256) : byte;
}

static uint8_t before[2];

/* What a command raises, or ends, is no longer the hand's; cut to a cap it still is. */
static void
acted(void *context, uint64_t at, const char *bytes, size_t len)
{
	(void)context;
	(void)at;
	(void)bytes;
	(void)len;
	for (unsigned i = 0; i < 2; i++) {
		if (walk_output(i) > before[i] || walk_output(i) == 0) {
			walk.box.hand[i] = false;
		}
		before[i] = walk_output(i);
	}
}

static void
ignore(void *context, uint64_t at, const char *bytes, size_t len)
{
	(void)context;
	(void)at;
	(void)bytes;
	(void)len;
}

static void
said(void *context, uint64_t at, const char *bytes, size_t len)
{
	struct walk_box *b = &walk.box;

	(void)context;
	(void)at;
	if (b->unplugged || b->cable_len + len > CABLE) {
		return;
	}
	b->cable[b->cable_len++] = garble(bytes[0], b->noise[1]);
}

static const struct sim_events events = {acted, ignore, said, ignore};

uint8_t
walk_output(unsigned channel)
{
	return sim_model_output(&walk.box.model, channel == 0 ? SIM_A : SIM_B);
}

void
walk_box_begin(void)
{
	struct walk_box *b = &walk.box;
	size_t count = 0;

	while (sim_firmware_at(count) != NULL) {
		count++;
	}
	memset(b, 0, sizeof(*b));
	sim_model_init(&b->model, sim_firmware_at(walk_random(count)));
	sim_serial_init(&b->serial, &b->model, 9600, &events, NULL);
	b->fd = -1;
	before[0] = before[1] = 0;
}

void
walk_box_started(int fd)
{
	struct walk_box *b = &walk.box;

	if (b->alive) {
		(void)close(b->fd);
	}
	b->alive = true;
	b->element = false;
	b->fd = fd;
	b->stopped = 0;
	b->cable_len = 0;
	exchange_init(&b->x, walk.now);
}

static void
send_report(uint8_t port)
{
	struct box_report r;

	exchange_report(&walk.box.x, &r);
	if (port != PORT_OK) {
		r.port = port;
	}
	if (frames_send(walk.box.fd, frames_from_box, FRAME_BOX_REPORT, &r) != FRAME_EMPTY) {
		walk.box.x.news = false;
	}
}

static void
end_process(void)
{
	(void)close(walk.box.fd);
	walk.box.fd = -1;
	walk.box.alive = false;
}

/* A guard that lets go has killed the process; one that has died leaves it to itself. */
static void
read_guard(void)
{
	struct walk_box *b = &walk.box;
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct box_order order;
	int rc;

	while (b->fd >= 0 && (rc = frame_recv(b->fd, frames_to_box, &type, buf)) != FRAME_EMPTY) {
		if (rc == FRAME_OK && frame_decode(type, buf, &order) == FRAME_OK) {
			exchange_order(&b->x, &order, walk.now);
		} else if (walk.guard_dead) {
			(void)close(b->fd);
			b->fd = -1;
			exchange_close(&b->x, walk.now);
		} else {
			end_process();
		}
	}
}

static void
write_due(void)
{
	struct walk_box *b = &walk.box;
	char out[CODEC_COMMAND];
	uint64_t wake;
	size_t n = exchange_next(&b->x, out, walk.now, &wake);

	if (n == 0) {
		return;
	}
	rules_write(out);
	for (size_t i = 0; i < n; i++) {
		out[i] = garble(out[i], b->noise[0]);
	}
	(void)sim_serial_hear(&b->serial, out, n, walk.now);
}

static void
run_process(void)
{
	struct walk_box *b = &walk.box;
	struct box_element element = {.polls = 16};

	read_guard();
	if (!b->alive) {
		return;
	}
	if (b->unplugged) {
		send_report(PORT_GONE);
		end_process();
		return;
	}
	if (b->cable_len > 0 && walk.now >= b->cable_at) {
		exchange_bytes(&b->x, b->cable, b->cable_len, walk.now);
		b->cable_len = 0;
		b->cable_at = walk.now + (1 + walk_random(16)) * MS;
	}
	write_due();
	if (b->fd < 0) {
		return;
	}
	if (b->x.news) {
		send_report(PORT_OK);
	}
	if (!b->element && b->x.replies >= 16) {
		b->element = true;
		(void)frames_send(b->fd, frames_from_box, FRAME_BOX_ELEMENT, &element);
		b->x.poll_every = POLL_IDLE;
	}
}

/* ---- what may happen to it ------------------------------------------------------------------- */

static void
turn_knob(void)
{
	unsigned channel = (unsigned)walk_random(4);
	uint8_t raw = (uint8_t)walk_random(walk_chance(2) ? 201 : 12);

	if (walk.box.model.off || (channel >= SIM_C && raw < 4)) {
		return;
	}
	sim_model_turn(&walk.box.model, channel, raw);
	if (channel < 2) {
		walk.box.hand[channel] = true;
		walk.box.hand[1 - channel] |= walk.box.model.join;
	}
}

static void
turn_switches(void)
{
	struct sim_model *m = &walk.box.model;

	switch (walk_random(4)) {
	case 0:
		sim_model_set_mode(m, (uint8_t)walk_random(18));
		break;
	case 1:
		sim_model_set_power(m, walk_chance(2) ? 'H' : 'L');
		break;
	case 2:
		m->join = !m->join;
		break;
	default:
		sim_model_switch(m, m->off);
	}
}

static void
mood(void)
{
	struct sim_serial *s = &walk.box.serial;
	uint64_t way = walk_random(2);

	switch (walk_random(7)) {
	case 0:
		s->menu = !s->menu;
		break;
	case 1:
		s->mute = (unsigned)walk_random(5);
		break;
	case 2:
		s->cut = (unsigned)walk_random(3);
		break;
	case 3:
		s->err = (unsigned)walk_random(4);
		break;
	case 4:
		s->extra = (unsigned)walk_random(3);
		break;
	case 5:
		s->late_ns = walk_random(600) * MS;
		break;
	default:
		walk.box.noise[way] = (unsigned)walk_random(200);
	}
	sim_serial_wake(s, walk.now);
}

static void
heal(void)
{
	struct walk_box *b = &walk.box;

	b->serial.menu = false;
	b->serial.mute = b->serial.cut = b->serial.err = b->serial.extra = 0;
	b->serial.late_ns = 0;
	b->noise[0] = b->noise[1] = 0;
	b->unplugged = false;
	sim_serial_wake(&b->serial, walk.now);
}

static void
happen(void)
{
	static const unsigned hand_every[] = {0, 20000, 4000, 1500},
			      mood_every[] = {0, 0, 8000, 3000};
	struct walk_box *b = &walk.box;

	if (hand_every[walk.wild] != 0 && walk_chance(hand_every[walk.wild])) {
		rules_hand();
		if (walk_chance(4)) {
			turn_switches();
		} else {
			turn_knob();
		}
		before[0] = walk_output(0);
		before[1] = walk_output(1);
	}
	if (mood_every[walk.wild] == 0) {
		return;
	}
	if (walk_chance(mood_every[walk.wild])) {
		mood();
	}
	if (walk_chance(2000)) {
		heal();
	}
	if (walk_chance(40000)) {
		b->unplugged = true;
	}
	if (b->alive && walk_chance(20000)) {
		b->stopped = walk.now + walk_random(1500) * MS;
	}
	if (b->alive && b->fd >= 0 && walk_chance(40000)) {
		end_process();
	}
}

bool
walk_box_is_well(void)
{
	const struct walk_box *b = &walk.box;
	const struct sim_serial *s = &b->serial;

	return b->alive && walk.now >= b->stopped && !b->unplugged && !s->menu && s->mute == 0 &&
	       s->cut == 0 && s->err == 0 && s->extra == 0 && s->late_ns == 0 && b->noise[0] == 0 &&
	       b->noise[1] == 0 && !b->model.off;
}

void
walk_box_step(void)
{
	sim_serial_run(&walk.box.serial, walk.now);
	happen();
	if (walk.box.alive && walk.now >= walk.box.stopped) {
		run_process();
	}
}

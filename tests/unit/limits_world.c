/* A small model of the box (limits_world.h). */
#include "tests/unit/limits_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void
box_mode(struct limits_box *b, uint8_t mode)
{
	b->mode = mode;
	b->late = mode_is_late(mode, b->modes);
}

/* Carries a write out on the model box. */
static void
box_do(struct limits_box *b, struct limits_write w)
{
	switch (w.act) {
	case ACT_KILL:
		b->raw[0] = b->raw[1] = 0;
		b->zero = true;
		break;
	case ACT_LEVEL_A:
	case ACT_LEVEL_B:
		b->raw[w.act == ACT_LEVEL_A ? 0 : 1] = (uint8_t)(w.value * 2);
		if (b->join) {
			b->raw[0] = b->raw[1] = (uint8_t)(w.value * 2);
		}
		b->zero = b->raw[0] == 0 && b->raw[1] == 0 ? b->zero : false;
		break;
	case ACT_PARAM_C:
	case ACT_PARAM_D:
		b->param[w.act == ACT_PARAM_C ? 0 : 1] = w.value;
		break;
	case ACT_MODE:
		box_mode(b, w.value);
		b->raw[0] = b->raw[1] = 0;
		break;
	case ACT_POWER:
		b->power = w.value;
		b->raw[0] = b->raw[1] = 0;
		break;
	default:
		break;
	}
}

struct limits_write
turn(struct world *w)
{
	struct limits_write write;

	w->now += 10;
	limits_report(&w->l, &w->b);
	limits_tick(&w->l, &w->s, &w->b, w->now);
	write = limits_next(&w->l, &w->s, &w->b, w->now);
	box_do(&w->b, write);
	w->writes += write.act != ACT_HEARTBEAT;
	return write;
}

void
turns(struct world *w, unsigned ms)
{
	for (unsigned i = 0; i < ms / 10; i++) {
		turn(w);
	}
}

struct world
start(void)
{
	struct world w = {
		.s = {.cap = {{60, 50}, {30, 20}},
		      .modes = ALL,
		      .rise_ms = 50,
		      .hold_ms = 5000,
		      .idle_ms = 600000,
		      .checkin_ms = 1800000},
		.b = {.ok = true, .settled = true, .modes = ALL, .param = {50, 50}},
		.now = 1000,
	};

	limits_init(&w.l, w.now);
	w.l.end = FAR;
	turns(&w, 30);
	limits_authority(&w.l, FAR);
	assert_true(limits_arm(&w.l, &w.b, w.now));
	return w;
}

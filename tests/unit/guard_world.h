/*
 * A guard whose children are sockets that the test holds: what a link, a box or a screen may say,
 * in any order and at any moment. Time is an argument. For the unit tests of the guard.
 */
#ifndef TETHER_GUARD_WORLD_H
#define TETHER_GUARD_WORLD_H

#include "agent/guard/guard.h"

#define LIFE 14400 /* seconds of a session */

extern struct guard g;

extern struct guard_world {
	int box, link, ui; /* our ends */
	uint64_t now;
	uint32_t n; /* of the page's commands */
} w;

/* Before each test: a guard with box, screen and an agent's link, a session of four hours, caps of
 * 60. After each: all of it closed. */
int guard_begin(void **state);
int guard_finish(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, guard_begin, guard_finish)

/* What a key service would issue: a key of the session whose id is this byte, again and again. */
struct link_issued issued_by(uint8_t sid, uint32_t left);

/* One more child, whose other end is *peer. */
void connect_child(struct child *c, int *peer);

/* The box carries out all that it was told, and says so; raw: level of A, doubled. */
void box_answers(uint8_t port, uint8_t raw);

/* A command of the one page, signed. */
void page_says(uint8_t op, uint8_t value);

/* That page in control, all at zero. */
void take_control(void);

void link_says(uint8_t type, const void *message);
void wearer_says(uint8_t action, uint32_t value);

/* No session and no key, and a link with this job. */
void no_session(uint8_t job, uint8_t phase);

/* The newest line of the wearer's log; views are passed over, the newest of them goes to *view. */
const char *last_said(struct ui_view *view);

#endif

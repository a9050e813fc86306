/*
 * Walks, one seed each: `test_walk` takes those of every run, `test_walk FIRST COUNT` others, and
 * longer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/walk/walk.h"

#define WALKS 40
#define LENGTH (60000 * MS)
#define AFTER (8000 * MS) /* the guard's end is watched for so long */

struct walk walk;

uint64_t
walk_random(uint64_t below)
{
	walk.random ^= walk.random << 13;
	walk.random ^= walk.random >> 7;
	walk.random ^= walk.random << 17;
	return (walk.random >> 11) % below;
}

bool
walk_chance(uint64_t of)
{
	return walk_random(of) == 0;
}

/* The guard stands still, the computer sleeps, the clock is set. */
static void
disturb(void)
{
	if (walk.wild < 2 || walk.guard_dead) {
		return;
	}
	if (walk_chance(60000)) {
		walk.guard_stalled = walk.now + walk_random(2500) * MS;
	} else if (walk_chance(120000)) {
		walk.now += walk_random(20000) * MS;
		walk.ui_heard = walk.link.heard = walk.now;
		rules_slept();
	} else if (walk_chance(120000)) {
		walk.wall += (int64_t)walk_random(20000) - 10000;
	}
}

void
walk_step(void)
{
	walk.now += MS;
	disturb();
	walk_box_step();
	if (!walk.guard_dead) {
		walk_people_step();
	}
	rules_step();
}

static void
finish(void)
{
	const int fds[] = {walk.ui, walk.sleep, walk.box.fd, walk.link.fd};

	for (unsigned i = 0; i < 4; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

static void
go(uint64_t seed, uint64_t length)
{
	uint64_t end;

	walk = (struct walk){.seed = seed,
			     .random = seed * 0x9e3779b97f4a7c15u + 1,
			     .now = 1000000 * MS,
			     .wall = 1700000000000,
			     .wild = (unsigned)(seed % 4)};
	end = walk.now + length;
	rules_begin();
	walk_box_begin();
	walk_guard_begin();
	walk_people_begin();
	while (walk.now < end) {
		walk_guard_turn();
	}
	walk_guard_kill();
	for (end = walk.now + AFTER; walk.now < end;) {
		walk_step();
	}
	finish();
}

int
main(int argc, char *argv[])
{
	uint64_t first = argc == 3 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc == 3 ? strtoull(argv[2], NULL, 10) : WALKS;
	unsigned armed = 0;

	for (uint64_t seed = first; seed < first + count; seed++) {
		go(seed, argc == 3 ? 5 * LENGTH : LENGTH);
		armed += rules_armed();
	}
	(void)printf("%llu walks, control taken %u times\n", (unsigned long long)count, armed);
	return armed == 0;
}

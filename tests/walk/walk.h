/*
 * A random walk through the whole agent in one process and on a clock of its own: the guard's own
 * loop, the box process's conversation, the simulated box at its serial line; a link, pages, a
 * screen and the wearer's hand that do anything at any moment. After each millisecond rules.c looks
 * at the outputs and at what people are told. Each walk is one seed, and the same each time.
 */
#ifndef TETHER_WALK_H
#define TETHER_WALK_H

#include "agent/box/exchange.h"
#include "agent/guard/guard.h"
#include "agent/sim/serial.h"

#define MS NS_MS
#define PAGES 2
#define QUEUE 64     /* messages on their way from a page */
#define CABLE 4096   /* bytes from the box that nobody has read */
#define BEACONS 4096 /* as many as are sent in a walk */

/* The simulated box, its cable, and the box process. */
struct walk_box {
	struct sim_model model;
	struct sim_serial serial;
	bool hand[2]; /* the wearer's hand made this output what it is */
	bool unplugged;
	unsigned noise[2]; /* bytes to and from the box: so many of 1000 are garbled */
	char cable[CABLE];
	size_t cable_len;
	uint64_t cable_at; /* the adapter hands over what it has */
	bool alive, element;
	int fd;
	uint64_t stopped; /* until then the process is stopped */
	struct exchange x;
};

struct walk_link {
	bool alive;
	int fd;
	uint8_t job, phase;
	uint64_t ready; /* when it has connected */
	uint64_t hung;	/* until then it does nothing */
	uint64_t heard; /* when it last could do something */
};

struct walk_message {
	uint64_t due;
	struct command c;
};

struct walk_page {
	uint8_t id[PAGE_ID];
	uint32_t n, beacon;
	uint8_t want[2];
	bool away; /* hidden, or without a network */
	uint64_t state_due;
	uint32_t state_beacon; /* on its way to the page */
	uint64_t next;
	struct walk_message queue[QUEUE];
	size_t queued;
};

struct walk {
	uint64_t seed, random;
	uint64_t now;  /* ns */
	int64_t wall;  /* REALTIME - BOOTTIME, ms */
	unsigned wild; /* 0 calm .. 3 */
	struct walk_box box;
	struct walk_link link;
	struct walk_page pages[PAGES];
	int ui, sleep;
	uint64_t ui_next, ui_silent, ui_heard;
	struct ui_view view;
	uint64_t guard_stalled;
	bool guard_dead;
};

extern struct walk walk;
extern struct guard subject;

/* A number below `below`; is it one chance in `of`? */
uint64_t walk_random(uint64_t below);
bool walk_chance(uint64_t of);

/* guard.c: a guard at its start; one turn of its loop; its sudden end. */
void walk_guard_begin(void);
void walk_guard_turn(void);
void walk_guard_kill(void);

/* box.c */
void walk_box_begin(void);
void walk_box_started(int fd);
void walk_box_step(void);
/* Is there nothing wrong with box, cable and process? */
bool walk_box_is_well(void);
uint8_t walk_output(unsigned channel);

/* people.c */
void walk_people_begin(void);
void walk_link_started(int fd);
void walk_people_step(void);

/* One millisecond. */
void walk_step(void);

/* rules.c: the first broken rule ends the program, with the seed. */
void rules_begin(void);
void rules_step(void);
void rules_slept(void);		    /* the computer has slept until now */
void rules_stop(void);		    /* the wearer's stop is at the guard */
void rules_resume(void);	    /* so is the resume */
void rules_beacon(uint32_t beacon); /* this state was sent */
/* This message of a page was handed over as it was sent. */
void rules_delivered(unsigned page, const struct command *c);
void rules_hand(void);			  /* the wearer's hand did something */
void rules_write(const char *command);	  /* the box process writes this */
void rules_view(const struct ui_view *v); /* the screen was told this */
/* How often anybody was in control. */
unsigned rules_armed(void);

#endif

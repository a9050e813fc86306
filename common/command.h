/*
 * The command grammar: what a partner may say (docs/PROTOCOL.md, "Commands").
 * Used by the gateway (parse, write anew) and by the agent's link (parse). Input is hostile.
 */
#ifndef TETHER_COMMAND_H
#define TETHER_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "common/max.h"

#define COMMAND_VERSION 1
#define COMMAND_CANONICAL 24 /* bytes that the MAC covers */
#define COMMAND_MAC 16
#define PAGE_ID 8

enum op {
	OP_LEVEL = 1, /* channel 0 A, 1 B; value 0..100 */
	OP_PARAM = 2, /* channel 0 C, 1 D; value 0..100 */
	OP_MODE = 3,  /* value: enum mode */
	OP_POWER = 4, /* value: 0 low, 1 high */
	OP_STOP = 5,  /* nothing else in it; needs no MAC */
	OP_HELLO = 6, /* ask for control */
	OP_ALIVE = 7, /* answer to a state */
	OP_BYE = 8    /* give control up */
};

struct command {
	uint8_t op;      /* enum op */
	uint8_t channel; /* level: 0 A, 1 B; param: 0 C, 1 D; else 0 */
	uint8_t value;   /* see enum op; else 0 */
	uint8_t want[2]; /* the A and B that the page wants now, 0..100 */
	uint8_t page[PAGE_ID];
	uint32_t n;      /* rises per page id */
	uint32_t beacon; /* of the newest authentic state that the page has seen */
	uint8_t mac[COMMAND_MAC];
};

/* Why a command was refused; command_error() has the words. */
enum command_error {
	COMMAND_OK = 0,
	COMMAND_TOO_LONG = -1, /* over MAX_COMMAND bytes */
	COMMAND_NOT_JSON = -2, /* not one JSON object, or bytes after it, or not UTF-8, or NUL inside */
	COMMAND_FIELD = -3,    /* unknown, missing or doubled field */
	COMMAND_TYPE = -4,     /* a field of the wrong type */
	COMMAND_RANGE = -5,    /* a number outside its range, a name not on the list */
	COMMAND_VERSION_ = -6  /* another version than 1 */
};

/* Parses `len` bytes (not NUL-ended). Fills *c wholly or leaves it untouched.
 * 0 or a negative enum command_error. Heap use is bounded by len. */
int command_parse(struct command *c, const char *json, size_t len);

/* Writes the one spelling of *c that we send on, with NUL; returns its length without the NUL,
 * or -1 when *c is out of range. */
int command_write(char out[MAX_COMMAND + 1], const struct command *c);

/* The 24 bytes that the MAC covers (docs/PROTOCOL.md): version, op, channel, value, want A, want B,
 * two zero bytes, page id, n and beacon big-endian. */
void command_canonical(uint8_t out[COMMAND_CANONICAL], const struct command *c);

/* A sentence for people: what was wrong and what was expected. Never NULL. */
const char *command_error(int error);

#endif

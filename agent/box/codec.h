/*
 * The 2B's language: status lines in, commands out. Pure. Box process only. Lines come from the
 * cable and are not trusted: they may be cut, merged, late or noise.
 * Facts: firmware up to 2.106 and 2.116B answers 9 fields, 2.118B 10, 2.119B 11, 2.120B and
 * later 13.
 */
#ifndef TETHER_BOX_CODEC_H
#define TETHER_BOX_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/frames.h"

#define CODEC_LINE 64	 /* longest line kept; the longest that a box sends is about 40 */
#define CODEC_COMMAND 6	 /* "A100", CR, NUL: with CR just the 5 bytes that the box can hold */
#define CODEC_VERSION 12 /* "2.131B" and room, with NUL: as wide as in struct box_report */

/* One status line as the box said it. */
struct status {
	uint32_t battery;	     /* raw; 16 bits wide and left-justified on 2.116B and 2.118B */
	uint8_t a, b, c, d;	     /* doubled, 0..200; odd when the knob made a half step */
	uint8_t mode;		     /* this firmware's number; any number may come */
	char power;		     /* 'L', 'H', or 'D' (dynamic) */
	bool join;		     /* A and B joined */
	uint8_t fields;		     /* 9, 10, 11, 13 */
	char version[CODEC_VERSION]; /* "2.106" */
};

enum codec_line {
	CODEC_STATUS = 0,
	CODEC_ERR = 1, /* the box's "ERR": its buffer overran, the command was not taken */
	CODEC_BAD = -1 /* neither: discard it and ask once more */
};

/* Reads one line without its CR or LF. Fills *s wholly (CODEC_STATUS) or leaves it untouched. */
enum codec_line codec_status(struct status *s, const char *line, size_t len);

/* Was the same firmware speaking? A cut line ("2.131" for "2.131B") is not. */
bool codec_same_box(const struct status *x, const struct status *y);

/* Bit per enum mode that this firmware can be set to. Versions that are not in the table, or come
 * with another number of fields than they should, get modes 0 to 2 only: no others have the same
 * number everywhere. */
uint32_t codec_modes(const struct status *s);

/* enum mode of s->mode, or MODE_OTHER. */
uint8_t codec_mode(const struct status *s);

/* Battery in percent, 0..100. The scale is a client author's, not the maker's. */
uint8_t codec_percent(const struct status *s);

/* Is the box switched off and answering on the cable's power? Known for 9 fields only. */
bool codec_off(const struct status *s);

/* Is this a pair that an order may carry? Says nothing about what the firmware has. */
bool codec_valid(uint8_t act, uint8_t value);

/* The bytes of an order for the firmware of *s, CR and NUL at the end; ACT_HEARTBEAT is the empty
 * poll. Returns the length without NUL, or -1: not codec_valid(), or a mode that it doesn't have.
 */
int codec_command(char out[CODEC_COMMAND], const struct status *s, uint8_t act, uint8_t value);

/* Can *s be the answer to this order? There is no acknowledgement, only the new status. */
bool codec_fits(const struct status *s, uint8_t act, uint8_t value);

#endif

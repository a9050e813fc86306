/*
 * What the box link adds to a session id: SHA-256 over the bytes that arrive and the moments at
 * which they do, in nanoseconds. One of three elements (docs/PROTOCOL.md); its worth is in the low
 * bits of the times. Box process only.
 */
#ifndef TETHER_BOX_ELEMENT_H
#define TETHER_BOX_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/frames.h"

#define ELEMENT_POLLS 16 /* replies in one element (docs/PROTOCOL.md) */

struct element;

/* Heap, and OpenSSL's own set-up: before sealing. NULL when that fails. */
struct element *element_create(void);
void element_destroy(struct element *e);

/* Takes in `n` bytes that arrived at `ns`. */
void element_add(struct element *e, const char *bytes, size_t n, uint64_t ns);

/* Once `replies` (valid ones so far) has grown by ELEMENT_POLLS since the last element: fills *out,
 * begins the next one and returns true. */
bool element_take(struct element *e, uint32_t replies, struct box_element *out);

#endif

/*
 * A cursor over a fixed buffer that either writes or reads the same list of fields, so that the
 * two directions of a frame can't drift apart. Integers are big-endian. Running off the end or
 * reading a bad value sets `bad`, which the caller checks once at the end.
 */
#ifndef TETHER_WIRE_H
#define TETHER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
	uint8_t *data;
	size_t len, pos;
	bool writing; /* true: fields go into data; false: data goes into fields */
	bool bad;
};

void wire_u8(struct wire *w, uint8_t *v);
void wire_u16(struct wire *w, uint16_t *v);
void wire_u32(struct wire *w, uint32_t *v);
void wire_u64(struct wire *w, uint64_t *v);
/* One byte, 0 or 1; anything else read is bad. */
void wire_bool(struct wire *w, bool *v);
void wire_bytes(struct wire *w, void *v, size_t n);
/* A NUL-ended text in exactly `cap` bytes, padded with zeros; reading one without NUL, or with
 * anything but zeros behind it, is bad. */
void wire_text(struct wire *w, char *v, size_t cap);

#endif

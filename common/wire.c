/*
 * A cursor that writes or reads the same list of fields. Any process; what it reads comes from
 * another process of ours, which may have been taken over.
 */
#include "common/wire.h"

#include <string.h>

/* The next n bytes, or NULL (and bad) when there are fewer. After the first failure the cursor
 * stays where it is. */
static uint8_t *
wire_take(struct wire *w, size_t n)
{
	uint8_t *at;

	if (w->bad || n > w->len - w->pos) {
		w->bad = true;
		return NULL;
	}
	at = w->data + w->pos;
	w->pos += n;
	return at;
}

static void
wire_integer(struct wire *w, uint64_t *v, size_t n)
{
	uint8_t *at = wire_take(w, n);
	uint64_t read = 0;

	if (at == NULL) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (w->writing) {
			at[i] = (uint8_t)(*v >> (8 * (n - 1 - i)));
		}
		read = read << 8 | at[i];
	}
	if (!w->writing) {
		*v = read; /* a message that is sent may be constant */
	}
}

void
wire_u8(struct wire *w, uint8_t *v)
{
	uint64_t wide = *v;

	wire_integer(w, &wide, 1);
	if (!w->writing) {
		*v = (uint8_t)wide;
	}
}

void
wire_u16(struct wire *w, uint16_t *v)
{
	uint64_t wide = *v;

	wire_integer(w, &wide, 2);
	if (!w->writing) {
		*v = (uint16_t)wide;
	}
}

void
wire_u32(struct wire *w, uint32_t *v)
{
	uint64_t wide = *v;

	wire_integer(w, &wide, 4);
	if (!w->writing) {
		*v = (uint32_t)wide;
	}
}

void
wire_u64(struct wire *w, uint64_t *v)
{
	wire_integer(w, v, 8);
}

void
wire_bool(struct wire *w, bool *v)
{
	uint8_t *at = wire_take(w, 1);

	if (at == NULL) {
		return;
	}
	if (w->writing) {
		*at = *v ? 1 : 0;
	} else if (*at > 1) {
		w->bad = true;
	} else {
		*v = *at == 1;
	}
}

void
wire_bytes(struct wire *w, void *v, size_t n)
{
	uint8_t *at = wire_take(w, n);

	if (at == NULL) {
		return;
	}
	if (w->writing) {
		memcpy(at, v, n);
	} else {
		memcpy(v, at, n);
	}
}

static bool
text_is_padded(const char *text, size_t cap)
{
	size_t len = strnlen(text, cap);

	for (size_t i = len; i < cap; i++) {
		if (text[i] != '\0') {
			return false;
		}
	}
	return len < cap;
}

void
wire_text(struct wire *w, char *v, size_t cap)
{
	uint8_t *at = wire_take(w, cap);
	size_t len;

	if (at == NULL) {
		return;
	}
	if (!w->writing) {
		if (!text_is_padded((const char *)at, cap)) {
			w->bad = true;
			return;
		}
		memcpy(v, at, cap);
		return;
	}
	len = strnlen(v, cap);
	if (len == cap) {
		w->bad = true;
		return;
	}
	/* What lies behind the NUL in the sender's buffer must not leave the process. */
	memcpy(at, v, len);
	memset(at + len, 0, cap - len);
}

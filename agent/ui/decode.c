/*
 * Terminal bytes to keys; see decode.h. Runs in the ui. Sequences: ECMA-48 (CSI, SS3), xterm's
 * control sequences (mouse mode 1006, bracketed paste 2004, modifyOtherKeys), kitty's CSI u.
 */
#include "agent/ui/decode.h"

#define NUMBER_MOST 9999
#define BUTTON_KEYS 28 /* shift, meta and control, whatever the button is */

static int
begin_sequence(struct ui_decoder *d, char c)
{
	d->state = c == '[' ? DECODE_CSI : DECODE_SS3;
	d->mouse = d->detail = false;
	d->count = 0;
	d->number[0] = d->number[1] = d->number[2] = 0;
	return UI_KEY_NONE;
}

static int
arrow(char c)
{
	switch (c) {
	case 'A':
		return UI_KEY_UP;
	case 'B':
		return UI_KEY_DOWN;
	case 'C':
		return UI_KEY_RIGHT;
	case 'D':
		return UI_KEY_LEFT;
	default:
		return UI_KEY_NONE;
	}
}

static int
mouse(struct ui_decoder *d, char c)
{
	if (c != 'M' || d->count != 2 || d->number[1] == 0 || d->number[2] == 0) {
		return UI_KEY_NONE;
	}
	d->x = d->number[1] - 1;
	d->y = d->number[2] - 1;
	switch (d->number[0] & ~BUTTON_KEYS) {
	case 0:
		return UI_KEY_CLICK;
	case 64:
		return UI_KEY_WHEEL_UP;
	case 65:
		return UI_KEY_WHEEL_DOWN;
	default:
		return UI_KEY_NONE;
	}
}

/* Space with Shift, Ctrl or Alt held, as terminals send it that tell them apart, and as one does
 * that another program has left so: ESC [ 32 ; 2 u, or ESC [ 27 ; 2 ; 32 ~. */
static bool
is_space(const struct ui_decoder *d, char c)
{
	return (c == 'u' && d->number[0] == ' ') ||
	       (c == '~' && d->number[0] == 27 && d->number[2] == ' ');
}

static int
end_sequence(struct ui_decoder *d, char c)
{
	d->state = DECODE_PLAIN;
	if (d->mouse) {
		return mouse(d, c);
	}
	if (c == 'M' && d->count == 0 && d->number[0] == 0) {
		d->state = DECODE_SKIP;
		d->skip = 3;
		return UI_KEY_NONE;
	}
	if (c == '~' && (d->number[0] == 200 || d->number[0] == 201)) {
		d->paste = d->number[0] == 200;
	}
	if (is_space(d, c)) {
		return ' ';
	}
	return d->paste ? UI_KEY_NONE : arrow(c);
}

static int
in_sequence(struct ui_decoder *d, char c)
{
	uint16_t *n = &d->number[d->count < 3 ? d->count : 2];

	if (c >= '0' && c <= '9' && d->detail) {
		return UI_KEY_NONE;
	}
	if (c >= '0' && c <= '9') {
		*n = (uint16_t)(*n * 10 + (c - '0') <= NUMBER_MOST ? *n * 10 + (c - '0')
								   : NUMBER_MOST);
	} else if (c == ';') {
		d->count = d->count < 3 ? (uint8_t)(d->count + 1) : 3;
		d->detail = false;
	} else if (c == ':') {
		d->detail = true;
	} else if (c == '<') {
		d->mouse = true;
	} else if (c == UI_KEY_ESC) {
		d->state = DECODE_ESCAPED;
	} else if (c >= '@' && c <= '~') {
		return end_sequence(d, c);
	} else if (c >= 0 && c < ' ') {
		d->state = DECODE_PLAIN;
	}
	return UI_KEY_NONE;
}

static int
plain(struct ui_decoder *d, char c)
{
	d->state = c == UI_KEY_ESC ? DECODE_ESCAPED : DECODE_PLAIN;
	return c == UI_KEY_ESC || d->paste || c < 0 ? UI_KEY_NONE : c;
}

int
ui_decode(struct ui_decoder *d, char c)
{
	switch (d->state) {
	case DECODE_ESCAPED:
	case DECODE_LONE:
		if (c == '[' || c == 'O') {
			return begin_sequence(d, c);
		}
		if (d->state == DECODE_LONE || c == UI_KEY_ESC) {
			return plain(d, c);
		}
		d->state = DECODE_PLAIN; /* a character with Alt: none of ours */
		return UI_KEY_NONE;
	case DECODE_CSI:
		return in_sequence(d, c);
	case DECODE_SS3:
		d->state = c == UI_KEY_ESC ? DECODE_ESCAPED : DECODE_PLAIN;
		return d->paste ? UI_KEY_NONE : arrow(c);
	case DECODE_SKIP:
		d->state = --d->skip > 0 ? DECODE_SKIP : DECODE_PLAIN;
		return UI_KEY_NONE;
	default:
		return plain(d, c);
	}
}

int
ui_decode_end(struct ui_decoder *d)
{
	if (d->state != DECODE_ESCAPED) {
		return UI_KEY_NONE;
	}
	d->state = DECODE_LONE;
	d->paste = false; /* a paste that never ended must not swallow the keys for ever */
	return UI_KEY_ESC;
}

/* What a keyboard's space bar sends where it is not 0x20: with an input method (U+3000), with AltGr
 * or Option (U+00A0, U+202F); the other spaces of Unicode come along. */
bool
ui_decode_space(struct ui_decoder *d, char c)
{
	uint32_t three;

	d->tail = d->tail << 8 | (unsigned char)c;
	three = d->tail & 0xffffff;
	return (d->tail & 0xffff) == 0xc2a0 ||		   /* U+00A0 */
	       three == 0xe19a80 ||			   /* U+1680 */
	       (three >= 0xe28080 && three <= 0xe2808b) || /* U+2000 to U+200B */
	       three == 0xe280af ||			   /* U+202F */
	       three == 0xe2819f ||			   /* U+205F */
	       three == 0xe38080;			   /* U+3000 */
}

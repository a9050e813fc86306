/*
 * The 2B's language (codec.h). Pure. Box process; lines come from the cable and are not trusted.
 */
#include "agent/box/codec.h"

#include <stdio.h>
#include <string.h>

#include "common/modes.h"

#define FIELDS_MAX 13
#define LEVEL_RAW 200
#define EXTRA_MAX 9 /* bias, map, warp, ramp: one digit, unused here */

/* Modes as numbers of one firmware, by enum mode; NONE where it has no such mode. */
#define NONE 255
static const uint8_t numbers_2106[MODE_COUNT] = {0, 1, 2,  NONE, 3,    4,  5,  6, 7,
						 8, 9, 10, NONE, NONE, 11, 12, 13};
static const uint8_t numbers_beta[MODE_COUNT] = {0, 1,	2,  3,	4,  5,	6,  7, 8,
						 9, 10, 11, 12, 13, 14, 15, 16};
/* What all have in common. */
static const uint8_t numbers_any[MODE_COUNT] = {0,    1,    2,	  NONE, NONE, NONE,
						NONE, NONE, NONE, NONE, NONE, NONE,
						NONE, NONE, NONE, NONE, NONE};

/* Not here on purpose: 2.116B. It is a beta by its letter but answers like 2.106, and no source
 * says which of the two numberings it has. */
static const struct firmware {
	const char *version;
	uint8_t fields;
	const uint8_t *numbers;
} firmwares[] = {
	{"2.105", 9, numbers_2106},   {"2.106", 9, numbers_2106},   {"2.118B", 10, numbers_beta},
	{"2.119B", 11, numbers_beta}, {"2.120B", 13, numbers_beta}, {"2.122B", 13, numbers_beta},
	{"2.131B", 13, numbers_beta},
};

struct field {
	const char *text;
	size_t len;
};

/* Splits at colons. Returns the number of fields, or 0 when there are too many. */
static size_t
split(struct field f[FIELDS_MAX], const char *line, size_t len)
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && line[i] != ':') {
			continue;
		}
		if (n == FIELDS_MAX) {
			return 0;
		}
		f[n].text = line + start;
		f[n].len = i - start;
		n++;
		start = i + 1;
	}
	return n;
}

/* Digits only, at most `max`. */
static bool
number(const struct field *f, uint32_t max, uint32_t *v)
{
	uint64_t sum = 0;

	if (f->len == 0 || f->len > 10) {
		return false;
	}
	for (size_t i = 0; i < f->len; i++) {
		if (f->text[i] < '0' || f->text[i] > '9') {
			return false;
		}
		sum = sum * 10 + (uint64_t)(f->text[i] - '0');
	}
	*v = (uint32_t)sum;
	return sum <= max;
}

static bool
small(const struct field *f, uint8_t max, uint8_t *v)
{
	uint32_t wide;

	if (!number(f, max, &wide)) {
		return false;
	}
	*v = (uint8_t)wide;
	return true;
}

static size_t
digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= '0' && text[n] <= '9') {
		n++;
	}
	return n;
}

/* "2.106", "2.131B": at least two digits behind the dot, so that most cut ones are refused, and so
 * is a 13-field line cut to 11 or 10, whose last field would be a lone digit. */
static bool
version(const struct field *f, char out[CODEC_VERSION])
{
	size_t major = digits(f->text, f->len);
	size_t minor, rest;

	if (f->len >= CODEC_VERSION || major == 0 || major == f->len || f->text[major] != '.') {
		return false;
	}
	minor = digits(f->text + major + 1, f->len - major - 1);
	rest = f->len - major - 1 - minor;
	if (minor < 2 || rest > 1) {
		return false;
	}
	if (rest == 1 && (f->text[f->len - 1] < 'A' || f->text[f->len - 1] > 'Z')) {
		return false;
	}
	memset(out, 0, CODEC_VERSION);
	memcpy(out, f->text, f->len);
	return true;
}

static bool
power(const struct field *f, char *out)
{
	char c = f->len == 1 ? f->text[0] : '\0';

	if (c != 'L' && c != 'H' && c != 'D') {
		return false;
	}
	*out = c;
	return true;
}

/* From field 7 to the version: numbers, of which one is join. Its place moved with the bias. */
static bool
extras(const struct field *f, size_t n, bool *join)
{
	size_t at = n >= 11 ? 8 : 7;
	uint8_t v;

	for (size_t i = 7; i < n - 1; i++) {
		if (!small(&f[i], i == at ? 1 : EXTRA_MAX, &v)) {
			return false;
		}
		if (i == at) {
			*join = v == 1;
		}
	}
	return true;
}

enum codec_line
codec_status(struct status *s, const char *line, size_t len)
{
	struct field f[FIELDS_MAX];
	struct status t = {0};
	size_t n;

	if (len == 3 && memcmp(line, "ERR", 3) == 0) {
		return CODEC_ERR;
	}
	n = len > CODEC_LINE ? 0 : split(f, line, len);
	if (n != 9 && n != 10 && n != 11 && n != 13) {
		return CODEC_BAD;
	}
	t.fields = (uint8_t)n;
	if (!number(&f[0], UINT32_MAX, &t.battery) || !small(&f[1], LEVEL_RAW, &t.a) ||
	    !small(&f[2], LEVEL_RAW, &t.b) || !small(&f[3], LEVEL_RAW, &t.c) ||
	    !small(&f[4], LEVEL_RAW, &t.d) || !small(&f[5], UINT8_MAX, &t.mode) ||
	    !power(&f[6], &t.power) || !extras(f, n, &t.join) || !version(&f[n - 1], t.version)) {
		return CODEC_BAD;
	}
	*s = t;
	return CODEC_STATUS;
}

bool
codec_same_box(const struct status *x, const struct status *y)
{
	return x->fields == y->fields && strcmp(x->version, y->version) == 0;
}

static const uint8_t *
numbers_of(const struct status *s)
{
	for (size_t i = 0; i < sizeof(firmwares) / sizeof(firmwares[0]); i++) {
		if (firmwares[i].fields == s->fields &&
		    strcmp(firmwares[i].version, s->version) == 0) {
			return firmwares[i].numbers;
		}
	}
	return numbers_any;
}

uint32_t
codec_modes(const struct status *s)
{
	const uint8_t *numbers = numbers_of(s);
	uint32_t modes = 0;

	for (unsigned m = 0; m < MODE_COUNT; m++) {
		if (numbers[m] != NONE) {
			modes |= UINT32_C(1) << m;
		}
	}
	return modes;
}

uint8_t
codec_mode(const struct status *s)
{
	const uint8_t *numbers = numbers_of(s);

	for (unsigned m = 0; m < MODE_COUNT; m++) {
		if (numbers[m] != NONE && numbers[m] == s->mode) {
			return (uint8_t)m;
		}
	}
	return MODE_OTHER;
}

/* The ten bits that the other firmwares print. */
static uint32_t
battery_ten_bits(const struct status *s)
{
	return s->battery > 1023 ? s->battery >> 6 : s->battery;
}

uint8_t
codec_percent(const struct status *s)
{
	uint32_t b = battery_ten_bits(s);

	if (b <= 320) {
		return 0;
	}
	return b >= 742 ? 100 : (uint8_t)((b - 320) * 100 / 422);
}

bool
codec_off(const struct status *s)
{
	return s->fields == 9 && battery_ten_bits(s) < 320;
}

bool
codec_valid(uint8_t act, uint8_t value)
{
	switch (act) {
	case ACT_HEARTBEAT:
	case ACT_KILL:
		return true;
	case ACT_LEVEL_A:
	case ACT_LEVEL_B:
		return value <= 100;
	case ACT_PARAM_C:
	case ACT_PARAM_D:
		/* Sources differ on D's minimum, 1 or 2: 2 is safe on all. */
		return value >= 2 && value <= 100;
	case ACT_MODE:
		return value < MODE_COUNT;
	case ACT_POWER:
		return value <= 1;
	default:
		return false;
	}
}

int
codec_command(char out[CODEC_COMMAND], const struct status *s, uint8_t act, uint8_t value)
{
	/* The only letters that this program can ever send; see codec_valid() for the index. */
	static const char letters[] = {0, 'K', 'A', 'B', 'C', 'D', 'M'};

	if (!codec_valid(act, value)) {
		return -1;
	}
	switch (act) {
	case ACT_HEARTBEAT:
		return snprintf(out, CODEC_COMMAND, "\r");
	case ACT_KILL:
		return snprintf(out, CODEC_COMMAND, "K\r");
	case ACT_POWER:
		return snprintf(out, CODEC_COMMAND, "%c\r", value == 1 ? 'H' : 'L');
	case ACT_MODE:
		value = numbers_of(s)[value];
		if (value == NONE) {
			return -1;
		}
		break;
	default:
		break;
	}
	return snprintf(out, CODEC_COMMAND, "%c%hhu\r", letters[act], value);
}

/* In these three the box "sometimes reports the requested value of D and other times that of C". */
static bool
mode_without_d(uint8_t mode)
{
	return mode == MODE_CONTINUOUS || mode == MODE_THROB || mode == MODE_THRUST;
}

bool
codec_fits(const struct status *s, uint8_t act, uint8_t value)
{
	bool zero = s->a == 0 && s->b == 0;

	switch (act) {
	case ACT_KILL:
		return zero;
	case ACT_LEVEL_A:
		return s->a == 2 * value;
	case ACT_LEVEL_B:
		return s->b == 2 * value;
	case ACT_PARAM_C:
		return s->c == 2 * value;
	case ACT_PARAM_D:
		return s->d == 2 * value || mode_without_d(codec_mode(s));
	case ACT_MODE:
		return zero && codec_mode(s) == value;
	case ACT_POWER:
		return zero && s->power == (value == 1 ? 'H' : 'L');
	default:
		return true;
	}
}

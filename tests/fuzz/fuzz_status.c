/*
 * What comes from the cable: as one status line, then as a stream into the conversation. Without an
 * order it must never write anything but K and the empty poll.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/box/exchange.h"
#include "common/modes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int holds)
{
	if (!holds) {
		abort();
	}
}

static void
one_line(const char *line, size_t len)
{
	struct status s, again;
	uint8_t mode;

	if (codec_status(&s, line, len) != CODEC_STATUS) {
		return;
	}
	must(s.a <= 200 && s.b <= 200 && s.c <= 200 && s.d <= 200);
	must(s.power == 'L' || s.power == 'H' || s.power == 'D');
	must(s.fields == 9 || s.fields == 10 || s.fields == 11 || s.fields == 13);
	must(memchr(s.version, '\0', sizeof(s.version)) != NULL);
	must(codec_percent(&s) <= 100);
	mode = codec_mode(&s);
	must(mode == MODE_OTHER || (codec_modes(&s) >> mode & 1) == 1);
	must(codec_status(&again, line, len) == CODEC_STATUS && codec_same_box(&s, &again));
}

/* Each byte 7 ms after the last; a heartbeat every 32 bytes. */
static void
stream(const char *bytes, size_t size)
{
	struct exchange x;
	struct box_report r;
	char out[CODEC_COMMAND];
	uint64_t now = 1000 * NS_MS, wake;

	exchange_init(&x, now);
	for (size_t i = 0; i < size; i++) {
		struct box_order beat = {.seq = (uint32_t)i, .valid_until = now + MAX_VALIDITY};

		if (i % 32 == 0) {
			exchange_order(&x, &beat, now);
		}
		exchange_bytes(&x, bytes + i, 1, now);
		while (exchange_next(&x, out, now, &wake) > 0) {
			must(strcmp(out, "K\r") == 0 || strcmp(out, "\r") == 0);
		}
		must(wake > now);
		now += 7 * NS_MS;
	}
	exchange_report(&x, &r);
	must(memchr(r.version, '\0', sizeof(r.version)) != NULL && r.power <= 1);
	must(!r.zero || (r.a == 0 && r.b == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one_line((const char *)data, size);
	stream((const char *)data, size < 4096 ? size : 4096);
	return 0;
}

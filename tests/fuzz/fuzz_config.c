/*
 * Whatever stands in a configuration file: settings come out in their ranges and texts with an end,
 * or nothing changes and there is a sentence that names a line of the file.
 */
#include <string.h>

#include "agent/config.h"
#include "agent/values.h"
#include "common/modes.h"
#include "tests/fuzz/fuzz.h"

static bool
ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void
check_settings(const struct settings *s)
{
	const struct limits_settings *l = &s->limits;

	for (int power = 0; power < 2; power++) {
		MUST(l->cap[power][0] <= LEVEL_MAX && l->cap[power][1] <= LEVEL_MAX);
	}
	MUST(l->hold_ms >= 2000 && l->hold_ms <= 30000 && l->hold_ms % 1000 == 0);
	MUST(l->idle_ms <= 240 * 60000 && l->idle_ms % 60000 == 0);
	MUST(l->checkin_ms <= 240 * 60000 && l->checkin_ms % 60000 == 0);
	MUST(l->rise_ms >= 20 && l->rise_ms <= 2000);
	MUST(l->modes != 0 && l->modes < UINT32_C(1) << MODE_COUNT);
}

static void
check_texts(const struct options *o)
{
	MUST(ends(o->host, sizeof(o->host)) && ends(o->ca, sizeof(o->ca)));
	MUST(ends(o->page, sizeof(o->page)) && ends(o->box, sizeof(o->box)));
	MUST(o->port != 0 && strchr(o->host, ' ') == NULL);
	MUST(o->ca[0] == '\0' || o->ca[0] == '/');
	MUST(o->box[0] == '\0' || o->box[0] == '/');
	MUST(o->page[0] == '\0' || o->page[strlen(o->page) - 1] == '/');
	MUST(o->usb[0] == '\0' && !o->headless && !o->demo && !o->debug);
}

static unsigned
lines(const uint8_t *data, size_t size)
{
	unsigned n = 1;

	for (size_t i = 0; i < size; i++) {
		n += data[i] == '\n';
	}
	return n;
}

static size_t
line_length(const char *at)
{
	return strcspn(at, "\n") + (strchr(at, '\n') != NULL ? 1 : 0);
}

/* A file that was read, written with one more percent: that is read back, and every line but at most
 * one is still there, in order. */
static void
check_written(const struct options *o, const uint8_t *data, size_t size)
{
	static char old[MAX_CONFIG + 1], out[MAX_CONFIG + 1];
	struct options wanted = *o, back;
	char why[CONFIG_ERROR] = "";
	struct config_error error;
	unsigned lost = 0;
	const char *to = out;

	memcpy(old, data, size);
	old[size] = '\0';
	wanted.settings.limits.cap[0][0] ^= 1;
	if (config_compose(old, &wanted, out, why) < 0) {
		MUST(why[0] != '\0' && ends(why, sizeof(why)));
		return;
	}
	values_default(&back);
	MUST(config_parse(&back, out, strlen(out), &error) == 0);
	MUST(settings_same(&back.settings, &wanted.settings));
	for (const char *from = old; *from != '\0'; from += line_length(from)) {
		const char *at = to;

		while (*at != '\0' && (line_length(at) < strcspn(from, "\n") ||
				       strncmp(at, from, strcspn(from, "\n")) != 0)) {
			at += line_length(at);
		}
		lost += *at == '\0' && *from != '\n' ? 1 : 0;
		to = *at != '\0' ? at + line_length(at) : to;
	}
	MUST(lost <= 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char before[sizeof(struct options)];
	static struct options o;
	const void *bytes = &o;
	struct config_error error = {.line = 0};

	values_default(&o);
	memcpy(before, bytes, sizeof(before));
	if (config_parse(&o, (const char *)data, size, &error) == 0) {
		check_settings(&o.settings);
		check_texts(&o);
		check_written(&o, data, size);
	} else {
		MUST(memcmp(bytes, before, sizeof(before)) == 0);
		MUST(error.text[0] != '\0' && ends(error.text, sizeof(error.text)));
		MUST(error.line <= lines(data, size) && (error.line != 0 || size > MAX_CONFIG));
	}
	return 0;
}

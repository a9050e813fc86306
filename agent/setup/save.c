/*
 * The save process (save.h). It may open files in the folder of its own, and nothing else: no
 * network, no terminal, no exec.
 */
#include "agent/setup/save.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/values.h"
#include "common/sandbox.h"
#include "common/spawn.h"

/* The one frame. 0 or -1. */
static int
read_order(struct save_order *order)
{
	struct pollfd fd = {.fd = CHILD_FD, .events = POLLIN};
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];

	return poll(&fd, 1, SAVE_MS) == 1 &&
			       frame_recv(CHILD_FD, frames_to_save, &type, buf) == FRAME_OK &&
			       frame_decode(type, buf, order) == FRAME_OK
		       ? 0
		       : -1;
}

static void
take_settings(struct settings *s, const struct save_order *order)
{
	memcpy(s->limits.cap, order->cap, sizeof(s->limits.cap));
	s->limits.lock_power = order->lock_power;
	s->limits.lock_mode = order->lock_mode;
	s->limits.modes = order->modes;
	s->limits.hold_ms = order->hold_s * 1000u;
	s->limits.idle_ms = order->idle_min * 60000u;
	s->limits.checkin_ms = order->checkin_min * 60000u;
	s->limits.rise_ms = order->rise_ms;
	s->ask = order->ask;
}

static void
take_server(struct options *o, const struct save_order *order)
{
	memcpy(o->host, order->host, sizeof(o->host));
	memcpy(o->ca, order->ca, sizeof(o->ca));
	memcpy(o->page, order->page, sizeof(o->page));
	o->port = order->port;
}

/* What the file says, with the order's settings. What is wrong with a file is not mended: the
 * wearer wrote it. */
static int
merge(const struct save_order *order, const char *old, char out[MAX_CONFIG + 1],
      char why[CONFIG_ERROR])
{
	struct config_error error;
	struct options o;

	values_default(&o);
	if (old != NULL && config_parse(&o, old, strlen(old), &error) < 0) {
		snprintf(why, CONFIG_ERROR, "its line %u is not understood", error.line);
		return -1;
	}
	take_settings(&o.settings, order);
	if (o.host[0] == '\0') {
		take_server(&o, order);
	}
	return config_compose(old, &o, out, why);
}

static int
save(const char *path, char why[CONFIG_ERROR])
{
	static char old[MAX_CONFIG + 1], text[MAX_CONFIG + 1];
	struct config_place place;
	struct save_order order;
	const char *unsealed;
	int rc;

	if (config_place(path, &place, why) < 0) {
		return -1;
	}
	if (sandbox_seal_writing(SANDBOX_BASE | SANDBOX_FILES_RW, place.fd, &unsealed) < 0) {
		snprintf(why, CONFIG_ERROR, "%s", unsealed);
		return -1;
	}
	if (read_order(&order) < 0) {
		snprintf(why, CONFIG_ERROR, "nothing to save came");
		return -1;
	}
	rc = config_load(&place, old, why);
	if (rc >= 0) {
		rc = merge(&order, rc == 0 ? old : NULL, text, why);
	}
	return rc < 0 ? -1 : config_write(&place, text, why);
}

int
save_main(const char *path)
{
	char why[CONFIG_ERROR] = "";
	struct save_done done = {.ok = save(path, why) == 0};

	snprintf(done.why, sizeof(done.why), "%.*s", (int)sizeof(done.why) - 1, why);
	return frames_send(CHILD_FD, frames_from_save, FRAME_SAVE_DONE, &done) == FRAME_OK &&
			       done.ok
		       ? 0
		       : 1;
}

/*
 * The guard's side of the save process: one order, one answer, and an end for one that takes too
 * long. Runs in the guard. An answer is not trusted beyond its form: it can only be a sentence, and
 * whether the screen calls the settings saved.
 */
#include "agent/guard/guard.h"

#include <string.h>

#include "common/spawn.h"

static void
save_over(struct guard *g, const char *why)
{
	child_stop(&g->save, true);
	if (why == NULL) {
		g->saved = g->saving;
		guard_say(g, "Saved to %s.", g->options.config);
	} else {
		guard_say(g, "Not saved: %s.", why);
	}
	publish_soon(g);
}

static struct save_order
make_order(const struct guard *g)
{
	const struct limits_settings *l = &g->saving.limits;
	struct save_order order = {
		.port = g->options.port,
		.lock_power = l->lock_power,
		.lock_mode = l->lock_mode,
		.ask = g->saving.ask,
		.modes = l->modes,
		.hold_s = (uint16_t)(l->hold_ms / 1000),
		.idle_min = (uint16_t)(l->idle_ms / 60000),
		.checkin_min = (uint16_t)(l->checkin_ms / 60000),
		.rise_ms = (uint16_t)l->rise_ms,
	};

	memcpy(order.cap, l->cap, sizeof(order.cap));
	memcpy(order.host, g->options.host, sizeof(order.host));
	memcpy(order.ca, g->options.ca, sizeof(order.ca));
	memcpy(order.page, g->options.page, sizeof(order.page));
	return order;
}

void
save_start(struct guard *g, uint64_t now)
{
	/* A copy: what is locked as secret reads as zeros in a forked child (common/secret.h). */
	char path[MAX_PATH];
	const char *const argv[] = {"tether-save", "--child", "save", path, NULL};
	struct save_order order;

	if (g->options.demo) {
		guard_say(g, "Not saved: the box is simulated, its caps are for no real one.");
		return;
	}
	if (g->options.config[0] == '\0') {
		guard_say(g, "Not saved: there is no place for a configuration file.");
		return;
	}
	if (g->save.fd >= 0) {
		return; /* it says how it went soon enough */
	}
	memcpy(path, g->options.config, sizeof(path));
	g->saving = g->settings;
	order = make_order(g);
	if (child_start(&g->save, argv, SPAWN_SESSION, now) < 0 ||
	    frames_send(g->save.fd, frames_to_save, FRAME_SAVE_ORDER, &order) != FRAME_OK) {
		save_over(g, "its program could not be started");
	}
}

void
save_turn(struct guard *g, uint64_t now)
{
	if (g->save.fd >= 0 && now - g->save.started > SAVE_MS) {
		save_over(g, "it took too long");
	}
}

void
save_read(struct guard *g, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	struct save_done done;
	int rc = frame_recv(g->save.fd, frames_from_save, &type, buf);

	(void)now;
	if (rc == FRAME_EMPTY) {
		return;
	}
	if (rc != FRAME_OK || frame_decode(type, buf, &done) != FRAME_OK) {
		save_over(g, "its program ended");
		return;
	}
	save_over(g, done.ok ? NULL : done.why);
}

/*
 * The guard's side of the sleep process: the computer is made to wait while a partner is in
 * control, and until zero is confirmed after that. Runs in the guard. A status is not trusted
 * beyond its form: a wrong one can make zero, or keep a partner out for a minute.
 */
#include "agent/guard/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/spawn.h"

#define AGAIN_MS 5000   /* after its process has died */
#define NONE_MS 60000   /* where there was no lock to be had */
#define RELEASE_MS 2000 /* a sleep is not held up for longer: logind waits for 5 s at most */
#define SOON_MS 60000   /* "soon" holds for so long, should its end never be told */

/* The same sentence is said once. */
static void
say_none(struct guard *g, const char *why)
{
	if (strcmp(why, g->sleep_told) == 0) {
		return;
	}
	snprintf(g->sleep_told, sizeof(g->sleep_told), "%s", why);
	guard_say(g, "No warning before this computer sleeps: %s.", why);
}

static void
sleep_lost(struct guard *g, const char *why, uint64_t at)
{
	child_stop(&g->sleep, true);
	g->sleep_status = (struct sleep_status){.phase = SLEEP_NONE};
	g->sleep_held = false;
	g->sleep_at = at;
	say_none(g, why);
}

static void
start_sleep(struct guard *g, uint64_t now)
{
	static const char *const argv[] = {"tether-sleep", "--child", "sleep", NULL};
	const char *bus = getenv("DBUS_SYSTEM_BUS_ADDRESS");
	struct sleep_setup setup = {{0}};

	g->sleep_at = now + AGAIN_MS;
	if (bus != NULL && strlen(bus) >= sizeof(setup.bus)) {
		sleep_lost(g, "DBUS_SYSTEM_BUS_ADDRESS is too long", now + NONE_MS);
		return;
	}
	if (bus != NULL) {
		memcpy(setup.bus, bus, strlen(bus));
	}
	if (child_start(&g->sleep, argv, SPAWN_SESSION | SPAWN_DIE_WITH_US, now) < 0 ||
	    frames_send(g->sleep.fd, frames_to_sleep, FRAME_SLEEP_SETUP, &setup) != FRAME_OK) {
		sleep_lost(g, "its program could not be started", now + AGAIN_MS);
	}
}

/* While a partner is in control; after that until the zero is confirmed, or it takes too long. */
static bool
lock_wanted(struct guard *g, uint64_t now)
{
	if (g->limits.armed) {
		g->armed_at = now;
		return true;
	}
	return g->sleep_held && g->limits.kill && now - g->armed_at < RELEASE_MS;
}

static void
send_hold(struct guard *g, bool wanted, uint64_t now)
{
	struct sleep_hold hold = {wanted};
	int rc = frames_send(g->sleep.fd, frames_to_sleep, FRAME_SLEEP_HOLD, &hold);

	g->sleep_held = wanted;
	g->sleep_beat_at = now + BEAT_MS;
	if (rc != FRAME_OK && rc != FRAME_EMPTY) {
		sleep_lost(g, "its program ended", now + AGAIN_MS);
	}
}

void
sleep_turn(struct guard *g, uint64_t now)
{
	bool wanted = lock_wanted(g, now);

	if (g->sleep.fd < 0) {
		if (now >= g->sleep_at && g->life == LIFE_RUN) {
			start_sleep(g, now);
		}
		return;
	}
	if (child_is_silent(&g->sleep, now)) {
		log_warn("sleep process is silent");
		sleep_lost(g, "its program hung", now + AGAIN_MS);
	} else if (wanted != g->sleep_held || now >= g->sleep_beat_at) {
		send_hold(g, wanted, now);
	}
}

bool
sleep_is_near(const struct guard *g, uint64_t now)
{
	return g->sleep_status.phase == SLEEP_SOON && now - g->soon_at < SOON_MS;
}

static void
take_status(struct guard *g, const struct sleep_status *status, uint64_t now)
{
	bool soon = status->phase == SLEEP_SOON && g->sleep_status.phase != SLEEP_SOON;

	g->sleep_status = *status;
	if (soon) {
		g->soon_at = now;
		guard_say(g, "The computer is about to sleep: outputs to zero.");
		guard_zero(g, WHY_CLOCK, false);
	} else if (status->phase == SLEEP_NONE) {
		sleep_lost(g, status->why, now + NONE_MS);
	}
}

void
sleep_read(struct guard *g, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	struct sleep_status status;

	for (int i = 0; i < 16 && g->sleep.fd >= 0; i++) {
		int rc = frame_recv(g->sleep.fd, frames_from_sleep, &type, buf);

		if (rc == FRAME_EMPTY) {
			return;
		}
		if (rc != FRAME_OK || frame_decode(type, buf, &status) != FRAME_OK ||
		    status.phase > SLEEP_NONE) {
			sleep_lost(g, "its program ended", now + AGAIN_MS);
			return;
		}
		child_heard(&g->sleep, now);
		take_status(g, &status, now);
	}
}

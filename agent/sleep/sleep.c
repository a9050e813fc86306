/*
 * The sleep process (sleep.h): moves frames and bus messages, decides nothing. The guard's frames
 * are trusted once their form is right.
 */
#include "agent/sleep/sleep.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include "agent/frames.h"
#include "agent/sleep/logind.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/spawn.h"

#define SETUP_MS 5000 /* the guard sends it when it starts us */
#define TURN_MS 1000  /* sd-bus wants to look at its calls' deadlines now and then */

struct sleeper {
	struct logind logind;
	bool none; /* there is no lock to be had, and never will be in this process */
};

/* 0 or a negative enum frame_error. */
static int
tell_guard(const struct sleeper *s)
{
	struct sleep_status status = {.phase = SLEEP_READY};

	if (s->none) {
		status.phase = SLEEP_NONE;
		snprintf(status.why, sizeof(status.why), "%s", s->logind.why);
	} else if (s->logind.soon) {
		status.phase = SLEEP_SOON;
	} else if (s->logind.lock != NULL) {
		status.phase = SLEEP_HELD;
	}
	return frames_send(CHILD_FD, frames_from_sleep, FRAME_SLEEP_STATUS, &status);
}

static int
read_setup(struct sleep_setup *setup)
{
	struct pollfd p = {.fd = CHILD_FD, .events = POLLIN};
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];

	if (poll(&p, 1, SETUP_MS) != 1 ||
	    frame_recv(CHILD_FD, frames_to_sleep, &type, buf) != FRAME_OK ||
	    type->type != FRAME_SLEEP_SETUP) {
		return -1;
	}
	return frame_decode(type, buf, setup);
}

/* Each frame is answered: that is how the guard knows that we live. FRAME_EMPTY, or the end. */
static int
hear_guard(struct sleeper *s)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	struct sleep_hold hold;
	int rc;

	while ((rc = frame_recv(CHILD_FD, frames_to_sleep, &type, buf)) == FRAME_OK) {
		if (type->type != FRAME_SLEEP_HOLD || frame_decode(type, buf, &hold) != FRAME_OK) {
			return FRAME_BAD;
		}
		if (!s->none) {
			logind_hold(&s->logind, hold.hold);
		}
		rc = tell_guard(s);
		if (rc != FRAME_OK && rc != FRAME_EMPTY) {
			return rc;
		}
	}
	return rc;
}

static void
wait_for_input(const struct sleeper *s)
{
	struct pollfd fds[2] = {{.fd = CHILD_FD, .events = POLLIN}, {.fd = -1}};
	int events = s->none ? -1 : sd_bus_get_events(s->logind.bus);

	if (events >= 0) {
		fds[1].fd = sd_bus_get_fd(s->logind.bus);
		fds[1].events = (short)events;
	}
	(void)poll(fds, 2, TURN_MS);
}

/* News from the bus reach the guard before anything else is done. */
static int
serve(struct sleeper *s)
{
	int rc;

	do {
		bool soon = s->logind.soon, held = s->logind.lock != NULL, none = s->none;

		wait_for_input(s);
		if (!s->none) {
			s->none = logind_turn(&s->logind) != 0;
		}
		if (s->logind.soon != soon || (s->logind.lock != NULL) != held || s->none != none) {
			(void)tell_guard(s); /* a full socket: the guard is not reading */
		}
		rc = hear_guard(s);
	} while (rc == FRAME_EMPTY);
	return rc == FRAME_CLOSED ? 0 : 1;
}

int
sleep_main(void)
{
	struct sleeper s = {0};
	struct sleep_setup setup;
	const char *why = NULL;

	log_open("sleep", 0);
	if (read_setup(&setup) != 0) {
		log_error("the guard's set-up was not understood");
		return 1;
	}
	s.none = logind_open(&s.logind, setup.bus) != 0;
	if (sandbox_seal(SANDBOX_BASE, &why) != 0) {
		log_error("can't seal the process: %s", why);
		return 1;
	}
	(void)tell_guard(&s);
	return serve(&s);
}

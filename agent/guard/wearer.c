/*
 * The wearer's keys. Runs in the guard. Input: frames of the ui process, checked: it may do whatever
 * the wearer may, and nothing else.
 */
#include "agent/guard/guard.h"

#include <string.h>

#include "common/log.h"

#define STOP_SAID_MS 3000 /* a key that is held comes back within this */

/* Each press stops; a key that is held is said once, or it would push all else out of the log. */
static void
wearer_stop(struct guard *g, uint64_t now)
{
	if (!g->limits.latched || g->stop_at == 0 || now - g->stop_at > STOP_SAID_MS) {
		guard_say(g, "You pressed stop.");
	}
	g->stop_at = now;
	guard_zero(g, WHY_WEARER, true);
}

static void
wearer_resume(struct guard *g, uint64_t now)
{
	if (g->limits.latched) {
		limits_resume(&g->limits, now);
		guard_say(g, "Resumed: the partner may take control again, from zero.");
	}
}

static void
wearer_disconnect(struct guard *g)
{
	guard_say(g, "You ended the session; its link is dead. A new key is on its way.");
	guard_zero(g, WHY_ENDED, false);
	link_end_session(g, true);
}

static void
wearer_set(struct guard *g, const struct ui_input *in)
{
	struct limits_settings *set = &g->settings.limits, before = *set;
	char text[120];

	if (settings_apply(&g->settings, in, text, sizeof(text)) == 0) {
		if (memcmp(before.cap, set->cap, sizeof(set->cap)) != 0) {
			limits_recap(&g->limits);
		}
		partner_hold(g, g->turn_at);
	}
	guard_say(g, "%s", text);
}

static int
take_input(struct guard *g, const struct ui_input *in, uint64_t now)
{
	if (in->action >= UI_ACTION_COUNT) {
		return -1;
	}
	if (in->action != UI_ALIVE) {
		limits_seen(&g->limits, now);
		publish_soon(g);
	}
	switch (in->action) {
	case UI_ALIVE:
	case UI_CHECKIN:
		break;
	case UI_STOP:
		wearer_stop(g, now);
		break;
	case UI_RESUME:
		wearer_resume(g, now);
		break;
	case UI_DISCONNECT:
		wearer_disconnect(g);
		break;
	case UI_ALLOW:
	case UI_REFUSE:
		partner_allow(g, in->action == UI_ALLOW, now);
		break;
	case UI_QUIT:
		guard_end(g, "You ended the program.");
		break;
	case UI_SAVE:
		save_start(g, now);
		break;
	default:
		wearer_set(g, in);
	}
	return 0;
}

void
ui_lost(struct guard *g)
{
	log_warn("the screen went away");
	child_stop(&g->ui, true);
	if (g->life == LIFE_RUN) {
		guard_zero(g, WHY_UI, true);
		guard_end(g, "The screen went away.");
	}
}

void
ui_read(struct guard *g, uint64_t now)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	struct ui_input in;

	for (int i = 0; i < 64 && g->ui.fd >= 0; i++) {
		int rc = frame_recv(g->ui.fd, frames_from_ui, &type, buf);

		if (rc == FRAME_EMPTY) {
			return;
		}
		if (rc != FRAME_OK || frame_decode(type, buf, &in) != FRAME_OK ||
		    take_input(g, &in, now) < 0) {
			ui_lost(g);
			return;
		}
		child_heard(&g->ui, now);
		g->ui_stalled = false;
	}
}

/* A screen that does not answer can't show a question or take a stop: so it is one. */
void
ui_turn(struct guard *g, uint64_t now)
{
	if (g->ui.fd >= 0 && !g->ui_stalled && child_is_silent(&g->ui, now)) {
		g->ui_stalled = true;
		guard_zero(g, WHY_UI, true);
	}
}

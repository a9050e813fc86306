/*
 * Frames between ui and guard; see peer.h. Runs in the ui.
 */
#include "agent/ui/peer.h"

#define BATCH 64 /* frames a turn, so that keys are read in between */

void
ui_peer_init(struct ui_peer *p, int fd)
{
	*p = (struct ui_peer){.fd = fd};
}

static int
take(struct ui_peer *p, const struct frame_type *type, uint8_t buf[MAX_FRAME])
{
	if (type->type == FRAME_UI_VIEW) {
		struct ui_view view;

		if (frame_decode(type, buf, &view) != FRAME_OK) {
			return -2;
		}
		p->view = view;
		p->seen = true;
		return 0;
	}
	if (frame_decode(type, buf, &p->log[p->log_count % UI_LOG]) != FRAME_OK) {
		return -2;
	}
	p->log_count++;
	return 0;
}

int
ui_peer_read(struct ui_peer *p)
{
	const struct frame_type *type;
	uint8_t buf[MAX_FRAME];
	int fresh = 0;

	for (int i = 0; i < BATCH; i++) {
		int rc = frame_recv(p->fd, frames_to_ui, &type, buf);

		if (rc == FRAME_EMPTY) {
			break;
		}
		if (rc != FRAME_OK) {
			return rc == FRAME_CLOSED ? -1 : -2;
		}
		if (take(p, type, buf) != 0) {
			return -2;
		}
		fresh = 1;
	}
	return fresh;
}

void
ui_peer_send(struct ui_peer *p, const struct ui_input *in)
{
	int rc = frames_send(p->fd, frames_from_ui, FRAME_UI_INPUT, in);

	if (in->action == UI_STOP) {
		p->stop_waits = rc == FRAME_EMPTY;
	}
}

int
ui_peer_alive(struct ui_peer *p, uint64_t now)
{
	const struct ui_input alive = {.action = UI_ALIVE}, stop = {.action = UI_STOP};

	if (p->stop_waits) {
		ui_peer_send(p, &stop);
	}
	if (now >= p->alive_at) {
		ui_peer_send(p, &alive);
		p->alive_at = now + UI_ALIVE_MS;
	}
	return (int)(p->alive_at - now);
}

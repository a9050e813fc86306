/*
 * Frames between guard, box, link, ui and sleep: the first byte picks the receiver, the rest is the
 * datagram. What is accepted is sent again as the very same bytes.
 */
#include <string.h>
#include <sys/socket.h>

#include "agent/frames.h"
#include "common/frame.h"
#include "tests/fuzz/fuzz.h"

static const struct frame_type *const tables[] = {
	frames_to_box, frames_from_box, frames_to_link,  frames_from_link,
	frames_to_ui,  frames_from_ui,  frames_to_sleep, frames_from_sleep,
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Room for the struct of every type. */
union any {
	struct box_order order;
	struct box_report report;
	struct box_element element;
	struct link_setup setup;
	struct link_status status;
	struct link_issued issued;
	struct command command;
	struct link_state state;
	struct ui_view view;
	struct ui_event event;
	struct ui_input input;
	struct sleep_setup sleep_setup;
	struct sleep_hold hold;
	struct sleep_status sleep_status;
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[MAX_FRAME], again[MAX_FRAME];
	static int fd[2] = {-1, -1};
	const struct frame_type *table, *t;
	union any message;
	size_t len;

	if (fd[0] < 0) {
		MUST(frame_pair(fd) == 0);
	}
	if (size < 2) {
		return 0;
	}
	table = tables[data[0] % TABLES];
	MUST(send(fd[0], data + 1, size - 1, 0) == (ssize_t)(size - 1));
	if (frame_recv(fd[1], table, &t, buf) != FRAME_OK ||
	    frame_decode(t, buf, &message) != FRAME_OK) {
		return 0;
	}
	len = size - 1;
	MUST(frame_send(fd[0], t, &message) == FRAME_OK);
	MUST(recv(fd[1], again, sizeof(again), 0) == (ssize_t)len);
	MUST(memcmp(again, data + 1, len) == 0);
	return 0;
}

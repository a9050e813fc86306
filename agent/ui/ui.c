/*
 * The ui child's beginning; see ui.h.
 */
#include "agent/ui/ui.h"

#include <string.h>

#include "agent/ui/headless.h"
#include "agent/ui/plain.h"
#include "agent/ui/tty.h"
#include "common/log.h"
#include "common/spawn.h"

int
ui_main(const char *kind)
{
	struct ui_peer peer;

	log_open("ui", 0);
	ui_peer_init(&peer, CHILD_FD);
	if (strcmp(kind, "tty") == 0) {
		return ui_tty(&peer);
	}
	if (strcmp(kind, "headless") == 0) {
		return ui_headless(&peer);
	}
	if (strcmp(kind, "plain") == 0) {
		return ui_plain(&peer);
	}
	log_error("there is no ui of that kind");
	return 1;
}

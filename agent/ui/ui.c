/*
 * The ui child's beginning; see ui.h.
 */
#include "agent/ui/ui.h"

#include <string.h>
#include <unistd.h>

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

bool
ui_is_in_background(void)
{
	/* Not positive: not our terminal, or one of another pid namespace. No shell has it then. */
	pid_t front = tcgetpgrp(STDIN_FILENO);

	if (front <= 0 || front == getpgrp()) {
		return false;
	}
	log_error("in the background the keys of this terminal are your shell's: start tether in "
		  "front, or --plain and --headless with </dev/null");
	return true;
}

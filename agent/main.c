/*
 * tether: parse, choose the box, run the guard. The same program is exec'd again for each child
 * (`--child box|link|ui|sleep`), which then has nothing but its own socket.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent/box/box.h"
#include "agent/choose.h"
#include "agent/guard/guard.h"
#include "agent/link/link.h"
#include "agent/options.h"
#include "agent/setup/save.h"
#include "agent/setup/wizard.h"
#include "agent/single.h"
#include "agent/sleep/sleep.h"
#include "agent/status.h"
#include "agent/ui/tty.h"
#include "agent/ui/ui.h"
#include "common/log.h"

static int
run_child(int argc, char *argv[])
{
	const char *which = argc > 0 ? argv[0] : "";

	if (strcmp(which, "box") == 0 && argc == 3) {
		return box_main(argv[1], argv[2][0] != '\0' ? argv[2] : NULL);
	}
	if (strcmp(which, "link") == 0 && argc == 1) {
		return link_main();
	}
	if (strcmp(which, "ui") == 0 && argc == 2) {
		return ui_main(argv[1]);
	}
	if (strcmp(which, "sleep") == 0 && argc == 1) {
		return sleep_main();
	}
	if (strcmp(which, "save") == 0 && argc == 2) {
		return save_main(argv[1]);
	}
	fputs("tether: --child is for tether itself\n", stderr);
	return 2;
}

/* Whoever does not read any more must not keep us from ending for the sake of good news. */
static bool
is_read(int fd)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
}

/* What no screen can say any more: it is gone before the box has confirmed zero. The picture of one
 * that failed would stay, as if somebody were still behind its STOP. */
static int
last_words(const struct options *o, struct guard_over over)
{
	bool failed = !over.screen && !o->headless && !o->plain;

	if (failed) {
		ui_tty_mend();
	}
	if (failed || (!o->headless && (!over.zero || is_read(STDOUT_FILENO)))) {
		printf("tether: %s%s\n",
		       failed ? "The screen failed, so the session is over. " : "",
		       over.zero ? "Both channels are at zero."
				 : "The box has not confirmed zero: use its own knob.");
	}
	return !over.zero ? 3 : failed ? 1 : 0;
}

/* Runs the guard, and leaves the terminal as it was, whatever became of the screen. */
static int
run_guard(const struct options *o)
{
	struct termios before;
	bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
	struct guard_over over = guard_run(o);

	/* From the background this would stop us, and disturb whoever has the terminal now. */
	if (tty && tcgetpgrp(STDIN_FILENO) == getpgrp()) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	if (!over.started) {
		return 1;
	}
	return last_words(o, over);
}

/* Asks first where that is wanted. The simulated box is there by then, any other is chosen after. */
static int
run_agent(struct options *o, const struct wish *wish)
{
	char dir[MAX_PATH] = "";
	enum wizard_end end = WIZARD_START;
	pid_t sim = 0;
	int rc = 0;

	if (o->demo) {
		rc = choose_box(o, &sim, dir);
	}
	if (rc == 0 && wish->setup) {
		end = wizard_run(o, wish);
	}
	if (rc == 0 && end == WIZARD_START && !o->demo) {
		rc = choose_box(o, &sim, dir);
	}
	if (rc == 0 && end == WIZARD_START) {
		rc = run_guard(o);
	} else if (rc < 0 || end == WIZARD_QUIT) {
		rc = 1;
	}
	choose_finish(sim, dir);
	return rc;
}

static int
run(int argc, char *argv[])
{
	struct options o;
	struct wish wish;
	int rc = options_parse(&o, &wish, argc, argv);

	if (rc != 0) {
		return rc > 0 ? 0 : 2;
	}
	log_open("tether", o.debug);
	if (ui_is_in_background() || single_take() < 0) {
		return 1;
	}
	rc = run_agent(&o, &wish);
	single_leave();
	return rc;
}

/* What may stand instead of options: for another terminal, a key of the desktop, a foot switch. */
static const struct {
	const char *name;
	int (*run)(void);
} words[] = {
	{"stop", single_stop},
	{"end", single_end},
	{"status", status_words},
};

int
main(int argc, char *argv[])
{
	if (argc >= 2 && strcmp(argv[1], "--child") == 0) {
		return run_child(argc - 2, argv + 2);
	}
	if (argc == 3 && strcmp(argv[1], "status") == 0 && strcmp(argv[2], "--json") == 0) {
		return status_json();
	}
	for (size_t i = 0; argc == 2 && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(argv[1], words[i].name) == 0) {
			return words[i].run();
		}
	}
	return run(argc - 1, argv + 1);
}

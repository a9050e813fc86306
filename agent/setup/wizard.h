/*
 * The first start at a terminal, and `tether setup`: questions, the configuration file, then the
 * agent may start. Runs in the process that becomes the guard, before that holds any secret. Input:
 * the wearer's keyboard.
 */
#ifndef TETHER_SETUP_WIZARD_H
#define TETHER_SETUP_WIZARD_H

#include "agent/options.h"

enum wizard_end {
	WIZARD_START = 0, /* written, but for a demo: start with *o */
	WIZARD_SAVED = 1, /* the same: don't start */
	WIZARD_QUIT = -1  /* ended by the wearer or the terminal; nothing was written */
};

/* Asks at standard input and output, a terminal, and writes o->config, unless the box is simulated.
 * Nothing that it does raises an output; all ends with the outputs at zero, or with the box process
 * on its way there. */
enum wizard_end wizard_run(struct options *o, const struct wish *wish);

#endif

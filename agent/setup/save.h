/*
 * The save process: writes the wearer's settings to the configuration file, answers, exits. Runs as
 * `tether --child save PATH`. Input: one frame of the guard, and the wearer's own file.
 */
#ifndef TETHER_SETUP_SAVE_H
#define TETHER_SETUP_SAVE_H

#include "agent/guard/guard.h"

/* Never returns before it has answered. The exit code. */
int save_main(const char *path);

#endif

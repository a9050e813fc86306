/*
 * The command line of `tether`, over the configuration file. Runs before anything else is started;
 * input is the wearer's own.
 */
#ifndef TETHER_OPTIONS_H
#define TETHER_OPTIONS_H

#include "agent/guard/guard.h"

/* Fills *o from the configuration file and argv (without argv[0]), which wins. 0; 1 when --help or
 * --version was printed; -1 after a sentence on standard error that says what was expected. */
int options_parse(struct options *o, int argc, char *const argv[]);

#endif

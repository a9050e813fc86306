/*
 * The command line of `tether`, over the configuration file. Runs before anything else is started;
 * input is the wearer's own.
 */
#ifndef TETHER_OPTIONS_H
#define TETHER_OPTIONS_H

#include "agent/guard/guard.h"

/* What is to be asked before the start (agent/setup/wizard.h). */
struct wish {
	bool setup; /* ask: this is the first start at a terminal, or `tether setup` */
	bool anew;  /* `tether setup` */
	bool host, box, ca, page; /* given on the command line: not asked */
};

/* Fills *o from the configuration file and argv (without argv[0]), which wins; o->saved is what the
 * file alone says. Where wish->setup is set, o->host may be "". 0; 1 when --help or --version was
 * printed; -1 after a sentence on standard error that says what was expected. */
int options_parse(struct options *o, struct wish *wish, int argc, char *const argv[]);

/* What follows from the server: the page's address, where none is named. */
void options_finish(struct options *o);

#endif

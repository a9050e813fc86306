/*
 * What may be configured: one table of key, parser, range and place, shared by the command line
 * (`--cap-a 40`) and the configuration file (`cap-a 40`). Pure. Runs before anything is started.
 */
#ifndef TETHER_VALUES_H
#define TETHER_VALUES_H

#include "agent/guard/guard.h"

#define VALUES 16	/* keys in the table */
#define VALUE_TEXT 320	/* a value of values_text with its NUL: a page's address has 270 */
#define EXPECTS_TEXT 64 /* a phrase of values_expects with its NUL */

/* Nothing chosen: safe settings (settings_default), no server, no box. */
void values_default(struct options *o);

/* The index of a key without dashes ("cap-a"), 0 to VALUES - 1, or -1. */
int values_find(const char *key);

/* Its name. */
const char *values_key(int index);

/* Does it name a file, so that it depends on the folder one is in? */
bool values_is_path(int index);

/* Sets it. 0, or -1 when the text is none that it takes; then nothing has changed. */
int values_set(struct options *o, int index, const char *text);

/* What values_set would take to set what is set now; "" when nothing is (no server, box or CA, or
 * the page that the server has anyway). Returns `out`. */
const char *values_text(const struct options *o, int index, char out[VALUE_TEXT]);

/* https://HOST/, the partner's page unless another is named. */
void values_page(const struct options *o, char out[VALUE_TEXT]);

/* What it takes, for people: "0 to 100 percent". Returns `out`. */
const char *values_expects(int index, char out[EXPECTS_TEXT]);

#endif

/*
 * Writes Prometheus' text format (version 0.0.4) into a buffer. Pure; what it writes is our own.
 */
#ifndef TETHER_GATEWAY_EXPOSITION_H
#define TETHER_GATEWAY_EXPOSITION_H

#include <stddef.h>

/* `at` bytes are written; what does not fit is left out by whole lines. */
struct exposition {
	char *out;
	size_t size, at;
};

/* Begins a metric: its HELP and TYPE lines. `help` is a sentence without its full stop. */
void expose_metric(struct exposition *e, const char *name, const char *type, const char *help);

/* One sample. `suffix` follows the name ("" or "_bucket"), `labels` ("" or "a=\"b\"") come in
 * braces. */
void expose_sample(struct exposition *e, const char *name, const char *suffix, const char *labels,
		   double value);

#endif

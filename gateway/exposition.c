/* See exposition.h. Gateway process. */
#include "gateway/exposition.h"

#include <stdio.h>

/* Keeps what snprintf wrote there when it fitted. */
static void
expose_keep(struct exposition *e, int len)
{
	if (len > 0 && (size_t)len < e->size - e->at) {
		e->at += (size_t)len;
	}
}

void
expose_metric(struct exposition *e, const char *name, const char *type, const char *help)
{
	expose_keep(e, snprintf(e->out + e->at, e->size - e->at,
				"# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type));
}

/* 15 digits: all whole numbers that occur, and thousandths of a second for decades. */
void
expose_sample(struct exposition *e, const char *name, const char *suffix, const char *labels,
	      double value)
{
	const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";

	expose_keep(e, snprintf(e->out + e->at, e->size - e->at, "%s%s%s%s%s %.15g\n", name, suffix,
				open, labels, close, value));
}

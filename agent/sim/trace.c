/*
 * Log lines of the simulated box; see trace.h. Runs in tether-box only.
 */
#include "agent/sim/trace.h"

#include <string.h>

static void
remember(struct sim_trace *t, const struct sim_model *m)
{
	t->output[0] = sim_model_output(m, SIM_A);
	t->output[1] = sim_model_output(m, SIM_B);
	t->mode = m->mode;
	t->power = m->power;
}

int
sim_trace_open(struct sim_trace *t, const char *path, const struct sim_model *m)
{
	*t = (struct sim_trace){0};
	remember(t, m);
	if (path == NULL) {
		return 0;
	}
	t->file = fopen(path, "we");
	if (t->file == NULL) {
		return -1;
	}
	setvbuf(t->file, NULL, _IOLBF, BUFSIZ);
	return 0;
}

void
sim_trace_close(struct sim_trace *t)
{
	if (t->file != NULL) {
		fclose(t->file);
		t->file = NULL;
	}
}

static void
begin(struct sim_trace *t, uint64_t at, const char *what)
{
	fprintf(t->file, "%llu.%03u %s ", (unsigned long long)(at / 1000000),
		(unsigned)(at / 1000 % 1000), what);
}

void
sim_trace_text(struct sim_trace *t, uint64_t at, const char *what, const char *text)
{
	if (t->file != NULL) {
		begin(t, at, what);
		fprintf(t->file, "%s\n", text);
	}
}

static void
put_byte(FILE *f, unsigned char c)
{
	static const char named[] = "\r\n\t\"\\", letters[] = "rnt\"\\";
	const char *p = c != '\0' ? strchr(named, c) : NULL;

	if (p != NULL) {
		fprintf(f, "\\%c", letters[p - named]);
	} else if (c < 0x20 || c > 0x7e) {
		fprintf(f, "\\x%02x", c);
	} else {
		fputc(c, f);
	}
}

void
sim_trace_bytes(struct sim_trace *t, uint64_t at, const char *what, const char *bytes, size_t len)
{
	if (t->file == NULL) {
		return;
	}
	begin(t, at, what);
	fputc('"', t->file);
	for (size_t i = 0; i < len; i++) {
		put_byte(t->file, (unsigned char)bytes[i]);
	}
	fputs("\"\n", t->file);
}

void
sim_trace_state(struct sim_trace *t, uint64_t at, const struct sim_model *m)
{
	struct sim_trace before = *t;
	char text[40];

	remember(t, m);
	if (t->power != before.power) {
		snprintf(text, sizeof(text), "%c", t->power);
		sim_trace_text(t, at, "power", text);
	}
	if (t->mode != before.mode) {
		snprintf(text, sizeof(text), "%u", t->mode);
		sim_trace_text(t, at, "mode", text);
	}
	if (memcmp(t->output, before.output, sizeof(t->output)) != 0) {
		snprintf(text, sizeof(text), "A=%u%s B=%u%s", t->output[0] / 2,
			 t->output[0] % 2 != 0 ? ".5" : "", t->output[1] / 2,
			 t->output[1] % 2 != 0 ? ".5" : "");
		sim_trace_text(t, at, "level", text);
	}
}

/*
 * What follows what (dialog.h); the words are in dialog_words.c.
 */
#include "agent/setup/dialog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/values.h"

void
dialog_begin(struct dialog *d, const struct options *o, const struct wish *wish)
{
	*d = (struct dialog){
		.step = wish->host ? STEP_REACH : STEP_SERVER,
		.o = *o,
		.begun = *o,
		.wish = *wish,
		.port = -1,
	};
}

static uint8_t *
cap(struct dialog *d)
{
	return &d->o.settings.limits.cap[d->power][d->channel];
}

/* The way to the knob of this channel: through zero, where there is a box. */
static void
begin_cap(struct dialog *d, uint8_t power, uint8_t channel)
{
	d->power = power;
	d->channel = channel;
	d->step = d->without_box ? STEP_LEVEL : STEP_ZERO;
}

static void
end_cap(struct dialog *d, uint8_t percent, const struct sight *s)
{
	*cap(d) = percent;
	if (d->channel == 0) {
		begin_cap(d, d->power, 1);
	} else if (d->power == 0) {
		d->step = STEP_HIGH;
	} else {
		d->step = s->ok && s->power == 1 && !d->without_box ? STEP_LOWER
								    : STEP_LOCK_POWER;
		d->next = STEP_LOCK_POWER;
	}
}

/* A whole number from `low` to `high`, or -1. */
static int
number(const char *line, int low, int high)
{
	char *end;
	long n = strtol(line, &end, 10);

	return *line >= '0' && *line <= '9' && *end == '\0' && n >= low && n <= high ? (int)n : -1;
}

/* Page and certificate authority belong to a server: nobody's link should lead to the page of
 * another one, nor is that one's authority asked about this. */
static void
take_server(struct dialog *d, char say[DIALOG_TEXT])
{
	const struct options *begun = &d->begun;
	bool other = begun->host[0] != '\0' && strcmp(begun->host, d->o.host) != 0;
	char usual[VALUE_TEXT];

	memcpy(d->o.page, begun->page, sizeof(d->o.page));
	memcpy(d->o.ca, begun->ca, sizeof(d->o.ca));
	values_page(begun, usual);
	if ((other && !d->wish.page) || strcmp(usual, begun->page) == 0) {
		d->o.page[0] = '\0'; /* it follows from the server */
	}
	if (other && !d->wish.ca && begun->ca[0] != '\0') {
		d->o.ca[0] = '\0';
		snprintf(say, DIALOG_TEXT,
			 "The certificate file of your settings was for %s; for this server the "
			 "authorities of the system are asked.\n",
			 begun->host);
	}
	options_finish(&d->o);
	d->step = STEP_REACH;
}

static void
answer_server(struct dialog *d, const char *line, char say[DIALOG_TEXT])
{
	char text[VALUE_TEXT], expects[EXPECTS_TEXT];
	int server = values_find("server");

	if (*line == '\0') {
		line = values_text(&d->o, server, text);
	}
	if (values_set(&d->o, server, line) < 0) {
		snprintf(say, DIALOG_TEXT, "That is no server's name. Expected is %s.",
			 values_expects(server, expects));
		return;
	}
	take_server(d, say);
}

void
dialog_reached(struct dialog *d, const char *why)
{
	if (d->step == STEP_REACH) {
		d->step = why != NULL && !d->wish.host ? STEP_KEEP : STEP_BOX;
	}
}

void
dialog_which(struct dialog *d, const struct port *ports, int count)
{
	d->count = count < MAX_PORTS ? count : MAX_PORTS;
	memcpy(d->ports, ports, (size_t)d->count * sizeof(*ports));
	if (d->step == STEP_BOX) {
		d->step = STEP_WHICH;
	}
}

/* Where the box is needed, and answers. */
static void
box_there(struct dialog *d, const struct sight *s)
{
	bool low = s->power == 0;

	switch (d->step) {
	case STEP_BOX:
		d->step = low || d->power == 1 ? STEP_ZERO : STEP_POWER;
		break;
	case STEP_POWER:
		d->step = low ? STEP_ZERO : STEP_POWER;
		break;
	case STEP_LOWER:
		d->step = low ? d->next : STEP_LOWER;
		break;
	case STEP_ZERO:
		d->step = s->zero ? STEP_LEVEL : STEP_ZERO;
		break;
	default:
		d->step = low || d->power == 1 ? STEP_LEVEL : STEP_POWER;
	}
}

void
dialog_box(struct dialog *d, const struct sight *s)
{
	bool needed = d->step == STEP_POWER || d->step == STEP_LOWER || d->step == STEP_ZERO ||
		      d->step == STEP_LEVEL;

	if (d->without_box || (d->step != STEP_BOX && !needed)) {
		return;
	}
	if (s->ok) {
		box_there(d, s);
	} else if (d->step == STEP_LOWER && d->next == STEP_LOCK_POWER) {
		d->step = STEP_LOCK_POWER; /* the caps are known: the box is not needed any more */
	} else {
		d->step = STEP_BOX;
	}
}

static void
answer_box(struct dialog *d, const char *line)
{
	if (strcmp(line, "s") == 0) {
		d->without_box = true;
		begin_cap(d, d->power, d->channel);
	}
}

static void
answer_which(struct dialog *d, const char *line, char say[DIALOG_TEXT])
{
	int n = number(line, 1, d->count);

	if (n < 0) {
		snprintf(say, DIALOG_TEXT, "Please type a number from 1 to %d.", d->count);
		return;
	}
	d->port = n - 1;
	memcpy(d->o.box, d->ports[d->port].path, sizeof(d->o.box));
	d->step = STEP_BOX;
}

static void
answer_level(struct dialog *d, const char *line, const struct sight *s, char say[DIALOG_TEXT])
{
	int n = number(line, 0, 100);

	if (strcmp(line, "s") == 0) {
		end_cap(d, 0, s);
	} else if (strcmp(line, "k") == 0 || (*line == '\0' && d->without_box)) {
		end_cap(d, *cap(d), s);
	} else if (*line == '\0' && (!s->ok || s->power < d->power)) {
		snprintf(say, DIALOG_TEXT, "%s",
			 !s->ok ? "The box does not answer."
				: "The box is still at low power. Switch it to high at the box, or "
				  "type a number.");
	} else if (*line == '\0' && s->power != d->power) {
		d->step = STEP_POWER;
	} else if (*line == '\0' || n >= 0) {
		d->taken = n >= 0 ? (uint8_t)n : s->level[d->channel];
		d->step = STEP_TAKEN;
	} else {
		snprintf(say, DIALOG_TEXT,
			 "Please press Enter at your most, or type 0 to 100, or s.");
	}
}

/* Steps with numbered answers: what each number does. */
static void
choose(struct dialog *d, int n, const struct sight *s)
{
	struct limits_settings *l = &d->o.settings.limits;

	switch (d->step) {
	case STEP_KEEP:
		d->step = n == 1 ? STEP_BOX : STEP_SERVER;
		break;
	case STEP_POWER:
		d->next = STEP_ZERO;
		d->step = n == 1 ? STEP_LOWER : STEP_POWER;
		break;
	case STEP_TAKEN:
		if (n == 1) {
			end_cap(d, d->taken, s);
		} else {
			begin_cap(d, d->power, d->channel);
		}
		break;
	case STEP_HIGH:
		if (n == 2) {
			begin_cap(d, 1, 0);
			break;
		}
		if (n == 1) {
			memset(l->cap[1], 0, sizeof(l->cap[1]));
		}
		d->step = STEP_LOCK_POWER;
		break;
	case STEP_LOCK_POWER:
		l->lock_power = n == 1;
		d->step = STEP_LOCK_MODE;
		break;
	case STEP_LOCK_MODE:
		l->lock_mode = n == 2;
		d->step = STEP_ADMIT;
		break;
	case STEP_ADMIT:
		d->o.settings.ask = n == 1;
		d->step = STEP_WRITE;
		break;
	default:
		d->start = n == 1;
		d->step = STEP_DONE;
	}
}

/* How many numbered answers a step has; 0: another kind of step. */
static int
choices(const struct dialog *d)
{
	const uint8_t *high = d->o.settings.limits.cap[1];

	switch (d->step) {
	case STEP_HIGH:
		return high[0] != 0 || high[1] != 0 ? 3 : 2;
	case STEP_KEEP:
	case STEP_POWER:
	case STEP_TAKEN:
	case STEP_LOCK_POWER:
	case STEP_LOCK_MODE:
	case STEP_ADMIT:
	case STEP_WRITE:
		return 2;
	default:
		return 0;
	}
}

void
dialog_default(const struct dialog *d, char out[VALUE_TEXT])
{
	const struct limits_settings *l = &d->o.settings.limits;
	int n = choices(d) == 0 ? 0 : 1;

	out[0] = '\0';
	if (d->step == STEP_SERVER) {
		(void)values_text(&d->o, values_find("server"), out);
	} else if (d->step == STEP_LEVEL && d->without_box) {
		snprintf(out, VALUE_TEXT, "%u", l->cap[d->power][d->channel]);
	} else if ((d->step == STEP_LOCK_POWER && !l->lock_power) ||
		   (d->step == STEP_LOCK_MODE && l->lock_mode) ||
		   (d->step == STEP_ADMIT && !d->o.settings.ask)) {
		n = 2;
	} else if (d->step == STEP_HIGH && choices(d) == 3) {
		n = 3;
	}
	if (n > 0) {
		snprintf(out, VALUE_TEXT, "%d", n);
	}
}

static void
answer_choice(struct dialog *d, const char *line, const struct sight *s, char say[DIALOG_TEXT])
{
	char usual[VALUE_TEXT];
	int n;

	dialog_default(d, usual);
	n = number(*line == '\0' ? usual : line, 1, choices(d));
	if (n < 0) {
		snprintf(say, DIALOG_TEXT, "Please type a number from 1 to %d.", choices(d));
		return;
	}
	choose(d, n, s);
}

void
dialog_answer(struct dialog *d, const char *line, const struct sight *s, char say[DIALOG_TEXT])
{
	say[0] = '\0';
	if (strcmp(line, "q") == 0) {
		d->step = STEP_QUIT;
	} else if (d->step == STEP_SERVER) {
		answer_server(d, line, say);
	} else if (d->step == STEP_BOX) {
		answer_box(d, line);
	} else if (d->step == STEP_WHICH) {
		answer_which(d, line, say);
	} else if (d->step == STEP_LEVEL) {
		answer_level(d, line, s, say);
	} else if (choices(d) > 0) {
		answer_choice(d, line, s, say);
	}
}

/*
 * Lines of standard input to the simulated box; see hand.h. Runs in tether-box only. Input: the
 * person or the test that runs it.
 */
#include "agent/sim/hand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1000000 /* milliseconds, lines: more is a slip of the finger */

struct hand {
	struct sim_box *box;
	uint64_t now;
	const char *first, *second; /* "" when not given */
};

/* A whole number up to max; 0 or -1. */
static int
read_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	if (text[0] < '0' || text[0] > '9') {
		return -1;
	}
	*value = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0' && *value <= max ? 0 : -1;
}

static int
hand_knob(const struct hand *h)
{
	static const char channels[] = "ABCD";
	const char *channel = strchr(channels, h->first[0]);
	char percent[8];
	unsigned long value;
	size_t len = strcspn(h->second, ".");
	bool half = strcmp(h->second + len, ".5") == 0; /* knobs make half steps */

	if (h->first[0] == '\0' || h->first[1] != '\0' || channel == NULL ||
	    len >= sizeof(percent)) {
		return -1;
	}
	memcpy(percent, h->second, len);
	percent[len] = '\0';
	if ((!half && h->second[len] != '\0') || read_number(percent, 100, &value) != 0 ||
	    value * 2 + half > 200) {
		return -1;
	}
	sim_model_turn(&h->box->model, (enum sim_channel)(channel - channels),
		       (uint8_t)(value * 2 + half));
	return 0;
}

static int
hand_mode(const struct hand *h)
{
	int number = sim_model_mode_number(&h->box->model, h->first);
	unsigned long value;

	if (number < 0 && read_number(h->first, 255, &value) == 0) {
		number = (int)
			value; /* by hand every number can be had: 14 is the microphone on 2.106 */
	}
	if (number < 0) {
		return -1;
	}
	sim_model_set_mode(&h->box->model, (uint8_t)number);
	return 0;
}

static int
hand_power(const struct hand *h)
{
	struct sim_model *m = &h->box->model;

	if (strcmp(h->first, "low") == 0) {
		sim_model_set_power(m, 'L');
	} else if (strcmp(h->first, "high") == 0) {
		sim_model_set_power(m, 'H');
	} else if (strcmp(h->first, "dynamic") == 0 && (m->firmware->features & SIM_DYNAMIC) != 0) {
		sim_model_set_power(m, 'D');
	} else if (strcmp(h->first, "off") == 0 || strcmp(h->first, "on") == 0) {
		sim_model_switch(m, h->first[1] == 'n');
	} else {
		return -1;
	}
	return 0;
}

/* Reads one of two words into *on. 0 or -1. */
static int
read_switch(const char *word, const char *on_word, const char *off_word, bool *on)
{
	*on = strcmp(word, on_word) == 0;
	return *on || strcmp(word, off_word) == 0 ? 0 : -1;
}

static int
hand_menu(const struct hand *h)
{
	return read_switch(h->first, "open", "close", &h->box->serial.menu);
}

static int
hand_join(const struct hand *h)
{
	return read_switch(h->first, "on", "off", &h->box->model.join);
}

static int
hand_battery(const struct hand *h)
{
	unsigned long value;

	if (read_number(h->first, UINT32_MAX, &value) != 0) {
		return -1;
	}
	h->box->model.battery = (uint32_t)value;
	return 0;
}

static int
hand_late(const struct hand *h)
{
	unsigned long ms;

	if (read_number(h->first, MANY, &ms) != 0) {
		return -1;
	}
	h->box->serial.late_ns = (uint64_t)ms * 1000000;
	return 0;
}

static int
hand_mute(const struct hand *h)
{
	unsigned long count;

	if (read_number(h->first, MANY, &count) != 0) {
		return -1;
	}
	h->box->serial.mute = (unsigned)count;
	return 0;
}

static int
hand_extra(const struct hand *h)
{
	if (strcmp(h->first, "line") != 0) {
		return -1;
	}
	h->box->serial.extra++;
	return 0;
}

static int
hand_cut(const struct hand *h)
{
	if (strcmp(h->first, "line") != 0) {
		return -1;
	}
	h->box->serial.cut++;
	return 0;
}

static int
hand_err(const struct hand *h)
{
	h->box->serial.err++;
	return 0;
}

static int
hand_unplug(const struct hand *h)
{
	sim_port_close(&h->box->port);
	return 0;
}

static int
hand_plug(const struct hand *h)
{
	return h->box->port.master >= 0 ? 0 : sim_port_open(&h->box->port, h->box->link);
}

static const struct {
	const char *word, *usage;
	int (*act)(const struct hand *h);
} words[] = {
	{"knob", "A|B|C|D PERCENT", hand_knob},
	{"mode", "NAME|NUMBER", hand_mode},
	{"power", "low|high|dynamic|off|on", hand_power},
	{"menu", "open|close", hand_menu},
	{"join", "on|off", hand_join},
	{"battery", "NUMBER", hand_battery},
	{"late", "MS", hand_late},
	{"mute", "REPLIES", hand_mute},
	{"extra", "line", hand_extra},
	{"cut", "line", hand_cut},
	{"err", "", hand_err},
	{"unplug", "", hand_unplug},
	{"plug", "", hand_plug},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static void
list_words(const char *line, char *why, size_t cap)
{
	int n = snprintf(why, cap, "not understood: \"%s\"; known are:", line);

	for (size_t i = 0; i < WORDS && n > 0 && (size_t)n < cap; i++) {
		n += snprintf(why + n, cap - (size_t)n, "%s %s%s%s", i > 0 ? "," : "",
			      words[i].word, words[i].usage[0] != '\0' ? " " : "", words[i].usage);
	}
}

int
sim_hand(struct sim_box *box, char *line, uint64_t now, char *why, size_t cap)
{
	static char none[] = "";
	char *rest = NULL, *word = strtok_r(line, " \t\r", &rest);
	char *first = strtok_r(NULL, " \t\r", &rest), *second = strtok_r(NULL, " \t\r", &rest);
	struct hand h = {box, now, first != NULL ? first : none, second != NULL ? second : none};

	if (word == NULL) {
		return 0;
	}
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(words[i].word, word) != 0) {
			continue;
		}
		if (words[i].act(&h) == 0) {
			sim_serial_wake(&box->serial, now);
			return 0;
		}
		if (words[i].usage[0] == '\0') {
			snprintf(why, cap, "can't %s: %s", word, strerror(errno));
		} else {
			snprintf(why, cap, "expected: %s %s", word, words[i].usage);
		}
		return -1;
	}
	list_words(word, why, cap);
	return -1;
}

/*
 * The simulated box's state and commands; see model.h. Runs in tether-box only. Input: bytes of the
 * program under test, so any bytes at all. Shares no table with the driver that it is there to
 * test.
 */
#include "agent/sim/model.h"

#include <stdio.h>
#include <string.h>

#define RAW_MAX 200
#define RAW_START 100	/* C and D after any reset: 50 % */
#define BATTERY_OFF 230 /* below 320 is what an off box on a live cable was seen to say */

/* 2.116B and 2.118B print 16-bit battery values. That 2.116B has the beta's mode numbers is an
 * inference: no source says. */
static const struct sim_firmware firmwares[] = {
	{"2.105", SIM_LOW_RESETS, 512},
	{"2.106", SIM_LOW_RESETS, 540},
	{"2.116B", SIM_LOW_RESETS | SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_FAST, 32772},
	{"2.118B", SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_FAST | SIM_MAP, 49664},
	{"2.119B", SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_FAST | SIM_MAP | SIM_DYNAMIC, 540},
	{"2.120B",
	 SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_MAP | SIM_DYNAMIC | SIM_WARP | SIM_ERR, 540},
	{"2.122B",
	 SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_MAP | SIM_DYNAMIC | SIM_WARP | SIM_ERR, 540},
	{"2.131B",
	 SIM_BETA_MODES | SIM_STEPS | SIM_JOIN | SIM_MAP | SIM_DYNAMIC | SIM_WARP | SIM_ERR, 762},
};

/* Modes by wire name; the index is the beta's number. -1: this firmware has no such mode. */
static const struct {
	const char *name;
	int older; /* number up to 2.106 */
} modes[] = {
	{"pulse", 0},  {"bounce", 1},	 {"continuous", 2}, {"flo", -1},    {"asplit", 3},
	{"bsplit", 4}, {"wave", 5},	 {"waterfall", 6},  {"squeeze", 7}, {"milk", 8},
	{"throb", 9},  {"thrust", 10},	 {"cycle", -1},	    {"twist", -1},  {"random", 11},
	{"step", 12},  {"training", 13},
};

#define OLDER_MODES 14
#define BETA_MODES (sizeof(modes) / sizeof(modes[0]))

/* What followed the letter of a command. */
struct argument {
	enum { ARG_NONE, ARG_NUMBER, ARG_UP, ARG_DOWN, ARG_BAD } kind;
	unsigned number;
};

static bool
has(const struct sim_model *m, enum sim_feature feature)
{
	return (m->firmware->features & feature) != 0;
}

static void
zero_levels(struct sim_model *m)
{
	m->raw[SIM_A] = 0;
	m->raw[SIM_B] = 0;
}

static void
reset(struct sim_model *m)
{
	zero_levels(m);
	m->raw[SIM_C] = RAW_START;
	m->raw[SIM_D] = RAW_START;
	m->mode = 0;
	m->power = 'L';
	m->join = false;
	m->bias = m->map = m->warp = m->ramp = 0;
	m->fast = false;
}

const struct sim_firmware *
sim_firmware_at(size_t i)
{
	return i < sizeof(firmwares) / sizeof(firmwares[0]) ? &firmwares[i] : NULL;
}

const struct sim_firmware *
sim_firmware_find(const char *version)
{
	const struct sim_firmware *f;

	for (size_t i = 0; (f = sim_firmware_at(i)) != NULL; i++) {
		if (strcmp(f->version, version) == 0) {
			return f;
		}
	}
	return NULL;
}

void
sim_model_init(struct sim_model *m, const struct sim_firmware *firmware)
{
	*m = (struct sim_model){.firmware = firmware, .battery = firmware->battery};
	reset(m);
}

/* With the channels joined a change of either moves both: no source says what the status shows
 * then, so the simulator takes the case that is worst for a cap. */
void
sim_model_turn(struct sim_model *m, enum sim_channel channel, uint8_t raw)
{
	if (raw > RAW_MAX) {
		return;
	}
	m->raw[channel] = raw;
	if (m->join && channel <= SIM_B) {
		m->raw[SIM_A] = raw;
		m->raw[SIM_B] = raw;
	}
}

/* Whether the present mode, set again, resets as well is in no source; here it does. */
void
sim_model_set_mode(struct sim_model *m, uint8_t number)
{
	zero_levels(m);
	m->raw[SIM_C] = RAW_START;
	m->raw[SIM_D] = RAW_START;
	m->mode = number;
}

void
sim_model_set_power(struct sim_model *m, char power)
{
	if (power == 'L' && has(m, SIM_LOW_RESETS)) {
		reset(m);
		return;
	}
	zero_levels(m);
	m->power = power;
	if (power == 'D') {
		m->bias = 0;
	}
}

/* That a box comes up at its defaults is an assumption: no source says what it remembers. */
void
sim_model_switch(struct sim_model *m, bool on)
{
	m->off = !on;
	reset(m);
}

uint8_t
sim_model_output(const struct sim_model *m, enum sim_channel channel)
{
	return m->off ? 0 : m->raw[channel];
}

int
sim_model_mode_number(const struct sim_model *m, const char *name)
{
	for (size_t i = 0; i < BETA_MODES; i++) {
		if (strcmp(modes[i].name, name) == 0) {
			return has(m, SIM_BETA_MODES) ? (int)i : modes[i].older;
		}
	}
	return -1;
}

/* A command whose argument is a number from min to max sets a field; others change nothing. No
 * source says what the box does with a number out of range; ignoring it is the mildest guess. */
static void
set_field(uint8_t *field, const struct argument *a, unsigned max)
{
	if (a->kind == ARG_NUMBER && a->number <= max) {
		*field = (uint8_t)a->number;
	}
}

static void
act_channel(struct sim_model *m, char letter, const struct argument *a)
{
	static const unsigned lowest[] = {0, 0, 2, 1}; /* percent */
	enum sim_channel channel = (enum sim_channel)(letter - 'A');
	unsigned raw = m->raw[channel];

	if (a->kind == ARG_NUMBER && a->number <= RAW_MAX / 2) {
		raw = a->number * 2;
	} else if (a->kind == ARG_UP && has(m, SIM_STEPS)) {
		raw += 2;
	} else if (a->kind == ARG_DOWN && has(m, SIM_STEPS)) {
		raw -= 2; /* below 0 wraps to out of range */
	} else {
		return;
	}
	if (raw >= lowest[channel] * 2 && raw <= RAW_MAX) {
		sim_model_turn(m, channel, (uint8_t)raw);
	}
}

static void
act_mode(struct sim_model *m, char letter, const struct argument *a)
{
	unsigned count = has(m, SIM_BETA_MODES) ? (unsigned)BETA_MODES : OLDER_MODES;

	(void)letter;
	if (a->kind == ARG_NUMBER && a->number < count) {
		sim_model_set_mode(m, (uint8_t)a->number);
	}
}

static void
act_power(struct sim_model *m, char letter, const struct argument *a)
{
	if (a->kind == ARG_NONE) {
		sim_model_set_power(m, letter == 'Y' ? 'D' : letter);
	}
}

static void
act_plain(struct sim_model *m, char letter, const struct argument *a)
{
	if (a->kind != ARG_NONE) {
		return;
	}
	if (letter == 'K') {
		zero_levels(m);
	} else if (letter == 'E') {
		reset(m);
	} else {
		m->fast = true;
	}
}

static void
act_option(struct sim_model *m, char letter, const struct argument *a)
{
	if (letter == 'J' && a->kind == ARG_NUMBER && a->number <= 1) {
		m->join = a->number == 1;
	} else if (letter == 'Q') {
		set_field(&m->bias, a, 3);
	} else if (letter == 'O') {
		set_field(&m->map, a, 2);
	} else if (letter == 'W') {
		set_field(&m->warp, a, 5);
	} else if (letter == 'R') {
		set_field(&m->ramp, a, 3);
	}
}

/* V and whatever is not here only ask for the status. So does J on 2.106: the sources contradict
 * each other, and the maker's own program does not offer it there. */
static const struct {
	char letter;
	unsigned needs; /* features */
	void (*act)(struct sim_model *m, char letter, const struct argument *a);
} commands[] = {
	{'A', 0, act_channel},
	{'B', 0, act_channel},
	{'C', 0, act_channel},
	{'D', 0, act_channel},
	{'M', 0, act_mode},
	{'H', 0, act_power},
	{'L', 0, act_power},
	{'Y', SIM_DYNAMIC, act_power},
	{'K', 0, act_plain},
	{'E', 0, act_plain},
	{'Z', SIM_FAST, act_plain},
	{'J', SIM_JOIN, act_option},
	{'Q', SIM_DYNAMIC, act_option},
	{'O', SIM_MAP, act_option},
	{'W', SIM_WARP, act_option},
	{'R', SIM_WARP, act_option},
};

static struct argument
read_argument(const char *text, size_t len)
{
	struct argument a = {ARG_NUMBER, 0};

	if (len == 0) {
		a.kind = ARG_NONE;
	} else if (len == 1 && (text[0] == '+' || text[0] == '-')) {
		a.kind = text[0] == '+' ? ARG_UP : ARG_DOWN;
	} else {
		for (size_t i = 0; i < len; i++) {
			if (text[i] < '0' || text[i] > '9' || a.number > 999) {
				a.kind = ARG_BAD;
				break;
			}
			a.number = a.number * 10 + (unsigned)(text[i] - '0');
		}
	}
	return a;
}

static void
act(struct sim_model *m, const char *line, size_t len)
{
	struct argument a;

	if (len == 0 || m->off) {
		return;
	}
	a = read_argument(line + 1, len - 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		unsigned needs = commands[i].needs;

		if (commands[i].letter == line[0] && (m->firmware->features & needs) == needs) {
			commands[i].act(m, line[0], &a);
		}
	}
}

size_t
sim_model_command(struct sim_model *m, const char *line, size_t len, char reply[SIM_REPLY])
{
	/* Senders of LF CR or CR LF leave their LF at either end. */
	while (len > 0 && line[len - 1] == '\n') {
		len--;
	}
	while (len > 0 && line[0] == '\n') {
		line++;
		len--;
	}
	if (len > 0 && line[0] == ';') {
		reply[0] = '\0';
		return 0;
	}
	act(m, line, len);
	return sim_model_status(m, reply);
}

size_t
sim_model_status(const struct sim_model *m, char reply[SIM_REPLY])
{
	const struct {
		bool shown;
		unsigned value;
	} tail[] = {
		{has(m, SIM_DYNAMIC), m->bias}, {true, m->join},
		{has(m, SIM_MAP), m->map},	{has(m, SIM_WARP), m->warp},
		{has(m, SIM_WARP), m->ramp},
	};
	int n = snprintf(reply, SIM_REPLY, "%u:%u:%u:%u:%u:%u:%c",
			 m->off ? (unsigned)BATTERY_OFF : (unsigned)m->battery,
			 sim_model_output(m, SIM_A), sim_model_output(m, SIM_B), m->raw[SIM_C],
			 m->raw[SIM_D], m->mode, m->power);

	for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++) {
		if (tail[i].shown) {
			n += snprintf(reply + n, SIM_REPLY - (size_t)n, ":%u", tail[i].value);
		}
	}
	n += snprintf(reply + n, SIM_REPLY - (size_t)n, ":%s\n", m->firmware->version);
	return (size_t)n;
}

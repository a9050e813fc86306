/*
 * A simulated 2B power box, without any input or output: what it holds, what a command changes and
 * how it answers. Sources: the E-Stim Systems 2B's serial commands as users have measured them;
 * where no source says what the box does, the comment at that line says so.
 */
#ifndef TETHER_SIM_MODEL_H
#define TETHER_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_REPLY 80 /* longest status line: 13 fields, 10-digit battery, LF and NUL: under 60 */

/* What sets a firmware apart. The number of status fields follows: 9, +1 map, +1 bias, +2 warp. */
enum sim_feature {
	SIM_BETA_MODES = 1,  /* 17 modes with the newer numbers; else 14 */
	SIM_STEPS = 2,	     /* A+ A- ... D- */
	SIM_JOIN = 4,	     /* J0, J1; else join shows what the box's own menu says */
	SIM_MAP = 8,	     /* O0..O2 and its status field */
	SIM_DYNAMIC = 16,    /* Y, Q0..Q3 and the bias field */
	SIM_WARP = 32,	     /* W0..W5, R0..R3 and their fields */
	SIM_ERR = 64,	     /* an overrun of the receive buffer is answered ERR */
	SIM_FAST = 128,	     /* Z switches to 57600 baud */
	SIM_LOW_RESETS = 256 /* L resets mode, C and D too */
};

struct sim_firmware {
	const char *version; /* as in the status line */
	unsigned features;   /* OR of enum sim_feature */
	uint32_t battery;    /* a value seen with this firmware */
};

enum sim_channel { SIM_A, SIM_B, SIM_C, SIM_D };

struct sim_model {
	const struct sim_firmware *firmware;
	uint32_t battery; /* as printed */
	uint8_t raw[4];	  /* A B C D, doubled: 0..200 */
	uint8_t mode;	  /* this firmware's number; any number when set by hand */
	char power;	  /* 'L', 'H', 'D' dynamic */
	uint8_t bias, map, warp, ramp;
	bool join;
	bool off;  /* switched off at the box; the cable still feeds the link */
	bool fast; /* 57600 baud after Z */
};

/* The firmware of a version text such as "2.106", or NULL. */
const struct sim_firmware *sim_firmware_find(const char *version);
/* The i-th firmware, or NULL after the last one: for lists in messages. */
const struct sim_firmware *sim_firmware_at(size_t i);

/* A box as it is when switched on: low power, mode 0, A = B = 0, C = D = 50. */
void sim_model_init(struct sim_model *m, const struct sim_firmware *firmware);

/* Acts on one command: `len` bytes without the CR that ended it; LFs in it are passed over. Writes
 * the status line with LF and NUL. Returns its length; 0 for a line that begins with `;`, which
 * no box answers. What is unknown or out of range changes nothing. */
size_t sim_model_command(struct sim_model *m, const char *line, size_t len, char reply[SIM_REPLY]);

/* Writes the status line with LF and NUL; returns its length. */
size_t sim_model_status(const struct sim_model *m, char reply[SIM_REPLY]);

/* What really leaves the sockets of A or B, raw 0..200: nothing while switched off. */
uint8_t sim_model_output(const struct sim_model *m, enum sim_channel channel);

/* The wearer's hand at the box: a knob, raw 0..200 (knobs make half percents), the mode, the
 * power ('L', 'H', 'D'), the switch. Side effects as for the commands. */
void sim_model_turn(struct sim_model *m, enum sim_channel channel, uint8_t raw);
void sim_model_set_mode(struct sim_model *m, uint8_t number);
void sim_model_set_power(struct sim_model *m, char power);
void sim_model_switch(struct sim_model *m, bool on);

/* The number of a mode's wire name ("asplit") on this firmware, or -1. */
int sim_model_mode_number(const struct sim_model *m, const char *name);

#endif

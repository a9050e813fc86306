/*
 * The 2B's modes by name. The index is ours and fixed: it is what frames and the canonical form of
 * a command carry. It happens to equal the number on beta firmware; numbers for a given firmware
 * live in agent/box/ (docs/BOX.md, section 4).
 */
#ifndef TETHER_MODES_H
#define TETHER_MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode {
	MODE_PULSE, MODE_BOUNCE, MODE_CONTINUOUS, MODE_FLO, MODE_ASPLIT, MODE_BSPLIT, MODE_WAVE,
	MODE_WATERFALL, MODE_SQUEEZE, MODE_MILK, MODE_THROB, MODE_THRUST, MODE_CYCLE, MODE_TWIST,
	MODE_RANDOM, MODE_STEP, MODE_TRAINING,
	MODE_COUNT,
	MODE_OTHER = 255 /* what the box reports in Microphone, Stereo, Tickle or unknown */
};

/* Does a changed level act late, at the next step only (docs/BOX.md, section 4)? `modes`: what this
 * firmware can be set to. Where Step is not among them any mode that is not known may be it. */
static inline bool
mode_is_late(unsigned mode, uint32_t modes)
{
	return mode == MODE_STEP || mode == MODE_TRAINING ||
	       (mode == MODE_OTHER && (modes >> MODE_STEP & 1) == 0);
}

/* The name on the wire: "pulse", "asplit", ... "training"; "other" for anything else. */
const char *mode_name(unsigned mode);

/* The name for people: "Pulse", "A Split", ... */
const char *mode_title(unsigned mode);

/* The mode of a wire name, or -1. */
int mode_from_name(const char *name);

#endif

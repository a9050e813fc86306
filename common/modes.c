/* The modes' names, in the order of enum mode. Any process; pure. */
#include "common/modes.h"

#include <string.h>

static const struct {
	const char *name, *title;
} modes[MODE_COUNT] = {
	[MODE_PULSE] = {"pulse", "Pulse"},
	[MODE_BOUNCE] = {"bounce", "Bounce"},
	[MODE_CONTINUOUS] = {"continuous", "Continuous"},
	[MODE_FLO] = {"flo", "Flo"},
	[MODE_ASPLIT] = {"asplit", "A Split"},
	[MODE_BSPLIT] = {"bsplit", "B Split"},
	[MODE_WAVE] = {"wave", "Wave"},
	[MODE_WATERFALL] = {"waterfall", "Waterfall"},
	[MODE_SQUEEZE] = {"squeeze", "Squeeze"},
	[MODE_MILK] = {"milk", "Milk"},
	[MODE_THROB] = {"throb", "Throb"},
	[MODE_THRUST] = {"thrust", "Thrust"},
	[MODE_CYCLE] = {"cycle", "Cycle"},
	[MODE_TWIST] = {"twist", "Twist"},
	[MODE_RANDOM] = {"random", "Random"},
	[MODE_STEP] = {"step", "Step"},
	[MODE_TRAINING] = {"training", "Training"},
};

const char *
mode_name(unsigned mode)
{
	return mode < MODE_COUNT ? modes[mode].name : "other";
}

const char *
mode_title(unsigned mode)
{
	return mode < MODE_COUNT ? modes[mode].title : "Other";
}

int
mode_from_name(const char *name)
{
	for (int i = 0; i < MODE_COUNT; i++) {
		if (strcmp(modes[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

/* See count.h. Gateway process. */
#include "gateway/count.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "tether_gateway_"
#define ROUND_TRIP PREFIX "round_trip_seconds"

/* Upper bounds in milliseconds; what took longer is in +Inf alone. The wearer's hold is 5 s. */
static const unsigned bounds[] = {10, 25, 50, 100, 250, 500, 1000, 2500, 5000};

#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

static uint64_t counts[COUNT_COUNT];
static struct {
	uint64_t within[BOUNDS], count, ms; /* within[i]: up to bounds[i] and above bounds[i - 1] */
} trips;

#define REFUSED PREFIX "refused_total"
#define ENDED PREFIX "ended_total"
static const char refused[] = "Pages sent away before they joined, by reason";
static const char ended[] = "Pages cut off after they had joined, by reason";

static const struct {
	const char *name, *labels, *help;
} texts[COUNT_COUNT] = {
	[COUNT_PAGES] = {PREFIX "pages_total", "", "WebSocket connections opened"},
	[COUNT_JOINED] = {PREFIX "joined_total", "", "Pages that joined a session"},
	[COUNT_REFUSED_FORGED] = {REFUSED, "reason=\"forged\"", refused},
	[COUNT_REFUSED_EXPIRED] = {REFUSED, "reason=\"expired\"", refused},
	[COUNT_REFUSED_REVOKED] = {REFUSED, "reason=\"revoked\"", refused},
	[COUNT_REFUSED_LIMITED] = {REFUSED, "reason=\"limited\"", refused},
	[COUNT_REFUSED_BUSY] = {REFUSED, "reason=\"busy\"", refused},
	[COUNT_REFUSED_AWAY] = {REFUSED, "reason=\"away\"", refused},
	[COUNT_REFUSED_LATE] = {REFUSED, "reason=\"late\"", refused},
	[COUNT_REFUSED_PROTOCOL] = {REFUSED, "reason=\"protocol\"", refused},
	[COUNT_REFUSED_FAILED] = {REFUSED, "reason=\"failed\"", refused},
	[COUNT_ENDED_EXPIRED] = {ENDED, "reason=\"expired\"", ended},
	[COUNT_ENDED_REVOKED] = {ENDED, "reason=\"revoked\"", ended},
	[COUNT_ENDED_AWAY] = {ENDED, "reason=\"away\"", ended},
	[COUNT_ENDED_PROTOCOL] = {ENDED, "reason=\"protocol\"", ended},
	[COUNT_COMMANDS] = {PREFIX "commands_total", "", "Commands passed on"},
	[COUNT_COMMANDS_REFUSED] = {PREFIX "commands_refused_total", "", "Commands refused"},
	[COUNT_STOPS] = {PREFIX "stops_total", "", "Stops among the commands passed on"},
	[COUNT_STATES] = {PREFIX "states_total", "", "States taken for pages"},
	[COUNT_BOX_FAULTS] = {PREFIX "box_faults_total", "",
			      "Times that a box in a joined session stopped answering"},
	[COUNT_SLOW] = {PREFIX "slow_total", "", "Pages dropped for reading too slowly"},
	[COUNT_TURNED_AWAY] = {PREFIX "turned_away_total", "",
			       "Connections over a limit, or of another site's page"},
};

void
count_add(enum count c)
{
	counts[c]++;
}

void
count_round_trip(uint64_t ms)
{
	trips.count++;
	trips.ms += ms;
	for (size_t i = 0; i < BOUNDS; i++) {
		if (ms <= bounds[i]) {
			trips.within[i]++;
			return;
		}
	}
}

static void
expose_round_trip(struct exposition *e)
{
	char label[32];
	uint64_t sum = 0;

	expose_metric(e, ROUND_TRIP, "histogram", "From a state written to a page to its answer");
	for (size_t i = 0; i < BOUNDS; i++) {
		sum += trips.within[i];
		snprintf(label, sizeof(label), "le=\"%g\"", bounds[i] / 1000.0);
		expose_sample(e, ROUND_TRIP, "_bucket", label, (double)sum);
	}
	expose_sample(e, ROUND_TRIP, "_bucket", "le=\"+Inf\"", (double)trips.count);
	expose_sample(e, ROUND_TRIP, "_sum", "", (double)trips.ms / 1000.0);
	expose_sample(e, ROUND_TRIP, "_count", "", (double)trips.count);
}

void
count_expose(struct exposition *e)
{
	for (int i = 0; i < COUNT_COUNT; i++) {
		if (i == 0 || strcmp(texts[i].name, texts[i - 1].name) != 0) {
			expose_metric(e, texts[i].name, "counter", texts[i].help);
		}
		expose_sample(e, texts[i].name, "", texts[i].labels, (double)counts[i]);
	}
	expose_round_trip(e);
}

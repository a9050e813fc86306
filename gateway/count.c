/* See count.h. Gateway process. */
#include "gateway/count.h"

static uint64_t counts[COUNT_COUNT];

static const struct {
	const char *name, *help;
} texts[COUNT_COUNT] = {
	[COUNT_PAGES] = {"pages_total", "WebSocket connections opened"},
	[COUNT_JOINED] = {"joined_total", "pages that joined a session"},
	[COUNT_REFUSED] = {"refused_total", "joins refused, for any reason but the limit"},
	[COUNT_LIMITED] = {"limited_total", "joins refused because of too many attempts"},
	[COUNT_AWAY] = {"away_total", "pages told that broker or key service are out of reach"},
	[COUNT_BROKEN] = {"broken_total", "pages closed for breaking the protocol"},
	[COUNT_BAD] = {"bad_total", "commands refused"},
	[COUNT_COMMANDS] = {"commands_total", "commands passed on"},
	[COUNT_STATES] = {"states_total", "states taken for pages"},
	[COUNT_SLOW] = {"slow_total", "pages dropped for reading too slowly"},
	[COUNT_TURNED_AWAY] = {"turned_away_total", "connections over a limit"},
};

void
count_add(enum count c)
{
	counts[c]++;
}

uint64_t
count_get(enum count c)
{
	return counts[c];
}

const char *
count_name(enum count c)
{
	return texts[c].name;
}

const char *
count_help(enum count c)
{
	return texts[c].help;
}

/*
 * What `tether --plain` and `tether status` say: from the guard's view to whole lines of plain words,
 * for a screen reader, a log, another terminal. Pure. Runs in the ui, and in `tether status`. Input:
 * views and log lines of the guard; what comes out is printable ASCII, whatever they hold.
 */
#ifndef TETHER_UI_TELL_H
#define TETHER_UI_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ui/keys.h"
#include "agent/ui/peer.h"

#define TELL_LINE 512	   /* longest line with its NUL */
#define TELL_LEVEL_MS 1000 /* a channel's level is said at most this often; its last one always is */
#define TELL_WARN_MS 20000 /* a warning that stands is said again */

/* Where lines go. `loud`: worth a bell. `when`: Unix time, 0 is now. */
struct teller {
	void (*say)(void *context, uint32_t when, bool loud, const char *line);
	void *context;
};

/* What has been said already. All zeros at first. */
struct told {
	char situation[TELL_LINE];
	bool failed; /* it is that the server was not reached */
	char link[MAX_LINK];
	char words[CHECK_WORDS_MAX];
	char notice[TELL_LINE];
	uint8_t level[2];
	uint64_t level_at[2]; /* ms; not again before */
	uint64_t warn_at;     /* 0: there is no warning */
	uint32_t log_count;
};

/* Says what has changed since the last call: log lines, the situation, who asks, the link, levels,
 * warnings, the keys' questions. now: ms. */
void tell_changes(struct told *told, const struct ui_peer *peer, const struct ui_keys *keys,
		  uint64_t now, const struct teller *teller);

/* Says everything there is to know but the link and the check words. */
void tell_status(const struct ui_view *view, const struct teller *teller);

/* The link, or that there is none yet. */
void tell_link(const struct ui_view *view, const struct teller *teller);

/* What each key does. */
void tell_help(const struct teller *teller);

#endif

/*
 * Lines of plain words; see tell.h. Runs in the ui, and in `tether status`.
 */
#include "agent/ui/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/ui/view.h"

static const char *const help[] = {
	"space: stop, both channels to zero, at once. Ctrl-C and Ctrl-Z stop too.",
	"y, n: allow or refuse whoever asks for control.",
	"r, then y: resume after a stop; your partner may take control again, from zero.",
	"d: disconnect; the link dies at once and a new one is made.",
	"a, b: lower the cap of A or B, at once. A, B: raise it; Enter confirms.",
	"p, m: lock power or mode; locked, your partner can't change it. Unlocking asks for Enter.",
	"s: settings; j and k go from one to the next, + and - or a number change it, Enter is yes.",
	"w: save the settings.",
	"c, l: say the link. i: say how things stand. ?: say this.",
	"q, then y: end the session and the program.",
	"Any key answers the check-in.",
	"If this program is out of reach, the box's own knob and its plug always work.",
};

/* Says a line; whatever could steer a terminal becomes a question mark. */
__attribute__((format(printf, 4, 5))) static void
say(const struct teller *t, uint32_t when, bool loud, const char *format, ...)
{
	char line[TELL_LINE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	for (char *c = line; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}
	t->say(t->context, when, loud, line);
}

static void
tell_log(struct told *told, const struct ui_peer *peer, const struct teller *t)
{
	if (peer->log_count - told->log_count > UI_LOG) {
		told->log_count = peer->log_count - UI_LOG;
	}
	while (told->log_count != peer->log_count) {
		const struct ui_event *e = &peer->log[told->log_count++ % UI_LOG];

		say(t, e->unix_time, false, "%s", e->text);
	}
}

/* One more try is no news, nor is that it fails as the last one did: that would go on every ten
 * seconds for as long as the server is away. */
static void
tell_situation(struct told *told, const struct ui_view *v, const struct teller *t)
{
	char text[TELL_LINE], advice[UI_ADVICE];
	bool loud = v->phase == GUARD_ASKING || ui_tone(v) == TONE_ALARM;
	size_t most = sizeof(text);

	ui_advice(v, advice);
	snprintf(text, sizeof(text), "%s%s%s", ui_sentence(v), advice[0] != '\0' ? " " : "",
		 advice);
	if (told->failed && ui_try(v) == TRY_RUNS) {
		return;
	}
	told->failed = ui_try(v) == TRY_FAILED;
	if (v->phase == GUARD_ENDED) {
		most = strlen(text); /* the reason of the last try, which stands at the end */
	}
	if (strncmp(told->situation, text, most) != 0) {
		memcpy(told->situation, text, sizeof(text));
		say(t, 0, loud, "%s", text);
	}
}

/* The words change with each page that asks; they are said while there is a question. */
static void
tell_asking(struct told *told, const struct ui_view *v, const struct teller *t)
{
	if (v->phase != GUARD_ASKING) {
		told->words[0] = '\0';
	} else if (strcmp(told->words, v->words) != 0) {
		memcpy(told->words, v->words, sizeof(told->words));
		say(t, 0, true, "The three words are: %s. y: the same words, allow. n: refuse.",
		    v->words);
	}
}

void
tell_link(const struct ui_view *v, const struct teller *t)
{
	if (v->link_text[0] == '\0') {
		say(t, 0, false, "There is no link yet.");
	} else {
		say(t, 0, false, "Link for your partner, secret: %s", v->link_text);
	}
}

static void
tell_new_link(struct told *told, const struct ui_view *v, const struct teller *t)
{
	if (strcmp(told->link, v->link_text) != 0) {
		memcpy(told->link, v->link_text, sizeof(told->link));
		if (told->link[0] != '\0') {
			tell_link(v, t);
		}
	}
}

static void
tell_levels(struct told *told, const struct ui_view *v, uint64_t now, const struct teller *t)
{
	for (int i = 0; i < 2; i++) {
		if (v->port == PORT_OK && told->level[i] != v->level[i] &&
		    now >= told->level_at[i]) {
			told->level[i] = v->level[i];
			told->level_at[i] = now + TELL_LEVEL_MS;
			say(t, 0, false, "%c is at %u percent.", "AB"[i], v->level[i]);
		}
	}
}

static void
tell_warning(struct told *told, const struct ui_view *v, uint64_t now, const struct teller *t)
{
	char text[UI_ADVICE];

	ui_warning(v, text);
	if (text[0] == '\0') {
		told->warn_at = 0;
	} else if (now >= told->warn_at) {
		told->warn_at = now + TELL_WARN_MS;
		say(t, 0, true, "%s", text);
	}
}

static void
tell_notice(struct told *told, const struct ui_keys *keys, const struct teller *t)
{
	const char *text = keys->notice;

	if (text == NULL) {
		told->notice[0] = '\0';
	} else if (strcmp(told->notice, text) != 0) {
		snprintf(told->notice, sizeof(told->notice), "%s", text);
		say(t, 0, false, "%s", text);
	}
}

void
tell_changes(struct told *told, const struct ui_peer *peer, const struct ui_keys *keys,
	     uint64_t now, const struct teller *t)
{
	const struct ui_view *v = &peer->view;

	tell_log(told, peer, t);
	if (peer->seen) {
		tell_situation(told, v, t);
		tell_asking(told, v, t);
		tell_new_link(told, v, t);
		tell_levels(told, v, now, t);
		tell_warning(told, v, now, t);
	}
	tell_notice(told, keys, t);
}

void
tell_help(const struct teller *t)
{
	for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++) {
		say(t, 0, false, "%s", help[i]);
	}
}

/* What a box was at before it fell silent is no news of it. */
static void
tell_channel(const struct ui_view *v, int i, const struct teller *t)
{
	char level[48] = "level not known";
	int n;

	if (v->port == PORT_OK) {
		n = snprintf(level, sizeof(level), "%u percent", v->level[i]);
		if (v->target[i] != v->level[i]) {
			snprintf(level + n, sizeof(level) - (size_t)n, " on the way to %u",
				 v->target[i]);
		}
	}
	say(t, 0, false, "%c: %s; cap %u at low power, %u at high power.", "AB"[i], level,
	    v->cap[0][i], v->cap[1][i]);
}

static const char *
port_words(const struct ui_view *v)
{
	switch (v->port) {
	case PORT_BUSY:
		return "in another program's hands";
	case PORT_FAILED:
		return "its port can't be opened";
	default:
		return box_port_name(v->port);
	}
}

static void
tell_box(const struct ui_view *v, const struct teller *t)
{
	char battery[32] = "";

	if (v->percent <= 100) {
		snprintf(battery, sizeof(battery), ", battery %u percent", v->percent);
	}
	say(t, 0, false, "Box: %s%s%s%s.", port_words(v),
	    v->version[0] != '\0' ? ", firmware " : "", v->version, battery);
	if (v->version[0] == '\0') {
		return; /* not met: nothing else is known of it */
	}
	say(t, 0, false, "Mode: %s%s. Power: %s%s. C %u, D %u percent.%s", ui_mode(v->mode),
	    v->lock_mode ? ", locked" : ", your partner may change it", ui_power(v),
	    v->lock_power ? ", locked" : ", your partner may change it", v->param[0], v->param[1],
	    v->join ? " A and B are joined." : "");
}

/* "NAME: TIME." where the timer runs. */
static void
tell_timer(const char *name, uint32_t seconds, const struct teller *t)
{
	char text[UI_TIME];

	if (seconds != UI_NEVER) {
		ui_time(text, seconds);
		say(t, 0, false, "%s: %s.", name, text);
	}
}

void
tell_status(const struct ui_view *v, const struct teller *t)
{
	char advice[UI_ADVICE];

	ui_advice(v, advice);
	say(t, 0, false, "%s%s%s", ui_sentence(v), advice[0] != '\0' ? " " : "", advice);
	tell_channel(v, 0, t);
	tell_channel(v, 1, t);
	tell_box(v, t);
	if (v->phase == GUARD_LIVE) {
		tell_timer("A partner has control, for so long", v->live_s, t);
	} else {
		say(t, 0, false, "Nobody has control.");
	}
	tell_timer("The key's time left", v->left > 0 ? v->left : UI_NEVER, t);
	tell_timer("Everything stops without a change in", v->idle_left, t);
	tell_timer("Everything stops without a sign of you in", v->checkin_left, t);
	if (v->rtt_ms != 0xffff) {
		say(t, 0, false, "Round trip to your partner's page: %u ms.", v->rtt_ms);
	}
	if (v->unsaved) {
		say(t, 0, false, "The settings are not the saved ones.");
	}
}

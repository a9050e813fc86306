/*
 * Channels, facts, check words, log and footer; see parts.h. Runs in the ui.
 */
#include "agent/ui/parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/ui/view.h"
#include "common/modes.h"

#define TEXT 160
#define BAR_TAIL 31  /* "  15 %  asked 100 %  cap 100 %" */
#define BAR_SHORT 20 /* without what is asked */
#define BAR_LEAST 8  /* a shorter bar says nothing */
#define BAR_MOST 100
#define STAMP 10 /* "12:34:56  " */

static void
channel_tail(char out[TEXT], const struct ui_view *v, unsigned channel, bool wide)
{
	unsigned cap = v->cap[v->power == 0 ? 0 : 1][channel];
	char asked[16] = "";

	if (v->target[channel] != v->level[channel]) {
		snprintf(asked, sizeof(asked), "asked %u %%", v->target[channel]);
	}
	if (v->version[0] == '\0') {
		snprintf(out, TEXT, "  not known");
	} else if (v->port != PORT_OK && wide) {
		snprintf(out, TEXT, "  not known           cap %3u %%", cap);
	} else if (v->port != PORT_OK) {
		snprintf(out, TEXT, "   ? %%  cap %3u %%", cap);
	} else if (wide) {
		snprintf(out, TEXT, " %3u %%  %-11s  cap %3u %%", v->level[channel], asked, cap);
	} else {
		snprintf(out, TEXT, " %3u %%  cap %3u %%", v->level[channel], cap);
	}
}

/* Only what flows or is about to stands out. */
static int
put_bar(struct ui_canvas *c, int y, int x, char *bar)
{
	size_t on = strspn(bar, "#>");
	char after = bar[on];

	bar[on] = '\0';
	x = ui_canvas_text(c, y, x, STYLE_BAR_ON, bar);
	bar[on] = after;
	return ui_canvas_text(c, y, x, STYLE_BAR, bar + on);
}

static void
channel(struct ui_canvas *c, int y, const struct ui_view *v, unsigned channel)
{
	bool wide = c->cols >= 64, known = v->port == PORT_OK;
	unsigned cap = v->cap[v->power == 0 ? 0 : 1][channel],
		 level = known ? v->level[channel] : 0;
	int width = c->cols - 3 - (wide ? BAR_TAIL : BAR_SHORT), x;
	char text[TEXT], name[] = {(char)('A' + channel), ' ', ' ', '\0'};
	enum ui_style style = level > 0 ? STYLE_BOLD : STYLE_PLAIN;

	width = width > BAR_MOST ? BAR_MOST : width;
	x = ui_canvas_text(c, y, 0, STYLE_BOLD, name);
	if (width >= BAR_LEAST) {
		ui_bar(text, (size_t)width, level, known ? v->target[channel] : 0, cap);
		x = put_bar(c, y, x, text);
	}
	channel_tail(text, v, channel, wide);
	(void)ui_canvas_text(c, y, x, style, text);
}

int
part_channels(struct ui_canvas *c, int y, int bottom, const struct ui_view *v)
{
	for (unsigned i = 0; i < 2 && y < bottom; i++) {
		channel(c, y++, v, i);
	}
	return y;
}

struct fact {
	const char *label;
	char value[48];
	enum ui_style style;
};

static struct fact
fact(const char *label, const char *value)
{
	struct fact f = {.label = label, .style = STYLE_PLAIN};

	snprintf(f.value, sizeof(f.value), "%s", value);
	return f;
}

/* A timer that does not run shows, dimmed, how long it will. */
static struct fact
timer(const char *label, uint32_t left, unsigned minutes)
{
	bool runs = left != UI_NEVER;
	struct fact f = {.label = label,
			 .style = !runs		      ? STYLE_DIM
				  : left <= UI_SOON_S ? STYLE_MARK
						      : STYLE_PLAIN};
	char text[UI_TIME] = "off";

	if (runs || minutes > 0) {
		ui_time(text, runs ? left : minutes * 60);
	}
	snprintf(f.value, sizeof(f.value), "%s", text);
	return f;
}

static struct fact
control(const struct ui_view *v)
{
	struct fact f = fact("Control", v->phase == GUARD_ASKING ? "somebody asks" : "nobody");
	char text[UI_TIME];

	if (v->phase == GUARD_LIVE) {
		ui_time(text, v->live_s);
		snprintf(f.value, sizeof(f.value), "partner, %s", text);
		f.style = STYLE_BOLD;
	}
	return f;
}

static struct fact
words(const struct ui_view *v)
{
	struct fact f = fact("Words", v->words[0] != '\0' ? v->words : "-");

	if (v->phase == GUARD_ASKING) {
		return fact("", ""); /* they stand on the screen, large */
	}
	f.style = v->words[0] != '\0' ? STYLE_BOLD : STYLE_DIM;
	return f;
}

static struct fact
dial(const struct ui_view *v, unsigned which)
{
	const char *does = ui_dial(v->mode, which);
	struct fact f = fact(which == 0 ? "C" : "D", "not used");

	f.style = STYLE_DIM;
	if (v->mode >= MODE_COUNT) { /* what it does there is not known */
		snprintf(f.value, sizeof(f.value), "%u %%", v->param[which]);
	} else if (does != NULL) {
		f.style = STYLE_PLAIN;
		snprintf(f.value, sizeof(f.value), "%-13s %3u %%", does, v->param[which]);
	}
	return f;
}

static struct fact
lockable(const char *label, const char *value, bool lock)
{
	struct fact f = {.label = label, .style = STYLE_PLAIN};

	snprintf(f.value, sizeof(f.value), "%s, %s", value, lock ? "locked" : "unlocked");
	return f;
}

static struct fact
box(const struct ui_view *v)
{
	struct fact f = fact("Box", v->version[0] != '\0' ? v->version : "no answer yet");
	size_t at = strlen(f.value);

	if (v->percent <= 100 && v->version[0] != '\0') {
		snprintf(f.value + at, sizeof(f.value) - at, ", battery %u %%", v->percent);
	}
	return f;
}

static struct fact
trip(const struct ui_view *v)
{
	struct fact f = fact("Delay", "-");

	f.style = STYLE_DIM;
	if (v->rtt_ms != 0xffff) {
		f.style = STYLE_PLAIN;
		snprintf(f.value, sizeof(f.value), "%u ms", v->rtt_ms);
	}
	return f;
}

/* Three columns of four from 80 columns on, else fewer; without a grid what is empty goes. */
static int
put_facts(struct ui_canvas *c, int y, int bottom, const struct fact *facts, size_t n)
{
	static const int at[] = {0, 30, 57}, wide[] = {9, 6, 11};
	size_t columns = c->cols >= 80 ? 3 : c->cols >= 60 ? 2 : 1, i = 0;

	for (; i < n && y < bottom; i++) {
		size_t column = i % columns;
		int x = at[column], value = x + (columns == 3 ? wide[column] : 11);

		if (columns == 1 && (facts[i].label[0] == '\0' || facts[i].value[0] == '-')) {
			continue;
		}
		(void)ui_canvas_text(c, y, x, STYLE_DIM, facts[i].label);
		(void)ui_canvas_text(c, y, value, facts[i].style, facts[i].value);
		y += column == columns - 1 ? 1 : 0;
	}
	return i % columns == 0 ? y : y + 1;
}

int
part_facts(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, size_t n)
{
	bool met = v->version[0] != '\0'; /* before, what the box is at is not known */
	const struct fact unknown = fact("", ""), facts[FACTS_ALL] = {
		control(v),
		words(v),
		timer("Check-in", v->checkin_left, v->checkin_min),
		!met ? fact("Mode", "-")
		: v->mode < MODE_COUNT ? lockable("Mode", ui_mode(v->mode), v->lock_mode)
				       : fact("Mode", ui_mode(v->mode)),
		met ? dial(v, 0) : unknown,
		timer("Idle stop", v->idle_left, v->idle_min),
		met ? lockable("Power", ui_power(v), v->lock_power) : fact("Power", "-"),
		met ? dial(v, 1) : unknown,
		v->link_text[0] != '\0' ? timer("Time left", v->left, 0)
					: fact("Time left", "no key"),
		box(v),
		v->join ? fact("A, B", "joined on the box") : fact("", ""),
		trip(v),
	};

	return put_facts(c, y, bottom, facts, n < FACTS_ALL ? n : FACTS_ALL);
}

static void
tile(struct ui_canvas *c, int y, int x, int width, int height, const char *word, size_t len)
{
	char line[UI_COLS + 1];
	int lead = (width - (int)len) / 2;

	memset(line, ' ', sizeof(line));
	line[width] = '\0';
	for (int i = 0; i < height; i++) {
		(void)ui_canvas_text(c, y + i, x, STYLE_MARK, line);
	}
	memcpy(line + (lead > 0 ? lead : 0), word, len);
	(void)ui_canvas_text(c, y + height / 2, x, STYLE_MARK, line);
}

int
part_words(struct ui_canvas *c, int y, int bottom, const struct ui_view *v)
{
	int width = (c->cols - 4) / 3, height = bottom - y >= 24 ? 5 : bottom - y >= 9 ? 3 : 1;
	const char *word = v->words;

	width = width > 30 ? 30 : width;
	if (width < CHECK_WORDS_MAX / 3) {
		return ui_canvas_wrap(c, y, bottom, 0, 0, c->cols, STYLE_MARK, word);
	}
	for (int i = 0; i < 3 && y + height <= bottom && *word != '\0'; i++) {
		size_t len = i < 2 ? strcspn(word, " ") : strlen(word);

		tile(c, y, i * (width + 2), width, height, word,
		     len < (size_t)width ? len : (size_t)width);
		word += len;
		word += strspn(word, " ");
	}
	return y + height <= bottom ? y + height : y;
}

static void
log_line(char out[TEXT], const struct ui_event *e)
{
	time_t at = e->unix_time;
	char when[STAMP] = "";
	struct tm tm;

	if (localtime_r(&at, &tm) != NULL) {
		(void)strftime(when, sizeof(when), "%H:%M:%S", &tm);
	}
	snprintf(out, TEXT, "%-8s  %s", when, e->text);
}

void
part_log(struct ui_canvas *c, int y, int bottom, const struct ui_peer *p)
{
	uint32_t kept = p->log_count < UI_LOG ? p->log_count : UI_LOG, shown = 0;
	int indent = c->cols >= 40 ? STAMP : 0, room = bottom - y;
	char text[TEXT];

	while (shown < kept) {
		log_line(text, &p->log[(p->log_count - shown - 1) % UI_LOG]);
		room -= ui_wrap_lines(text, indent, c->cols);
		if (room < 0) {
			break;
		}
		shown++;
	}
	for (; shown > 0; shown--) {
		log_line(text, &p->log[(p->log_count - shown) % UI_LOG]);
		y = ui_canvas_wrap(c, y, bottom, 0, indent, c->cols, STYLE_PLAIN, text);
	}
}

enum when {
	WHEN_QUESTION = 1,
	WHEN_ASKING = 2,
	WHEN_LATCHED = 4,
	WHEN_OPEN = 8,
	WHEN_UNSAVED = 16,
	WHEN_CLOSED = 32,
	WHEN_LINK = 64,
	WHEN_ALWAYS = 128
};

static unsigned
moment(const struct ui_view *v, const struct ui_keys *k)
{
	bool open = k->panel || k->help != 0 || k->qr;
	unsigned when = WHEN_ALWAYS | (open ? WHEN_OPEN : WHEN_CLOSED);

	if (ui_keys_is_asking(k)) {
		when = WHEN_QUESTION;
	} else if (v != NULL) {
		when |= v->phase == GUARD_ASKING ? WHEN_ASKING : 0;
		when |= v->latched ? WHEN_LATCHED : 0;
		when |= v->unsaved ? WHEN_UNSAVED : 0;
		when |= v->link_text[0] != '\0' ? WHEN_LINK : 0;
	}
	return when;
}

void
part_footer(struct ui_canvas *c, const struct ui_view *v, const struct ui_keys *keys)
{
	static const struct {
		const char *key, *word;
		int press;
		unsigned when;
	} all[] = {
		{"Esc", " = no", UI_KEY_ESC, WHEN_QUESTION}, /* over resume: a double click is no */
		{"Enter", " = yes", '\r', WHEN_QUESTION},
		{"n", " refuse", 'n', WHEN_ASKING}, /* before y: there may be room for one only */
		{"y", " allow", 'y', WHEN_ASKING},
		{"r", " resume", 'r', WHEN_LATCHED},
		{"Esc", " close", UI_KEY_ESC, WHEN_OPEN},
		{"d", " disconnect", 'd', WHEN_ALWAYS},
		{"s", " settings", 's', WHEN_CLOSED},
		{"?", " keys", '?', WHEN_ALWAYS},
		{"q", " quit", 'q', WHEN_ALWAYS},
		{"l", " QR", 'l', WHEN_LINK},
		{"c", " copy", 'c', WHEN_LINK},
		{"w", " save", 'w', WHEN_UNSAVED},
	};
	const char *stop = c->cols >= 30 ? "  SPACE = STOP  " : "SPACE=STOP";
	int y = c->rows - 1, x = ui_canvas_text(c, y, 0, STYLE_STOP, stop);
	unsigned when = moment(v, keys);

	ui_canvas_area(c, (struct ui_area){y - 1, 0, 2, x, ' '});
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int len = (int)(strlen(all[i].key) + strlen(all[i].word));

		if ((all[i].when & when) == 0 || x + 2 + len > c->cols) {
			continue;
		}
		ui_canvas_area(c, (struct ui_area){y, x + 1, 1, len + 2, all[i].press});
		x = ui_canvas_text(c, y, x + 2, STYLE_BOLD, all[i].key);
		x = ui_canvas_text(c, y, x, STYLE_PLAIN, all[i].word);
	}
}

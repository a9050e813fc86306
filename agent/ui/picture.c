/*
 * The wearer's screen; see picture.h. Runs in the ui.
 *
 * At 80x24, with somebody in control:
 *
 *   Tether                                                  settings not saved
 *
 *   Your partner has control.                               sentence, advice,
 *   SPACE stops everything, at any time.                    warning
 *
 *   A  ######>>>----------|..........  15 %  asked 20 %     channels
 *   B  -------------------|..........   0 %
 *
 *   Control  partner, 12 min   Words  fox oak plum   ...    facts, four lines
 *
 *   The link ...                                            link
 *
 *   12:00:01  The partner is in control.                    log
 *
 *   Cap of A at low power: 40 -> 45 %. Enter = yes ...      question or notice
 *     SPACE = STOP    d disconnect  s settings ...          footer
 */
#include "agent/ui/picture.h"

#include <stdio.h>
#include <string.h>

#include "agent/ui/parts.h"
#include "agent/ui/qr.h"
#include "agent/ui/view.h"

#define TALL 20	     /* lines from which there is room for gaps and a title */
#define QR_BESIDE 22 /* columns beside a QR code in which the state can be told */

static enum ui_style
tone_style(enum ui_tone tone)
{
	static const enum ui_style styles[] = {
		[TONE_CALM] = STYLE_BOLD,
		[TONE_LIVE] = STYLE_LIVE,
		[TONE_ASK] = STYLE_ASK,
		[TONE_ALARM] = STYLE_ALARM,
	};

	return styles[tone];
}

static bool
is_tall(const struct ui_canvas *c)
{
	return c->rows >= TALL;
}

static int
gap(const struct ui_canvas *c, int y)
{
	return is_tall(c) ? y + 1 : y;
}

static int
title(struct ui_canvas *c, int y, const struct ui_view *v)
{
	static const char unsaved[] = "settings not saved: w saves";

	if (!is_tall(c)) {
		return y;
	}
	(void)ui_canvas_text(c, y, 0, STYLE_DIM, "Tether");
	if (v != NULL && v->unsaved && c->cols > (int)sizeof(unsaved) + 8) {
		(void)ui_canvas_text(c, y, c->cols - (int)sizeof(unsaved) + 1, STYLE_DIM, unsaved);
	}
	return y + 2;
}

/* Sentence, then what is urgent, then advice where there is room; at column x in `width` columns.
 */
static int
state(struct ui_canvas *c, int y, int bottom, int x, int width, const struct ui_view *v,
      bool advice)
{
	char text[UI_ADVICE];

	y = ui_canvas_wrap(c, y, bottom, x, 0, width, tone_style(ui_tone(v)), ui_sentence(v));
	ui_warning(v, text);
	y = ui_canvas_wrap(c, y, bottom, x, 0, width, STYLE_MARK, text);
	if (advice && c->rows >= 10) {
		ui_advice(v, text);
		y = ui_canvas_wrap(c, y, bottom, x, 0, width, STYLE_PLAIN, text);
	}
	return y;
}

static int
question(struct ui_canvas *c, int y, int bottom, const struct ui_view *v)
{
	static const char yes[] = "  y = the same words: allow  ", no[] = "  n = refuse  ";
	int x;

	y = part_words(c, y, bottom, v);
	if (c->cols < (int)(sizeof(yes) + sizeof(no)) || y >= bottom) {
		return y;
	}
	y = gap(c, y);
	x = ui_canvas_text(c, y, 0, STYLE_BOLD, yes);
	ui_canvas_area(c, (struct ui_area){y, 0, 1, x, 'y'});
	ui_canvas_area(c, (struct ui_area){y, x + 2, 1, (int)sizeof(no) - 1, 'n'});
	(void)ui_canvas_text(c, y, x + 2, STYLE_BOLD, no);
	return y + 1;
}

/* At the left edge and alone on its lines, so that it can be selected. Whoever is in control has it
 * already; then it is not left to be read over a shoulder. */
static int
link_text(struct ui_canvas *c, int y, int bottom, const struct ui_view *v)
{
	if (v->link_text[0] == '\0' || v->phase == GUARD_ASKING) {
		return y;
	}
	if (v->phase == GUARD_LIVE) {
		return ui_canvas_wrap(
			c, y, bottom, 0, 0, c->cols, STYLE_DIM,
			"The link stays as it is: c copies it, l shows it as a QR code.");
	}
	y = ui_canvas_wrap(c, y, bottom, 0, 0, c->cols, STYLE_DIM,
			   "Link for your partner; all of it is needed, and it is secret:");
	return ui_canvas_wrap(c, y, bottom, 0, 0, c->cols, STYLE_BOLD, v->link_text);
}

static void
overview(struct ui_canvas *c, int y, int bottom, const struct ui_peer *p)
{
	const struct ui_view *v = &p->view;

	y = gap(c, part_channels(c, gap(c, y), bottom, v));
	y = part_facts(c, y, bottom, v, FACTS_ALL);
	y = gap(c, y);
	y = link_text(c, y, bottom, v);
	part_log(c, gap(c, y), bottom, p);
}

/* Settings or help in place of link and log. Who has control, the check words and the timers stay.
 */
static void
opened(struct ui_canvas *c, int y, int bottom, const struct ui_view *v, const struct ui_keys *keys)
{
	size_t facts = is_tall(c) ? FACTS_URGENT : v->words[0] != '\0' ? FACTS_WHO : 0;

	if (is_tall(c) || keys->help == 0) {
		y = part_channels(c, gap(c, y), bottom, v);
	}
	y = gap(c, part_facts(c, gap(c, y), bottom, v, facts));
	if (keys->help != 0) {
		(void)part_help(c, y, bottom, keys->help);
	} else {
		(void)part_panel(c, y, bottom, v, keys->row);
	}
}

static void
body(struct ui_canvas *c, int bottom, const struct ui_peer *p, const struct ui_keys *keys)
{
	const struct ui_view *v = p->seen ? &p->view : NULL;
	bool open = keys->panel || keys->help != 0;
	int y = open ? 0 : title(c, 0, v);

	y = state(c, y, bottom, 0, c->cols, v, !open || ui_tone(v) == TONE_ALARM);
	if (v == NULL) {
		return;
	}
	if (v->phase == GUARD_ASKING) {
		y = question(c, gap(c, y), bottom, v);
	}
	if (open) {
		opened(c, y, bottom, v, keys);
	} else {
		overview(c, y, bottom, p);
	}
}

/* The code, and beside it what must not be hidden. Not while there is a question or an alarm. */
static bool
qr_code(struct ui_canvas *c, const struct ui_view *v, const char *notice, bool blocks)
{
	char text[64], left[UI_TIME], level[8] = "?";
	const uint8_t *cap;
	int x, y, width;

	if (v == NULL || v->link_text[0] == '\0' || v->phase == GUARD_ASKING ||
	    ui_tone(v) == TONE_ALARM || !blocks) {
		return false;
	}
	x = ui_qr_draw(c, v->link_text, c->rows - 1, c->cols - QR_BESIDE);
	if (x < 0) {
		return false;
	}
	cap = v->cap[v->power == 0 ? 0 : 1];
	width = c->cols - x - 2;
	y = state(c, 1, c->rows - 10, x + 2, width, v, true) + 1;
	for (unsigned i = 0; i < 2; i++) {
		if (v->port == PORT_OK) {
			snprintf(level, sizeof(level), "%u", v->level[i]);
		}
		snprintf(text, sizeof(text), "%c %3s %%  cap %u %%", "AB"[i], level, cap[i]);
		(void)ui_canvas_text(c, y++, x + 2, STYLE_BOLD, text);
	}
	y = ui_canvas_wrap(c, y + 1, c->rows - 2, x + 2, 0, width, STYLE_BOLD, v->words);
	ui_time(left, v->left);
	snprintf(text, sizeof(text), "The link is good for %s.", left);
	y = ui_canvas_wrap(c, y, c->rows - 2, x + 2, 0, width, STYLE_PLAIN, text);
	y = ui_canvas_wrap(c, y, c->rows - 2, x + 2, 0, width, STYLE_DIM,
			   "Whoever has it can ask for control.");
	(void)ui_canvas_wrap(c, y + 1, c->rows - 2, x + 2, 0, width, STYLE_BOLD, notice);
	return true;
}

void
ui_picture(struct ui_canvas *c, const struct ui_peer *peer, const struct ui_keys *keys, int rows,
	   int cols, bool blocks)
{
	const struct ui_view *v = peer->seen ? &peer->view : NULL;
	const char *notice = keys->notice != NULL ? keys->notice : "";
	int lines, bottom;

	ui_canvas_init(c, rows, cols);
	part_footer(c, v, keys);
	if (keys->qr && !ui_keys_is_asking(keys) && qr_code(c, v, notice, blocks)) {
		return;
	}
	if (keys->qr && notice[0] == '\0') {
		notice = v == NULL || v->link_text[0] == '\0'
				 ? "There is no link yet."
				 : "No room for the QR code here: it needs 24 lines, 70 columns "
				   "(more for the link of a long name) and a terminal that speaks "
				   "UTF-8; it is not shown while there is an alarm.";
	}
	lines = ui_wrap_lines(notice, 0, c->cols);
	lines = lines > c->rows - 2 ? c->rows - 2 : lines;
	lines = lines < 0 ? 0 : lines; /* of one line the footer has all */
	bottom = c->rows - 1 - (lines == 0 && is_tall(c) ? 1 : lines);
	(void)ui_canvas_wrap(c, c->rows - 1 - lines, c->rows - 1, 0, 0, c->cols,
			     ui_keys_is_asking(keys) ? STYLE_ASK : STYLE_BOLD, notice);
	body(c, bottom, peer, keys);
}

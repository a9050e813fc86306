/*
 * What must hold at every moment of a walk (walk.h), whatever happens to everybody: DESIGN's table
 * of losses and promises, looked at from outside - at the outputs, at what is written to the box,
 * at what a screen is told. How soon is measured only while nothing is wrong with box, cable and
 * guard; in the end, always.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ui/view.h"
#include "common/modes.h"
#include "tests/walk/walk.h"

#define PROMPT (200 * MS)   /* a stop is 150 ms; K may find the line busy, and a turn takes 10 ms */
#define LOWERED (600 * MS)  /* a lower wish: both channels, each behind what is in flight */
#define AT_LAST (3500 * MS) /* after trouble: a new process, or K until two answers say zero */
#define CALM (3000 * MS)    /* so long nothing has been wrong */
#define STALE (1600 * MS)   /* an order that was given before a change lives for a second */
#define WINDOWS 16	    /* of 100 ms each: STALE */

/* What the settings allowed lately: the most of each. */
struct window {
	uint8_t cap[2];
	uint32_t modes;
	bool power, mode; /* unlocked */
};

static struct {
	uint64_t sent[BEACONS];
	uint64_t until[PAGES]; /* a page's authority, by the beacons that it has echoed */
	uint32_t n[PAGES];
	uint64_t none_at[PAGES][2]; /* since then it wants this channel at zero; 0 it does not */
	bool stopped;
	uint64_t stop_at, hand_at, noise_at, moved_at, zero_at, dead_at;
	uint64_t box_well, guard_well; /* since; the future: not now */
	uint64_t hung_at;	       /* the guard's last moment before it hung */
	uint64_t wrong_at, kill_at, busy_at;
	uint8_t output[2];
	struct window windows[WINDOWS], now;
	uint32_t stops, done;
	unsigned armed;
	bool was_armed;
} r;

static void
broken(const char *rule)
{
	(void)printf("walk %llu, at %llu ms: %s\n", (unsigned long long)walk.seed,
		     (unsigned long long)(walk.now / MS), rule);
	exit(1);
}

static bool
within(uint64_t at, uint64_t ns)
{
	return at != 0 && walk.now - at <= ns;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Since when nothing is wrong with box, cable and guard. */
static uint64_t
all_well(void)
{
	return later(r.box_well, r.guard_well);
}

void
rules_begin(void)
{
	memset(&r, 0, sizeof(r));
	r.box_well = r.guard_well = r.zero_at = walk.now;
}

void
rules_stop(void)
{
	r.stopped = true;
	r.stop_at = walk.now;
}

void
rules_resume(void)
{
	r.stopped = false;
}

void
rules_slept(void)
{
	r.box_well = r.guard_well = walk.now;
	r.hung_at = walk.now;
}

void
rules_beacon(uint32_t beacon)
{
	r.sent[beacon % BEACONS] = walk.now;
}

void
rules_delivered(unsigned page, const struct command *c)
{
	uint64_t sent = r.sent[c->beacon % BEACONS];
	uint64_t until = sent != 0 ? sent + subject.settings.limits.hold_ms * MS : 0;

	if (until > r.until[page]) {
		r.until[page] = until;
	}
	if (c->n <= r.n[page]) {
		return;
	}
	r.n[page] = c->n;
	for (unsigned i = 0; i < 2; i++) {
		if (c->want[i] != 0) {
			r.none_at[page][i] = 0;
		} else if (r.none_at[page][i] == 0) {
			r.none_at[page][i] = walk.now;
		}
	}
}

void
rules_hand(void)
{
	r.hand_at = walk.now;
}

unsigned
rules_armed(void)
{
	return r.armed;
}

/* ---- what was allowed lately ----------------------------------------------------------------- */

static uint8_t
least(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

static void
widen(struct window *w)
{
	const struct limits_settings *s = &subject.settings.limits;
	const uint8_t *cap = s->cap[walk.box.model.power == 'L' ? 0 : 1];

	for (unsigned i = 0; i < 2; i++) {
		uint8_t own = walk.box.model.join ? least(cap[0], cap[1]) : cap[i];

		w->cap[i] = own > w->cap[i] ? own : w->cap[i];
	}
	w->modes |= s->modes;
	w->power |= !s->lock_power;
	w->mode |= !s->lock_mode;
}

static void
look_at_settings(void)
{
	struct window *w = &r.windows[walk.now / MS / 100 % WINDOWS];

	if (walk.now / MS % 100 == 0) {
		*w = (struct window){.modes = 0};
	}
	widen(w);
	r.now = (struct window){.modes = 0};
	for (unsigned i = 0; i < WINDOWS; i++) {
		const struct window *one = &r.windows[i];

		for (unsigned c = 0; c < 2; c++) {
			r.now.cap[c] = one->cap[c] > r.now.cap[c] ? one->cap[c] : r.now.cap[c];
		}
		r.now.modes |= one->modes;
		r.now.power |= one->power;
		r.now.mode |= one->mode;
	}
}

/* ---- the outputs ----------------------------------------------------------------------------- */

static bool
ours(unsigned channel)
{
	return r.output[channel] != 0 && !walk.box.hand[channel];
}

/* Why must there be nothing of ours on the outputs? NULL: there may be. */
static const char *
must_be_zero(void)
{
	const struct session *s = &subject.session;
	unsigned page = s->control != NO_PAGE ? s->pages[s->control].id[0] - 1u : 0;

	if (walk.guard_dead) {
		return "the guard has died, and the outputs are up";
	}
	if (walk.guard_stalled > walk.now) {
		return within(r.hung_at, 1050 * MS) ? NULL
						    : "the guard hangs, and the outputs are up";
	}
	if (r.stopped) {
		return "the wearer has pressed stop, and the outputs are up";
	}
	if (!subject.limits.armed || s->control == NO_PAGE) {
		return "nobody is in control, and the outputs are up";
	}
	if (r.until[page] + 20 * MS < walk.now) {
		return "authority has ended, and the outputs are up";
	}
	if (!s->open || s->end < walk.now / MS) {
		return "the session is over, and the outputs are up";
	}
	if (walk.now - walk.link.heard > 1300 * MS) {
		return "the link is dead or hung, and the outputs are up";
	}
	if (walk.now - walk.ui_heard > 1050 * MS) {
		return "the screen is silent, and the outputs are up";
	}
	return NULL;
}

/* Has what began then lasted for too long? All must have been well for a while for `prompt`, else
 * there is time until the end of trouble and AT_LAST. */
static bool
too_long(uint64_t since, uint64_t well, uint64_t prompt)
{
	if (well > walk.now) {
		return false;
	}
	if (since > well + CALM) {
		return walk.now - since > prompt;
	}
	return walk.now - later(since, well) > AT_LAST;
}

static void
look_at_outputs(void)
{
	const char *why = must_be_zero();
	bool guards = !walk.guard_dead && walk.guard_stalled <= walk.now;

	if (why == NULL || (!ours(0) && !ours(1))) {
		r.wrong_at = 0;
		return;
	}
	r.wrong_at = r.wrong_at == 0 ? walk.now : r.wrong_at;
	if (too_long(r.wrong_at, guards ? all_well() : r.box_well, PROMPT)) {
		broken(why);
	}
}

/* Zero was there, whatever the hand has made of it since. */
static void
look_at_stop(void)
{
	if (r.stop_at != 0 && r.zero_at < r.stop_at && !walk.guard_dead &&
	    too_long(r.stop_at, all_well(), PROMPT)) {
		broken("after the wearer's stop there was no zero");
	}
}

static void
look_at_caps(void)
{
	if (walk.now < all_well() + AT_LAST || within(r.noise_at, CALM) ||
	    within(r.hand_at, STALE)) {
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (ours(i) && r.output[i] > 2 * r.now.cap[i]) {
			broken("an output is above its cap");
		}
	}
}

/* Whoever drops a `stop` or a `level 0` on the way can't keep an output up. */
static void
look_at_wishes(void)
{
	const struct session *s = &subject.session;
	uint64_t since;

	if (s->control == NO_PAGE || walk.guard_dead || walk.box.model.join ||
	    within(r.hand_at, CALM)) {
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		since = r.none_at[s->pages[s->control].id[0] - 1u][i];
		if (since != 0 && ours(i) && too_long(since, all_well(), LOWERED)) {
			broken("the page wants a channel at zero, and it is up");
		}
	}
}

/* Nothing must be waited for for ever where nothing is wrong. */
static void
look_at_progress(void)
{
	uint64_t since = later(all_well(), r.hand_at);
	struct limits_box b = box_view(&subject);

	r.kill_at = subject.limits.kill && subject.limits.stops == r.stops ? r.kill_at : walk.now;
	r.stops = subject.limits.stops;
	r.busy_at = b.ok && (b.settled || subject.report.done != r.done) ? walk.now : r.busy_at;
	r.done = subject.report.done;
	if (walk.guard_dead || since > walk.now || walk.now - since < AT_LAST) {
		return;
	}
	if (walk.now - r.kill_at > AT_LAST) {
		broken("zero is never confirmed");
	}
	if (walk.now - r.busy_at > AT_LAST) {
		broken("the box is never ready");
	}
}

void
rules_step(void)
{
	for (unsigned i = 0; i < 2; i++) {
		r.moved_at = walk_output(i) != r.output[i] ? walk.now : r.moved_at;
		r.output[i] = walk_output(i);
	}
	if (r.output[0] == 0 && r.output[1] == 0) {
		r.zero_at = walk.now;
	}
	if (!walk_box_is_well()) {
		r.box_well = walk.now + MS;
	}
	if (walk.box.noise[0] != 0 || walk.box.noise[1] != 0) {
		r.noise_at = walk.now;
	}
	if (walk.guard_stalled <= walk.now) {
		r.hung_at = walk.now;
	} else {
		r.guard_well = walk.guard_stalled;
	}
	r.armed += subject.limits.armed && !r.was_armed;
	r.was_armed = subject.limits.armed;
	look_at_settings();
	look_at_outputs();
	look_at_stop();
	look_at_caps();
	look_at_wishes();
	look_at_progress();
}

/* ---- what is written ------------------------------------------------------------------------- */

static void
look_at_raise(unsigned channel, unsigned percent)
{
	const struct session *s = &subject.session;
	unsigned page = s->control != NO_PAGE ? s->pages[s->control].id[0] - 1u : PAGES;
	bool free = walk.guard_stalled + STALE > walk.now || walk.box.stopped + STALE > walk.now;

	if (r.stopped && walk.now > r.stop_at + (free ? 1050 : 5) * MS) {
		broken("a level is raised after the wearer's stop");
	}
	if (page == PAGES ? !free : r.until[page] + 1050 * MS < walk.now) {
		broken("a level is raised without authority");
	}
	if (percent > r.now.cap[channel] && !within(r.noise_at, CALM)) {
		broken("a level is raised above its cap");
	}
}

static void
look_at_mode(unsigned number)
{
	struct status s = walk.box.x.box;
	unsigned mode;

	s.mode = (uint8_t)number;
	mode = codec_mode(&s);
	if ((r.output[0] != 0 || r.output[1] != 0) && !within(r.hand_at, STALE) &&
	    !within(r.noise_at, CALM)) {
		broken("a mode is set while the outputs are up");
	}
	if (mode != MODE_PULSE && ((r.now.modes >> mode & 1) == 0 || !r.now.mode)) {
		broken("a mode is set that the wearer did not allow");
	}
}

void
rules_write(const char *command)
{
	unsigned value = (unsigned)strtoul(command + 1, NULL, 10);
	const struct status *s = &walk.box.x.box;
	unsigned channel = command[0] == 'B', level = channel == 0 ? s->a : s->b;

	look_at_settings(); /* the guard may have changed them since */
	switch (command[0]) {
	case 'A':
	case 'B':
		if (2 * value > level + 2) {
			broken("a level is raised by more than a percent");
		}
		if (2 * value > level) {
			look_at_raise(channel, value);
		}
		break;
	case 'M':
		look_at_mode(value);
		break;
	case 'H':
	case 'L':
		if (!r.now.power) {
			broken("power is set although it is locked");
		}
		break;
	case '\r':
	case 'K':
	case 'C':
	case 'D':
		break;
	default:
		broken("an unknown command is written");
	}
}

/* ---- what the wearer is told ----------------------------------------------------------------- */

static void
look_at_sentence(const struct ui_view *v, bool still)
{
	char advice[UI_ADVICE];
	const char *sentence = ui_sentence(v);

	ui_advice(v, advice);
	if (still && (r.output[0] | r.output[1]) != 0 && !within(r.zero_at, 400 * MS) &&
	    (strstr(sentence, "at zero") != NULL || strstr(advice, "are at zero") != NULL)) {
		broken(sentence);
	}
	if (still && strstr(sentence, "by hand") != NULL && !within(r.moved_at, STALE) &&
	    !((r.output[0] != 0 && walk.box.hand[0]) || (r.output[1] != 0 && walk.box.hand[1]))) {
		broken(sentence);
	}
}

void
rules_view(const struct ui_view *v)
{
	bool still = !within(r.hand_at, 2500 * MS) && !within(r.noise_at, CALM);

	if (walk.now < walk.ui_silent + 500 * MS || walk.now < r.guard_well + 500 * MS) {
		return; /* what it reads first is old */
	}

	if (v->zero && still && (r.output[0] | r.output[1]) != 0 && !within(r.zero_at, 400 * MS)) {
		broken("the screen says zero, and it is not");
	}
	look_at_sentence(v, still);
	if (v->phase == GUARD_LIVE && r.stopped && walk.now > r.stop_at + 50 * MS &&
	    walk.now >= r.guard_well + 50 * MS) {
		broken("the screen says in control after a stop");
	}
	for (unsigned i = 0; i < 2 && still && v->port == PORT_OK; i++) {
		if (walk.now > all_well() + CALM && !within(r.moved_at, 700 * MS) &&
		    v->level[i] != r.output[i] / 2) {
			broken("the screen shows another level than the box has");
		}
	}
}

/*
 * Sentences, times and bars; see view.h. Runs in the ui.
 */
#include "agent/ui/view.h"

#include <stdio.h>
#include <string.h>

#include "common/modes.h"

/* What a wearer has to tell apart. Every situation whose sentence speaks of zero or of a stop is
 * reached only when the box has confirmed zero. */
enum situation {
	NOTHING_YET,  /* no view so far */
	BOX_STARTING, /* no answer from the box so far */
	BOX_SILENT,   /* open, but it does not answer */
	BOX_OFF,      /* answers, but is switched off */
	BOX_GONE,     /* the cable */
	BOX_BUSY,     /* another program has its port */
	BOX_FAILED,   /* its port is there, and can't be opened */
	UNCONFIRMED,  /* it answers, but two zeros in a row have not come yet */
	BY_HAND,      /* nobody is in control and nothing goes to zero, yet it stands above */
	BY_HAND_STOPPED,
	FAULT, /* zero; the guard does not trust the box */
	STOPPED_WEARER,
	STOPPED_IDLE,
	STOPPED_CHECKIN,
	STOPPED_UI,
	STOPPED_CLOCK,
	STOPPED_BOX,
	STOPPED_OTHER,
	ENDED,
	EXPIRED,
	REVOKED,
	LIVE,
	LIVE_PARTNER_STOP,
	ASKING,
	CONNECTING,
	NO_SERVER,
	REFUSED_BY_SERVER,
	NO_KEY,	   /* no link to show yet */
	LINK_AWAY, /* there is a link, but no connection now */
	READY,
	PARTNER_SILENT,
	PARTNER_BYE,
	PARTNER_REFUSED,
	AFTER_BOX, /* nobody stopped anything, yet all went to zero: say why */
	AFTER_LINK,
	AFTER_CLOCK,
};

static const struct {
	enum ui_tone tone;
	const char *sentence, *advice;
} words[] = {
	[NOTHING_YET] = {TONE_CALM, "Starting.", ""},
	[BOX_STARTING] = {TONE_CALM, "Waiting for the box's first answer.",
			  "Is it plugged in and switched on? Its levels are not known until it "
			  "answers, and its own knob is the only control."},
	[BOX_SILENT] = {TONE_ALARM, "The box does not answer: use its own knob.",
			"Its levels are not known. Is its menu open? Close it. Zero is sent again "
			"and again until the box confirms it."},
	[BOX_OFF] = {TONE_CALM, "The box is switched off.",
		     "Nothing comes out of it. Switch it on; it starts from zero."},
	[BOX_GONE] = {TONE_ALARM, "The box is unplugged: use its own knob.",
		      "It may have kept its levels. Plug the cable in again: the first thing it "
		      "gets is zero."},
	[BOX_BUSY] = {TONE_ALARM, "Another program is using the box: use its own knob.",
		      "Its levels are not known. End that program: the first thing that the box "
		      "gets then is zero."},
	[BOX_FAILED] = {TONE_ALARM, "The box's port can't be opened: use its own knob.",
			"Its levels are not known. q, then tether setup: it says what is missing, "
			"and the command for it."},
	[UNCONFIRMED] =
		{TONE_ASK,
		 "Going to zero; the box has not confirmed it yet. If in doubt, use its own knob.",
		 "Zero is sent again and again until the box confirms it."},
	[BY_HAND] = {TONE_CALM, "Nobody has control. The box is turned up by hand.",
		     "SPACE takes it to zero, and so does its own knob."},
	[BY_HAND_STOPPED] =
		{TONE_CALM, "Nobody has control. The box is turned up by hand.",
		 "SPACE takes it to zero, and so does its own knob. Your partner can do "
		 "nothing until you press r to resume."},
	[FAULT] = {TONE_ALARM, "The line to the box has failed. Both channels are at zero.",
		   "It is opened again by itself. If that does not help, turn the box's own knob "
		   "down, unplug its cable and plug it in again."},
	[STOPPED_WEARER] = {TONE_CALM, "Stopped. Both channels are at zero.",
			    "Your partner can do nothing until you press r to resume."},
	[STOPPED_IDLE] = {TONE_CALM, "Stopped: nothing was changed for a long time.",
			  "Both channels are at zero. Press r to go on."},
	[STOPPED_CHECKIN] = {TONE_CALM, "Stopped: you did not answer the check-in.",
			     "Both channels are at zero. Press r to go on."},
	[STOPPED_UI] = {TONE_CALM, "Stopped: this screen was out of reach for a moment.",
			"Both channels are at zero. Press r to go on."},
	[STOPPED_CLOCK] = {TONE_CALM, "Stopped: the computer slept or its clock jumped.",
			   "Both channels are at zero. Press r to go on."},
	[STOPPED_BOX] =
		{TONE_CALM, "Stopped: the box was out of reach, and is back.",
		 "Both channels are at zero now; what they were meanwhile is not known. Press r "
		 "to go on."},
	[STOPPED_OTHER] = {TONE_CALM, "Stopped. Both channels are at zero.", "Press r to go on."},
	[ENDED] = {TONE_CALM, "The session is over. Both channels are at zero.",
		   "Its link is dead. A new one appears here when there is one; d asks for it."},
	[EXPIRED] = {TONE_CALM, "Four hours are over. Both channels are at zero.",
		     "The link is dead. Press d for a new one."},
	[REVOKED] = {TONE_CALM, "The server has ended this session. Both channels are at zero.",
		     "Its key was revoked; the link is dead. Press d for a new one."},
	[LIVE] = {TONE_LIVE, "Your partner has control.", "SPACE stops everything, at any time."},
	[LIVE_PARTNER_STOP] = {TONE_LIVE, "Your partner pressed stop. Both channels are at zero.",
			       "They may start again, from zero."},
	[ASKING] = {TONE_ASK, "Somebody asks for control.",
		    "Ask your partner, best by voice, which three words their page shows. "
		    "The same three: press y. Anything else: press n."},
	[CONNECTING] = {TONE_CALM, "Connecting to the server.", ""},
	[NO_SERVER] = {TONE_CALM, "No connection to the server.",
		       "Both channels are at zero. It is tried again by itself."},
	[REFUSED_BY_SERVER] = {TONE_CALM, "The server refused.",
			       "Both channels are at zero. It is tried again by itself."},
	[NO_KEY] = {TONE_CALM, "Asking the server for a key.", ""},
	[LINK_AWAY] = {TONE_CALM,
		       "The connection to the server is lost. Both channels are at zero.",
		       "It is tried again by itself; the link stays the same."},
	[READY] = {TONE_CALM, "Ready. Nobody has control.",
		   "Send the link to your partner; c copies it."},
	[PARTNER_SILENT] = {TONE_CALM,
			    "Your partner's page fell silent. Both channels are at zero.",
			    "They can take control again with the same link."},
	[PARTNER_BYE] = {TONE_CALM, "Your partner gave control back. Both channels are at zero.",
			 "They can take it again with the same link."},
	[PARTNER_REFUSED] = {TONE_CALM, "You refused. Nobody has control.",
			     "The link still works; d makes it worthless and makes a new one."},
	[AFTER_BOX] = {TONE_CALM, "The box was out of reach and is back, at zero.",
		       "Your partner can take control again with the same link."},
	[AFTER_LINK] = {TONE_CALM,
			"The connection was lost and is back. Both channels are at zero.",
			"Your partner can take control again with the same link."},
	[AFTER_CLOCK] = {TONE_CALM,
			 "The computer slept or its clock jumped. Both channels are at zero.",
			 "Your partner can take control again with the same link."},
};

static enum situation
stopped_by(unsigned why)
{
	switch (why) {
	case WHY_WEARER:
		return STOPPED_WEARER;
	case WHY_IDLE:
		return STOPPED_IDLE;
	case WHY_CHECKIN:
		return STOPPED_CHECKIN;
	case WHY_UI:
		return STOPPED_UI;
	case WHY_CLOCK:
		return STOPPED_CLOCK;
	case WHY_BOX:
		return STOPPED_BOX;
	default:
		return STOPPED_OTHER;
	}
}

static enum situation
no_link(unsigned link)
{
	switch (link) {
	case LINK_CONNECTING:
		return CONNECTING;
	case LINK_REFUSED:
		return REFUSED_BY_SERVER;
	case LINK_LOST:
		return NO_SERVER;
	default:
		return NO_KEY;
	}
}

/* Not by the link: `tether status` is told everything but that. */
static enum situation
waiting(const struct ui_view *v)
{
	if (v->left == 0) {
		return no_link(v->link);
	}
	if (v->link != LINK_CONNECTED) {
		return v->link == LINK_CONNECTING && v->why != WHY_LINK ? CONNECTING : LINK_AWAY;
	}
	switch (v->why) {
	case WHY_SILENT:
		return PARTNER_SILENT;
	case WHY_BYE:
		return PARTNER_BYE;
	case WHY_REFUSED:
		return PARTNER_REFUSED;
	case WHY_BOX:
		return AFTER_BOX;
	case WHY_LINK:
		return AFTER_LINK;
	case WHY_CLOCK:
		return AFTER_CLOCK;
	default:
		return READY;
	}
}

/* With nobody in control: on the way down, or set by the wearer's hand, which nobody fights. Then
 * the question of somebody who asks comes first. */
static bool
above_zero(const struct ui_view *v, enum situation *s)
{
	if (v->going || v->phase == GUARD_FAULT) {
		*s = UNCONFIRMED;
	} else {
		*s = v->latched ? BY_HAND_STOPPED : BY_HAND;
	}
	return v->going || v->phase != GUARD_ASKING;
}

/* The box comes first: whatever the guard wants, this is what the wearer can feel. */
static bool
box_trouble(const struct ui_view *v, enum situation *s)
{
	switch (v->port) {
	case PORT_OK:
		return v->phase != GUARD_LIVE && !v->zero && above_zero(v, s);
	case PORT_STARTING:
		*s = BOX_STARTING;
		return true;
	case PORT_OFF:
		*s = v->zero ? BOX_OFF : UNCONFIRMED;
		return true;
	case PORT_GONE:
		*s = BOX_GONE;
		return true;
	case PORT_BUSY:
		*s = BOX_BUSY;
		return true;
	case PORT_FAILED:
		*s = BOX_FAILED;
		return true;
	default:
		*s = BOX_SILENT;
		return true;
	}
}

static enum situation
situation(const struct ui_view *v)
{
	enum situation s = NOTHING_YET;

	if (v == NULL || box_trouble(v, &s)) {
		return s;
	}
	switch (v->phase) {
	case GUARD_WAITING:
		return waiting(v);
	case GUARD_ASKING:
		return ASKING;
	case GUARD_LIVE:
		return v->why == WHY_PARTNER && v->zero ? LIVE_PARTNER_STOP : LIVE;
	case GUARD_STOPPED:
		return stopped_by(v->why);
	case GUARD_ENDED:
		return v->why == WHY_EXPIRED ? EXPIRED : v->why == WHY_REVOKED ? REVOKED : ENDED;
	default:
		return FAULT;
	}
}

const char *
ui_sentence(const struct ui_view *view)
{
	return words[situation(view)].sentence;
}

enum ui_tone
ui_tone(const struct ui_view *view)
{
	return words[situation(view)].tone;
}

enum ui_try
ui_try(const struct ui_view *view)
{
	switch (situation(view)) {
	case CONNECTING:
	case NO_KEY:
		return TRY_RUNS;
	case NO_SERVER:
	case REFUSED_BY_SERVER:
		return TRY_FAILED;
	case LINK_AWAY:
		return view->link == LINK_CONNECTING ? TRY_RUNS : TRY_FAILED;
	default:
		return TRY_NONE;
	}
}

void
ui_advice(const struct ui_view *view, char out[UI_ADVICE])
{
	enum situation s = situation(view);
	bool server = s == NO_SERVER || s == REFUSED_BY_SERVER || s == LINK_AWAY;
	/* The new link that the advice speaks of does not come: then why comes after it. */
	bool kept = s == ENDED && (view->link == LINK_LOST || view->link == LINK_REFUSED);
	const char *note = server || kept ? view->note : "", *advice = words[s].advice;

	snprintf(out, UI_ADVICE, "%s%s%s", server ? note : advice, note[0] != '\0' ? " " : "",
		 server ? advice : note);
}

void
ui_warning(const struct ui_view *view, char out[UI_ADVICE])
{
	char left[UI_TIME];

	out[0] = '\0';
	if (view == NULL || view->phase != GUARD_LIVE) {
		return;
	}
	if (view->checkin_left <= UI_SOON_S) {
		ui_time(left, view->checkin_left);
		snprintf(out, UI_ADVICE,
			 "Are you there? Press any key within %s, or everything stops.", left);
	} else if (view->idle_left <= UI_SOON_S) {
		ui_time(left, view->idle_left);
		snprintf(out, UI_ADVICE,
			 "Nothing was changed for a long time: everything stops in %s.", left);
	}
}

static bool
is_soon(const struct ui_view *v, uint32_t left)
{
	return v->phase == GUARD_LIVE && left <= UI_SOON_S;
}

bool
ui_attention(const struct ui_view *before, const struct ui_view *now)
{
	static const struct ui_view nothing = {
		.phase = GUARD_WAITING, .zero = true, .port = PORT_OK};

	before = before == NULL ? &nothing : before;
	return (now->phase == GUARD_ASKING && before->phase != GUARD_ASKING) ||
	       (is_soon(now, now->checkin_left) && !is_soon(before, before->checkin_left)) ||
	       (is_soon(now, now->idle_left) && !is_soon(before, before->idle_left)) ||
	       (ui_tone(now) == TONE_ALARM && ui_tone(before) != TONE_ALARM);
}

/* What the dials C and D do, in the page's words (web/strings.js; docs/BOX.md, section 4). */
static const char *const dials[MODE_COUNT][2] = {
	[MODE_PULSE] = {"pulse rate", "feel"},	  [MODE_BOUNCE] = {"pulse rate", "feel"},
	[MODE_CONTINUOUS] = {"feel", NULL},	  [MODE_FLO] = {"feel of A", "feel of B"},
	[MODE_ASPLIT] = {"pulse rate", "feel"},	  [MODE_BSPLIT] = {"pulse rate", "feel"},
	[MODE_WAVE] = {"speed", "feel"},	  [MODE_WATERFALL] = {"speed", "feel"},
	[MODE_SQUEEZE] = {"pulse speed", "feel"}, [MODE_MILK] = {"pulse speed", "feel"},
	[MODE_THROB] = {"range of feel", NULL},	  [MODE_THRUST] = {"range of feel", NULL},
	[MODE_CYCLE] = {"range of feel", "feel"}, [MODE_TWIST] = {"range of feel", "feel"},
	[MODE_RANDOM] = {"range", "feel"},	  [MODE_STEP] = {"step delay", "feel"},
	[MODE_TRAINING] = {"jump delay", "feel"},
};

const char *
ui_dial(unsigned mode, unsigned dial)
{
	if (mode >= MODE_COUNT) {
		return "adjusts the mode";
	}
	return dials[mode][dial];
}

const char *
ui_mode(unsigned mode)
{
	return mode < MODE_COUNT ? mode_title(mode) : "Set on the box";
}

void
ui_time(char out[UI_TIME], uint32_t seconds)
{
	if (seconds == UI_NEVER) {
		snprintf(out, UI_TIME, "-");
	} else if (seconds >= 3600) {
		snprintf(out, UI_TIME, "%u h %02u min", seconds / 3600, seconds / 60 % 60);
	} else if (seconds >= 120) {
		snprintf(out, UI_TIME, "%u min", seconds / 60);
	} else {
		snprintf(out, UI_TIME, "%u s", seconds);
	}
}

/* Cells that a percentage fills; more than nothing shows as one at least. */
static size_t
cells(unsigned percent, size_t width)
{
	size_t n = (percent > 100 ? 100 : percent) * width / 100;

	return n == 0 && percent > 0 && width > 0 ? 1 : n;
}

void
ui_bar(char *out, size_t width, unsigned level, unsigned target, unsigned cap)
{
	size_t to_level = cells(level, width), to_target = cells(target, width);
	size_t to_cap = cells(cap, width), mark = to_cap == width && width > 0 ? width - 1 : to_cap;

	for (size_t i = 0; i < width; i++) {
		if (i < to_level) {
			out[i] = '#';
		} else if (i == mark) {
			out[i] = '|';
		} else if (i < to_target) {
			out[i] = '>';
		} else {
			out[i] = i < to_cap ? '-' : '.';
		}
	}
	out[width] = '\0';
}

const char *
ui_power(const struct ui_view *view)
{
	return view->power == 0 ? "low" : "high";
}

/*
 * The words of the questions (dialog.h). Pure. Simple words, one question at a time, no decoration:
 * they are read aloud by screen readers, and broken into lines by whoever prints them.
 */
#include "agent/setup/dialog.h"

#include <stdio.h>

#include "agent/values.h"

void
dialog_welcome(const struct dialog *d, char out[DIALOG_TEXT])
{
	snprintf(out, DIALOG_TEXT,
		 "%s\n\n"
		 "How to stop, first of all: press the space bar, at any moment, and both channels "
		 "go to zero. The box's own knobs and its plug always work: keep them within "
		 "reach.\n\n"
		 "Ctrl-C, or q, ends these questions. %s\n",
		 d->wish.anew
			 ? "These are the questions of the first start again. What stands in "
			   "brackets is what you have now; Enter keeps it."
			 : "Welcome to tether. It lets one person whom you choose steer your box "
			   "from "
			   "afar, within limits that you set now. This takes about two minutes. "
			   "Enter takes what stands in brackets.",
		 d->o.demo ? "The box is a simulated one: nothing is written."
			   : "Nothing is written before the last one.");
}

static void
which_words(const struct dialog *d, char out[DIALOG_TEXT])
{
	int n = snprintf(out, DIALOG_TEXT,
			 "Several adapters are plugged in. Which one is the box?\n");

	for (int i = 0; i < d->count && n > 0 && n < DIALOG_TEXT; i++) {
		n += snprintf(out + n, DIALOG_TEXT - (size_t)n, "  %d  %s %s %s\n", i + 1,
			      d->ports[i].path, d->ports[i].description, d->ports[i].serial);
	}
}

static void
level_words(const struct dialog *d, char out[DIALOG_TEXT])
{
	const char *power = d->power == 0 ? "low" : "high";
	uint8_t now = d->o.settings.limits.cap[d->power][d->channel];
	char c = d->channel == 0 ? 'A' : 'B', keep[64] = "";

	if (d->without_box) {
		snprintf(out, DIALOG_TEXT,
			 "Channel %c at %s power: how many percent may your partner "
			 "reach at most? 0 keeps the channel off.\n",
			 c, power);
		return;
	}
	if (now != 0) {
		snprintf(keep, sizeof(keep), "  k      keep your %u percent\n", now);
	}
	snprintf(out, DIALOG_TEXT,
		 "Channel %c at %s power. %s %c at the box, slowly, until it is the "
		 "most that you want.%s\n"
		 "  Enter  this is the most\n  space  zero, at once\n  s      leave %c off\n%s"
		 "  0-100  or type how many percent\n",
		 c, power, d->power == 0 ? "Turn up" : "Switch the box to high, then turn up", c,
		 d->o.demo ? " (The simulated box has no knobs: type a number.)" : "", c, keep);
}

static void
taken_words(const struct dialog *d, char out[DIALOG_TEXT])
{
	snprintf(out, DIALOG_TEXT, "%c: %u percent%s%s\n  1  that is right\n  2  once more\n",
		 d->channel == 0 ? 'A' : 'B', d->taken,
		 d->taken == 0 ? ": the channel stays off." : " at most for your partner.",
		 d->without_box ? "" : " The box goes to zero.");
}

static void
high_words(const struct dialog *d, char out[DIALOG_TEXT])
{
	const uint8_t *high = d->o.settings.limits.cap[1];
	int n = snprintf(out, DIALOG_TEXT,
			 "Caps for high power too? It is much stronger. Without them "
			 "nothing comes out at high power.\n  1  no\n  2  yes, find them now\n");

	if ((high[0] != 0 || high[1] != 0) && n > 0) {
		snprintf(out + n, DIALOG_TEXT - (size_t)n, "  3  as now: A %u, B %u percent\n",
			 high[0], high[1]);
	}
}

static void
write_words(const struct dialog *d, char out[DIALOG_TEXT])
{
	const struct settings *s = &d->o.settings;
	const struct limits_settings *l = &s->limits;
	char server[VALUE_TEXT];

	(void)values_text(&d->o, values_find("server"), server);
	snprintf(out, DIALOG_TEXT,
		 "This is what you chose:\n"
		 "  server %s\n  A at most %u, B at most %u percent\n"
		 "  at high power A %u, B %u percent\n"
		 "  power: %s\n  mode: %s\n  %s\n"
		 "%s",
		 server, l->cap[0][0], l->cap[0][1], l->cap[1][0], l->cap[1][1],
		 l->lock_power ? "locked" : "your partner may change it",
		 l->lock_mode ? "locked" : "your partner may change it",
		 s->ask ? "you are asked before anybody gets in" : "whoever has the link gets in",
		 d->o.demo ? "Answers for the simulated box are not kept.\n"
			     "  1  start\n  2  don't start\n"
			   : "  1  save this and start\n  2  save this, don't start\n");
}

/* Questions that are the same for everybody. */
static const char *
fixed_words(enum dialog_step step)
{
	switch (step) {
	case STEP_SERVER:
		return "Which server do you use? Its owner gave you a name like tether.example, "
		       "perhaps with a port: tether.example:8883.\n";
	case STEP_KEEP:
		return "Use it all the same?\n  1  yes, it may come later\n  2  no, another name\n";
	case STEP_POWER:
		return "The box is at high power. Caps are found at low power first.\n"
		       "  1  zero, then switch it to low\n  2  I do it at the box\n";
	case STEP_LOWER:
		return "Both channels go to zero, then the power to low.\n";
	case STEP_LOCK_POWER:
		return "May your partner switch between low and high power?\n"
		       "  1  no\n  2  yes, it goes through zero\n";
	case STEP_LOCK_MODE:
		return "May your partner change the mode?\n  1  yes, it goes through zero\n  2  "
		       "no\n";
	case STEP_ADMIT:
		return "When somebody opens your link:\n  1  ask me, and show me three words\n"
		       "  2  let them in at once\n";
	default:
		return "";
	}
}

void
dialog_prompt(const struct dialog *d, char out[DIALOG_TEXT])
{
	switch (d->step) {
	case STEP_WHICH:
		which_words(d, out);
		break;
	case STEP_LEVEL:
		level_words(d, out);
		break;
	case STEP_TAKEN:
		taken_words(d, out);
		break;
	case STEP_HIGH:
		high_words(d, out);
		break;
	case STEP_WRITE:
		write_words(d, out);
		break;
	default:
		snprintf(out, DIALOG_TEXT, "%s", fixed_words(d->step));
	}
}

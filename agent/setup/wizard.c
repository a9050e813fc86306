/*
 * The first start (wizard.h): the dialog, the box, the server and the terminal, in one loop that
 * never blocks for longer than it takes to fork.
 */
#include "agent/setup/wizard.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/setup/dialog.h"
#include "agent/setup/paper.h"
#include "agent/setup/reach.h"
#include "agent/setup/watch.h"
#include "agent/single.h"
#include "agent/ui/decode.h"
#include "common/clock.h"

#define TURN_MS 50
#define REACH_MS 3000
#define PORTS_MS 1000
#define STOP_MS 500 /* a box that answers has confirmed zero by then */
#define BY_ID "/dev/serial/by-id"

struct wizard {
	struct dialog d;
	struct watch w;
	struct paper p;
	struct ui_decoder decoder;
	struct ui_decoder spaces; /* apart: a control character begins the other one anew */
	enum dialog_step asked; /* the step whose question stands on the screen */
	enum finding told;
	bool stopping;	     /* a `K` of the wearer waits to be confirmed */
	uint64_t stop_at;    /* when its box is to be called out of reach; 0: that was said */
	bool met;	     /* the box has answered */
	int reach, reach_fd; /* the process that tries the server, -1 none */
	uint64_t reach_at, ports_at;
	int signal_fd;
};

static void
ask(struct wizard *z)
{
	char text[DIALOG_TEXT];

	dialog_prompt(&z->d, text);
	if (*text != '\0') {
		paper_say(&z->p, "\n");
		paper_say(&z->p, text);
	}
	z->asked = z->d.step;
}

/* Is there nothing to be typed now? */
static bool
is_waiting(const struct wizard *z)
{
	enum dialog_step step = z->d.step;

	return step == STEP_REACH || step == STEP_LOWER || step == STEP_ZERO ||
	       (step == STEP_BOX && (z->told == FINDING_NONE || z->told == FINDING_OK));
}

/* What stands before the typed line: the level, the default. */
static void
lead(struct wizard *z)
{
	struct sight s = watch_sight(&z->w);
	char usual[VALUE_TEXT], text[VALUE_TEXT + 40];

	if (is_waiting(z)) {
		return;
	}
	dialog_default(&z->d, usual);
	if (z->d.step == STEP_LEVEL && !z->d.without_box) {
		snprintf(text, sizeof(text), "%c is at %u percent > ",
			 z->d.channel == 0 ? 'A' : 'B', s.level[z->d.channel]);
	} else if (*usual != '\0') {
		snprintf(text, sizeof(text), "[%s] > ", usual);
	} else {
		snprintf(text, sizeof(text), "> ");
	}
	paper_lead(&z->p, text);
}

/* Is the port one that only the file names, perhaps from long ago? */
static bool
is_of_file(const struct wizard *z)
{
	return z->d.o.box[0] != '\0' && z->d.port < 0 && !z->d.wish.box && !z->met;
}

static void
tell_box(struct wizard *z)
{
	static const char other[] = "Your settings name it. Another one is looked for.\n";
	static const char again[] = "This goes on by itself as soon as the box answers; s goes on "
				    "without the box.\n";
	enum finding f = z->w.finding;
	char text[FINDING_TEXT];

	if (f == z->told || f == FINDING_NONE) {
		return;
	}
	z->told = f;
	if (f == FINDING_OK) {
		snprintf(text, sizeof(text), "\nThe box answers (firmware %s).\n",
			 z->w.report.version);
		paper_say(&z->p, text);
		return;
	}
	paper_say(&z->p, "\n");
	finding_words(f, z->w.path, text);
	paper_say(&z->p, text);
	if (z->d.step == STEP_BOX) {
		paper_say(&z->p, f == FINDING_ABSENT && is_of_file(z) ? other : again);
	}
}

/* A path that stays the same whatever order adapters are plugged in, where there is one. */
static void
stable_path(char path[MAX_PATH])
{
	char entry[PATH_MAX], real[PATH_MAX];
	struct dirent *e;
	DIR *dir = opendir(BY_ID);

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		snprintf(entry, sizeof(entry), BY_ID "/%s", e->d_name);
		if (strlen(entry) < MAX_PATH && realpath(entry, real) != NULL &&
		    strcmp(real, path) == 0) {
			memcpy(path, entry, strlen(entry) + 1);
			break;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

/* The adapter: the one chosen, or the only one there is. */
static void
find_port(struct wizard *z, uint64_t now)
{
	struct port ports[MAX_PORTS];
	struct dialog *d = &z->d;
	int count;

	if (d->port >= 0) {
		stable_path(d->o.box);
		watch_port(&z->w, d->o.box, d->ports[d->port].serial);
		return;
	}
	if (now < z->ports_at) {
		return;
	}
	z->ports_at = now + PORTS_MS;
	count = ports_list(ports, MAX_PORTS);
	if (count > 1) {
		dialog_which(d, ports, count);
	} else if (count == 1) {
		watch_port(&z->w, ports[0].path, ports[0].serial);
	} else {
		z->w.finding = FINDING_NO_ADAPTER;
	}
}

/* What became of a stop. One that the box has not heard goes on, and is not called zero. */
static void
tell_stop(struct wizard *z, const struct sight *s, uint64_t now)
{
	if (z->stopping && s->zero) {
		z->stopping = false;
		z->stop_at = 0;
		paper_say(&z->p, "Both channels are at zero.\n");
	} else if (z->stop_at != 0 && now >= z->stop_at && !s->ok) {
		z->stop_at = 0;
		paper_say(&z->p, "The box is not reached: use its own knob.\n");
	}
}

/* A box that is not there may be there under another name. One that the command line names, or that
 * has answered, is waited for. */
static void
forget_absent(struct wizard *z)
{
	bool named = z->d.o.box[0] != '\0';

	if (z->w.child.fd >= 0 || z->w.finding != FINDING_ABSENT ||
	    (named && (!is_of_file(z) || z->told != FINDING_ABSENT))) {
		return;
	}
	memset(z->d.o.box, 0, sizeof(z->d.o.box));
	z->d.port = -1;
	watch_port(&z->w, "", "");
}

/* From the start and to the end, so that there is something to stop; what is said and asked of the
 * box waits for its question. */
static void
look_at_box(struct wizard *z, uint64_t now)
{
	struct sight s;

	if (z->w.path[0] == '\0' && (z->d.step <= STEP_BOX || z->d.without_box)) {
		find_port(z, now);
	}
	watch_turn(&z->w, now);
	if (z->d.step >= STEP_BOX && !z->d.without_box) {
		tell_box(z);
	}
	z->met = z->met || z->w.finding == FINDING_OK;
	forget_absent(z);
	s = watch_sight(&z->w);
	tell_stop(z, &s, now);
	dialog_box(&z->d, &s);
}

static void
reach_turn(struct wizard *z, uint64_t now)
{
	struct pollfd done = {.fd = z->reach_fd, .events = POLLIN};
	char text[DIALOG_TEXT];
	const char *why;

	if (z->d.step != STEP_REACH) {
		return;
	}
	if (z->reach < 0) {
		z->reach = reach_start(z->d.o.host, z->d.o.port, &z->reach_fd);
		z->reach_at = now + REACH_MS;
		if (z->reach < 0) {
			dialog_reached(&z->d, NULL);
		}
		return;
	}
	if (poll(&done, 1, 0) == 0 && now < z->reach_at) {
		return;
	}
	why = reach_end(z->reach, z->reach_fd, now >= z->reach_at);
	z->reach = -1;
	if (why != NULL) {
		snprintf(text, sizeof(text), "\nThe server %s can't be reached now: %s.\n",
			 z->d.o.host, why);
		paper_say(&z->p, text);
	}
	dialog_reached(&z->d, why);
}

/* Into every step but one the outputs go to zero. */
static void
step_changed(struct wizard *z, uint64_t now)
{
	if (z->d.step == STEP_LOWER) {
		watch_low(&z->w, now);
	} else if (z->d.step != STEP_LEVEL) {
		watch_kill(&z->w, now);
	}
	if (z->d.step == STEP_BOX) {
		z->told = FINDING_NONE;
	}
	ask(z);
}

static int
write_file(struct wizard *z)
{
	const struct options *o = &z->d.o;
	char why[CONFIG_ERROR], text[DIALOG_TEXT];

	if (o->demo) {
		return 0; /* caps that nobody has felt: a real box must never get them unasked */
	}
	if (o->config[0] == '\0') {
		snprintf(why, sizeof(why), "there is no place for it; name one with --config FILE");
	} else if (config_save(o->config, o, why) == 0) {
		snprintf(text, sizeof(text), "\nSaved to %s.\n", o->config);
		paper_say(&z->p, text);
		z->d.o.saved = z->d.o.settings;
		return 0;
	}
	snprintf(text, sizeof(text), "\nIt could not be saved: %.*s.\n", CONFIG_ERROR, why);
	paper_say(&z->p, text);
	return -1;
}

static void
take_line(struct wizard *z)
{
	struct sight s = watch_sight(&z->w);
	enum dialog_step before = z->d.step;
	uint8_t channel = z->d.channel, power = z->d.power;
	char line[LINE_TEXT], say[DIALOG_TEXT];

	memcpy(line, z->p.line, sizeof(line));
	z->p.len = 0;
	z->p.line[0] = '\0';
	if (z->d.step != z->asked) {
		return; /* a key that bounced: nobody has seen the question that it would answer */
	}
	dialog_answer(&z->d, line, &s, say);
	paper_say(&z->p, say);
	if (z->d.channel != channel || z->d.power != power) {
		z->asked = STEP_QUIT; /* another cap: a new question, be it the same step */
	}
	if (z->d.step == STEP_DONE && write_file(z) < 0) {
		z->d.step = before;
		z->asked = STEP_QUIT; /* ask again */
	}
}

static void
stop(struct wizard *z, uint64_t now)
{
	if (z->d.step == STEP_LOWER) {
		watch_low(&z->w, now); /* zero first, as ever; the step still waits for low power */
	} else {
		watch_kill(&z->w, now);
	}
	z->stopping = z->w.child.fd >= 0;
	if (z->stop_at == 0) {
		z->stop_at = z->stopping ? now + STOP_MS : now;
	}
}

/* What was typed, and not the rest of an arrow's bytes. What is pasted counts: a server's name. */
static enum paper_key
decode(struct wizard *z, char byte)
{
	int key = byte;

	if (byte < 0 || byte >= ' ' || byte == UI_KEY_ESC) {
		key = ui_decode(&z->decoder, byte);
	} else {
		z->decoder = (struct ui_decoder){0}; /* Ctrl-C ends an unfinished one too */
	}
	z->decoder.paste = false;
	return key > 0 && key < UI_KEY_UP
		       ? paper_key(&z->p, (char)key, z->d.step == STEP_SERVER)
		       : PAPER_NOTHING;
}

/* The space bar, whatever a keyboard sends for it (agent/ui/decode.h); NUL is Ctrl-Space. */
static bool
has_space(struct wizard *z, const char *bytes, ssize_t n)
{
	bool found = false;

	for (ssize_t i = 0; i < n; i++) {
		found = ui_decode_space(&z->spaces, bytes[i]) || bytes[i] == ' ' ||
			bytes[i] == '\0' || found;
	}
	return found;
}

static void
take_keys(struct wizard *z, uint64_t now)
{
	char bytes[64];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n <= 0) {
		z->d.step = STEP_QUIT; /* the terminal has gone */
	}
	/* The stop first, whatever was typed before it. */
	if (has_space(z, bytes, n)) {
		stop(z, now);
	}
	for (ssize_t i = 0; i < n && z->d.step < STEP_DONE; i++) {
		enum paper_key key = decode(z, bytes[i]);

		if (key == PAPER_SPACE && bytes[i] != ' ') {
			stop(z, now); /* Shift-Space: its bytes are a sequence */
		}
		if (key == PAPER_QUIT) {
			z->d.step = STEP_QUIT;
		} else if (key == PAPER_LINE) {
			take_line(z);
		}
	}
	(void)ui_decode_end(&z->decoder);
}

static void
take_signals(struct wizard *z, uint64_t now)
{
	struct signalfd_siginfo info;

	while (read(z->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1) {
			stop(z, now); /* `tether stop` */
		} else {
			z->d.step = STEP_QUIT;
		}
	}
}

static void
turn(struct wizard *z)
{
	struct pollfd fds[] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = z->signal_fd, .events = POLLIN},
		{.fd = z->w.child.fd, .events = POLLIN},
	};
	uint64_t now;

	(void)poll(fds, sizeof(fds) / sizeof(fds[0]), TURN_MS);
	now = clock_ms();
	take_signals(z, now);
	if (fds[0].revents != 0 && z->d.step < STEP_DONE) {
		take_keys(z, now);
	}
	if (fds[2].revents != 0) {
		watch_read(&z->w, now);
	}
	reach_turn(z, now);
	look_at_box(z, now);
	if (z->d.step != z->asked && z->d.step < STEP_DONE) {
		step_changed(z, now);
	}
	if (z->d.step == z->asked) {
		lead(z);
	}
}

/* They are blocked before and after: a stop that comes when this is over is the guard's. */
static int
open_signals(void)
{
	sigset_t set;

	single_signals(&set);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static enum wizard_end
finish(struct wizard *z)
{
	bool had_box = z->w.child.fd >= 0, zero;

	watch_kill(&z->w, clock_ms());
	if (z->reach >= 0) {
		(void)reach_end(z->reach, z->reach_fd, 1);
	}
	if (z->d.step == STEP_QUIT) {
		paper_say(&z->p, "\nEnded. Nothing was written.\n");
	}
	zero = watch_finish(&z->w);
	if (had_box && zero) {
		paper_say(&z->p, "Both channels are at zero.\n");
	} else if (z->met) {
		paper_say(&z->p, "The box does not answer: use its own knob.\n");
	}
	paper_close(&z->p);
	if (z->d.step == STEP_QUIT) {
		return WIZARD_QUIT;
	}
	return z->d.start ? WIZARD_START : WIZARD_SAVED;
}

enum wizard_end
wizard_run(struct options *o, const struct wish *wish)
{
	static struct wizard z;
	enum wizard_end end;
	char text[DIALOG_TEXT];

	z = (struct wizard){.asked = STEP_QUIT, .reach = -1, .reach_fd = -1};
	watch_init(&z.w);
	dialog_begin(&z.d, o, wish);
	z.signal_fd = open_signals();
	if (z.signal_fd < 0 || paper_open(&z.p) < 0) {
		perror("tether: the terminal");
		return WIZARD_QUIT;
	}
	if (o->box[0] != '\0') {
		watch_port(&z.w, o->box, "");
	}
	dialog_welcome(&z.d, text);
	paper_say(&z.p, text);
	look_at_box(&z, clock_ms()); /* before the first key */
	while (z.d.step < STEP_DONE) {
		turn(&z);
	}
	end = finish(&z);
	*o = z.d.o;
	close(z.signal_fd);
	return end;
}

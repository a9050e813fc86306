/*
 * The guard: the agent's main process. It holds limits, timers and the session secret, and reads
 * nothing but frames of its own children (agent/frames.h), none of which it trusts.
 *
 *   box  <->  boxside.c    orders with a time limit, reports, restart
 *   link <->  linkside.c   one process per connection: issue, serve, end
 *             partner.c    commands of the partner -> limits
 *   ui   <->  wearer.c     the wearer's keys -> limits, settings, session
 *             publish.c    states for the partner, views for the ui
 *   sleep <-> sleepside.c  the computer waits for zero before it sleeps
 *   save  <-> saveside.c   the wearer's settings into the configuration file
 *   status    statusside.c `tether status`: one view to whoever asks, nothing is read
 *             guard.c      the loop, timers, clocks, the end
 */
#ifndef TETHER_GUARD_H
#define TETHER_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/frames.h"
#include "agent/guard/limits.h"
#include "agent/guard/session.h"
#include "agent/guard/settings.h"

#define BEAT_MS 250    /* heartbeat to box, ping to link, view to ui */
#define PEER_MS 1000   /* a peer silent for longer is dead */
#define BIRTH_MS 5000  /* but this long may pass before its first word (outputs are zero then) */
#define VALID_MS 1000  /* an order's life */
#define ORDER_MS 2000  /* an order not carried out by then: something is wrong with the box */
#define STATE_MS 1000  /* a state at least this often */
#define STATE_GAP_MS 100 /* and not more often than this */
#define CONNECT_MS 30000 /* a link may take this long to connect */
#define LINK_END_MS 1000 /* a link that is let go has this long for its last words */
#define END_MS 4000    /* how long the end waits for zero and for the key service */
#define SAVE_MS 5000 /* a file that is not written by then will not be */
#define LOOK_MS 500 /* a question that stands for less time has not been read: no `allow` yet */
#define RTT_NONE 0xffff /* longer ones count as that too: nobody can steer with a minute of delay */
#define IDLE_WARN_MS 60000 /* the idle shut-down is announced this long before */

/* What the command line says. */
struct options {
	char box[MAX_PATH];   /* serial port; "" = look for one */
	char usb[64];         /* USB serial number of the adapter, "" none */
	char host[MAX_HOST];
	uint16_t port;
	char ca[MAX_PATH];    /* "" = the system's */
	char page[MAX_HOST + 16]; /* https://HOST/ of the link */
	bool headless, plain, demo, debug;
	char config[MAX_PATH]; /* where settings are saved, "" nowhere */
	struct settings settings;
	struct settings saved; /* what the configuration file says, or would say if there were one */
};

/* A child process at the other end of a socket. fd -1 = not running. */
struct child {
	pid_t pid;
	int fd, pidfd;
	bool heard;             /* it has sent something */
	uint64_t started, seen; /* ms */
};

enum life { LIFE_RUN, LIFE_ENDING, LIFE_OVER };

struct guard {
	struct options options;
	struct settings settings;
	struct settings saved;  /* those of the file */
	struct settings saving; /* those that the save process is writing */
	struct limits limits;
	struct session session;

	struct child box, link, ui, sleep;
	struct child save;      /* only while the file is being written */
	struct child leaving;   /* a link that was let go; fd -1, killed at leave_at */
	uint64_t leave_at;

	struct box_report report;
	struct box_element element;
	uint32_t seq, order_seq; /* orders: newest, newest that must be answered */
	uint32_t kill_seq;       /* the last kill, 0 none; it stands for limits.stops == kill_stops */
	uint32_t kill_stops;
	uint32_t wait_stops;     /* limits.stops of a zero that is only waited for, 0 none */
	uint64_t order_at, beat_at;
	uint64_t raised_at; /* ms, when the box last said a level above zero */
	uint64_t box_at; /* start the next box process not before */

	struct link_status link_status;
	uint8_t job;            /* enum link_job of the running link */
	bool link_connected;    /* it has been, in this process */
	bool newer_told;        /* that there is a newer version */
	char told[96];          /* the last sentence about the connection in the wearer's log */
	bool issue_wanted;      /* a new key is wanted */
	bool end_wanted;        /* the running session is to be ended at the key service */
	char end_client[CLIENT_TEXT + 1];
	char end_token[MAX_TOKEN + 1];
	uint64_t link_at;       /* start the next link process not before */
	uint32_t link_backoff;  /* ms */
	uint64_t ping_at, state_at;

	uint64_t live_at;       /* ms, when the partner took control */
	uint16_t rtt_ms;        /* of the page in control; RTT_NONE not known */

	uint64_t view_at;
	bool ui_stalled;        /* silent for over PEER_MS: already stopped for it */
	uint64_t stop_at;       /* ms, the last press of stop; 0 none */

	struct sleep_status sleep_status;
	char sleep_told[64];    /* what was last said about it in the wearer's log */
	bool sleep_held;        /* the last hold that was sent */
	uint64_t sleep_at;      /* start the next sleep process not before */
	uint64_t sleep_beat_at;
	uint64_t armed_at;      /* ms, when the partner was last in control */
	uint64_t soon_at;       /* ms, when sleep was announced */

	int status_fd;          /* listens for `tether status`; -1 not */
	uint64_t status_at;     /* ms; the next is answered not before */

	uint64_t turn_at;       /* ms of the last turn of the loop */
	int64_t clock_offset;   /* REALTIME - BOOTTIME, ms */
	enum life life;
	uint64_t over_at;
	int signal_fd;
	bool fresh;             /* something that people see has changed */
};

/* How it ended. */
struct guard_over {
	bool started; /* else nothing ran, and standard error says why */
	bool screen;  /* it lived to the end, and put the terminal back */
	bool zero;    /* the box had confirmed zero */
};

/* Runs until the end. */
struct guard_over guard_run(const struct options *o);

/* One line for the wearer's log (and nothing else). */
__attribute__((format(printf, 2, 3))) void guard_say(struct guard *g, const char *format, ...);

/* Both outputs to zero now: limits, then the order to the box, in one step. */
void guard_zero(struct guard *g, enum why why, bool latch);

/* Begins the end: zero, session ended, then exit. */
void guard_end(struct guard *g, const char *reason);

/* Starts a child of this program with `argv` behind "--child". 0 or -1. */
int child_start(struct child *c, const char *const argv[], unsigned flags, uint64_t now);

/* Silent for longer than it may be? */
bool child_is_silent(const struct child *c, uint64_t now);

/* It has sent something valid. */
void child_heard(struct child *c, uint64_t now);

/* Ends one: its socket is closed; `force` also kills it. The box is never killed on the way out,
 * so that it can write `K` until zero is confirmed. */
void child_stop(struct child *c, bool force);

/* boxside.c */
/* Has the pending zero been ordered already? */
bool box_kill_sent(const struct guard *g);

/* Is zero confirmed, after the last thing that asked for it? Also by a box that is off. */
bool box_zero(const struct guard *g);
struct limits_box box_view(const struct guard *g);
void box_turn(struct guard *g, uint64_t now);
void box_read(struct guard *g, uint64_t now);
void box_lost(struct guard *g, uint64_t now, const char *reason);

/* linkside.c */
void link_turn(struct guard *g, uint64_t now);
void link_read(struct guard *g, uint64_t now);
void link_lost(struct guard *g, uint64_t now);
/* Ends the session at the key service and asks for a new key when `again`. */
void link_end_session(struct guard *g, bool again);

/* partner.c */
void partner_command(struct guard *g, const struct command *c, uint64_t now);
void partner_turn(struct guard *g, uint64_t now);
void partner_allow(struct guard *g, bool allow, uint64_t now);
/* The wearer has changed the hold: a shorter one counts at once. */
void partner_hold(struct guard *g, uint64_t now);

/* wearer.c */
void ui_turn(struct guard *g, uint64_t now);
void ui_read(struct guard *g, uint64_t now);
void ui_lost(struct guard *g);

/* sleepside.c */
void sleep_turn(struct guard *g, uint64_t now);
void sleep_read(struct guard *g, uint64_t now);
/* Is the computer about to sleep? Nobody takes control then: no lock would hold the sleep up. */
bool sleep_is_near(const struct guard *g, uint64_t now);

/* saveside.c */
/* Starts writing the settings to the configuration file; says so, or why not. */
void save_start(struct guard *g, uint64_t now);
void save_turn(struct guard *g, uint64_t now);
void save_read(struct guard *g, uint64_t now);

/* statusside.c */
/* Failing costs `tether status`, nothing else. */
void status_open(struct guard *g);
void status_close(struct guard *g);
/* What to poll for a client: -1 while it is too early to take one. */
int status_fd(const struct guard *g, uint64_t now);
/* Takes one client, answers without waiting, and lets it go. */
void status_read(struct guard *g, uint64_t now);

/* publish.c */
enum guard_phase guard_phase(const struct guard *g, uint64_t now);
int state_write(const struct guard *g, uint32_t beacon, uint64_t now, char *out, size_t size);
void publish_state(struct guard *g, uint64_t now);
void publish_view(struct guard *g, uint64_t now);
/* All that a view holds, link and check words included. */
void view_fill(const struct guard *g, struct ui_view *view, uint64_t now);
/* Something that people see has changed: publish soon. */
void publish_soon(struct guard *g);

#endif

/*
 * The frames between guard and box, link, ui, sleep, save (docs/PRIVSEP.md has the same table in prose).
 * Senders and receivers use the tables below with common/frame.h.
 */
#ifndef TETHER_FRAMES_H
#define TETHER_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/auth.h"
#include "common/command.h"
#include "common/frame.h"
#include "common/key.h"
#include "common/max.h"
#include "common/token.h"

/* ---- guard <-> box ------------------------------------------------------------------------- */

enum box_act {
	ACT_HEARTBEAT = 0, /* every 250 ms; nothing to write, go on polling */
	ACT_KILL = 1,      /* `K` at once, again after 60 and 120 ms, until zero is confirmed */
	ACT_LEVEL_A = 2,   /* value 0..100 */
	ACT_LEVEL_B = 3,
	ACT_PARAM_C = 4,   /* value 2..100 */
	ACT_PARAM_D = 5,
	ACT_MODE = 6,      /* value: enum mode (the driver turns it into this firmware's number) */
	ACT_POWER = 7      /* value: 0 low `L`, 1 high `H` */
};

/* guard -> box. The box writes nothing but `K` once valid_until has passed. A newer order
 * replaces one that is still waiting; ACT_KILL empties the mailbox. */
struct box_order {
	uint32_t seq;         /* rises with each order; heartbeats carry it too */
	uint8_t act;          /* enum box_act */
	uint8_t value;
	uint64_t valid_until; /* CLOCK_BOOTTIME ns, at most 1 s ahead */
};

enum box_port {
	PORT_STARTING = 0, /* no reply yet */
	PORT_OK = 1,       /* answering */
	PORT_SILENT = 2,   /* open, but no valid reply for 500 ms: menu open? */
	PORT_OFF = 3,      /* answers, but the box is switched off (battery < 320 on 9 fields) */
	PORT_GONE = 4,     /* not there, or it went away; the box process exits after this... */
	PORT_BUSY = 5,     /* ...another program has it... */
	PORT_FAILED = 6    /* ...it is there and can't be opened */
};

/* box -> guard. At each reply, at each change of `port`, and at least as an answer to each
 * heartbeat. Levels are raw (doubled) as on the wire. */
struct box_report {
	uint32_t seq;     /* of the newest order received */
	uint32_t done;    /* seq of the newest order whose command was written AND answered by a reply */
	uint8_t port;     /* enum box_port */
	bool zero;        /* two successive replies to a `K` said A = B = 0, nothing raised since */
	uint64_t at;      /* CLOCK_BOOTTIME ns of the last valid reply, 0 none */
	uint32_t replies; /* valid replies so far */
	uint32_t faults;  /* bad, cut, ERR lines so far */
	uint32_t kills;   /* begun by itself so far: nobody had ordered them */
	uint32_t battery; /* as the box says it */
	uint8_t percent;  /* 0..100, 255 unknown */
	uint8_t a, b, c, d;
	uint8_t mode;     /* enum mode, MODE_OTHER */
	uint8_t power;    /* 0 low, 1 high (dynamic counts as high) */
	bool join;
	uint8_t fields;   /* 9, 10, 11, 13; 0 unknown */
	uint32_t modes;   /* bit per enum mode: what this firmware can be set to */
	char version[12];
};

/* box -> guard, after at least 16 polls and then after every 16 more: SHA-256 over the status
 * lines and their arrival times in ns; one of the three elements of a sid. */
struct box_element {
	uint8_t bytes[ELEMENT_LEN];
	uint32_t polls;
};

/* ---- guard <-> link ------------------------------------------------------------------------ */

enum link_job {
	JOB_ISSUE = 0, /* connect as guest, ask for a key, answer LINK_ISSUED, exit */
	JOB_AGENT = 1, /* connect with the token, serve the session until the connection ends */
	JOB_END = 2    /* connect with the token, ask `end`, exit */
};

/* guard -> link, once, first. */
struct link_setup {
	uint8_t job;
	char host[MAX_HOST];
	uint16_t port;
	char ca[MAX_PATH];            /* PEM file; "" = the system's */
	char client[CLIENT_TEXT + 1]; /* guest: random; else of the token */
	uint8_t sid[SID_LEN];
	char token[MAX_TOKEN + 1];
	uint8_t agent_element[ELEMENT_LEN]; /* JOB_ISSUE */
	uint8_t link_element[ELEMENT_LEN];
};

enum link_phase {
	LINK_CONNECTING = 0,
	LINK_CONNECTED = 1, /* subscribed: commands can come */
	LINK_REFUSED = 2,   /* broker or key service said no, see why; the process exits */
	LINK_LOST = 3,      /* the connection ended, see why; the process exits */
	LINK_DONE = 4       /* JOB_ISSUE or JOB_END done; the process exits */
};

/* link -> guard, at each change, and as the answer to each LINK_PING. */
struct link_status {
	uint8_t phase;
	uint32_t refused; /* payloads on the command topic that the grammar refused */
	uint16_t retry;   /* seconds to wait that the server asked for, 0 none */
	char why[96];     /* a sentence for people, never an address or id */
};

/* link -> guard: the key service's answer to `issue`. */
struct link_issued {
	uint8_t sid[SID_LEN];
	char key[KEY_TEXT + 1];
	char client[CLIENT_TEXT + 1];
	char token[MAX_TOKEN + 1];
	uint32_t left; /* seconds */
	char latest[16], oldest[16];
};

/* link -> guard: one command that the grammar accepted. */
/* struct command of common/command.h */

/* guard -> link: publish these bytes on s/<sid>/state. */
struct link_state {
	uint16_t len;
	uint8_t bytes[MAX_STATE];
};

/* ---- guard <-> ui -------------------------------------------------------------------------- */

enum guard_phase { GUARD_WAITING, GUARD_ASKING, GUARD_LIVE, GUARD_STOPPED, GUARD_FAULT, GUARD_ENDED };

enum why {
	WHY_NONE, WHY_START, WHY_BYE, WHY_SILENT, WHY_REFUSED, WHY_PARTNER, WHY_WEARER, WHY_IDLE,
	WHY_CHECKIN, WHY_BOX, WHY_LINK, WHY_CLOCK, WHY_UI, WHY_ENDED, WHY_EXPIRED,
	WHY_REVOKED, WHY_CHANGE,
	WHY_COUNT
};

/* Wire names: "waiting"..., "none"..., "ok"... (docs/PROTOCOL.md). Never NULL. */
const char *guard_phase_name(unsigned phase);
const char *why_name(unsigned why);
const char *box_port_name(unsigned port);

/* guard -> ui, at each change and at least every 250 ms. Everything that a screen shows. */
struct ui_view {
	uint8_t phase;  /* enum guard_phase */
	uint8_t why;    /* enum why */
	uint8_t port;   /* enum box_port */
	uint8_t link;   /* enum link_phase */
	bool zero;      /* confirmed by the box; until then never say "stopped" */
	bool going;     /* zero is wanted, and sent until the box confirms it */
	bool latched;   /* wearer's stop, idle or check-in: resume needed */
	bool join, lock_power, lock_mode, ask;
	uint8_t level[2], target[2], param[2]; /* percent */
	uint8_t cap[2][2];                     /* [power low, high][A, B] */
	uint8_t mode, power, percent;          /* percent: battery, 255 unknown */
	uint32_t modes;                        /* allowed and present */
	uint32_t modes_allowed, modes_present; /* by the wearer; in this box */
	uint32_t left, idle_left, checkin_left; /* seconds; 0xffffffff = not running */
	uint32_t live_s;  /* seconds that the partner has had control, 0xffffffff = nobody has */
	uint16_t rtt_ms;  /* from a state to the page's answer, 0xffff = not known */
	bool unsaved;     /* the settings differ from those of the configuration file */
	uint32_t stops, bad;
	uint16_t hold_s, idle_min, checkin_min, rise_ms;
	char words[CHECK_WORDS_MAX]; /* while asking or live */
	char link_text[MAX_LINK];    /* "" until there is a key */
	char version[12];            /* the box's firmware */
	char note[96];               /* the link's or box's last sentence */
};

/* guard -> ui: one line for the wearer's log, in plain words. */
struct ui_event {
	uint32_t unix_time;
	char text[120];
};

enum ui_action {
	UI_ALIVE = 0, /* every 250 ms; silence for 1 s = stop */
	UI_STOP = 1,
	UI_RESUME = 2,     /* after a stop, idle or check-in */
	UI_DISCONNECT = 3, /* end this session, make a new key */
	UI_ALLOW = 4, UI_REFUSE = 5,
	UI_CHECKIN = 6,    /* "I am here"; any key counts */
	UI_QUIT = 7,       /* zero, end the session, exit */
	UI_CAP_A = 8, UI_CAP_B = 9,           /* value 0..100; power in `power` */
	UI_LOCK_POWER = 10, UI_LOCK_MODE = 11, /* value 0, 1 */
	UI_HOLD = 12, UI_IDLE = 13, UI_CHECKIN_MIN = 14, UI_RISE = 15, /* s, min, min, ms per percent */
	UI_ASK = 16,       /* 0 always, 1 ask */
	UI_MODES = 17,     /* value: bit per enum mode */
	UI_SAVE = 18,      /* write the settings to the configuration file */
	UI_ACTION_COUNT
};

/* ui -> guard. A value outside its range is refused with a ui_event; nothing changes. */
struct ui_input {
	uint8_t action;
	uint8_t power; /* of caps: 0 low, 1 high */
	uint32_t value;
};

/* ---- guard <-> sleep ----------------------------------------------------------------------- */

/* guard -> sleep, once, first. */
struct sleep_setup {
	char bus[MAX_PATH]; /* D-Bus address of the system bus; "" = where it always is */
};

/* guard -> sleep, at each change and every 250 ms. */
struct sleep_hold {
	bool hold; /* the computer must not sleep before we let it */
};

enum sleep_phase {
	SLEEP_STARTING = 0, /* the guard's own: nothing heard yet */
	SLEEP_READY = 1,    /* a lock may be had, none is held */
	SLEEP_HELD = 2,
	SLEEP_SOON = 3, /* the computer is about to sleep; it waits if the lock was held */
	SLEEP_NONE = 4  /* no lock to be had, see why; the process waits for its end */
};

/* sleep -> guard, at each change, and as the answer to each hold. */
struct sleep_status {
	uint8_t phase;
	char why[64]; /* half a sentence for people */
};

/* ---- guard <-> save ------------------------------------------------------------------------ */

/* guard -> save, once: what the configuration file is to say. Server, CA and page are for a file
 * that names no server yet. */
struct save_order {
	char host[MAX_HOST];
	uint16_t port;
	char ca[MAX_PATH];
	char page[MAX_HOST + 16];
	uint8_t cap[2][2]; /* [power low, high][A, B] */
	bool lock_power, lock_mode, ask;
	uint32_t modes;
	uint16_t hold_s, idle_min, checkin_min, rise_ms;
};

/* save -> guard, once; the process exits after it. */
struct save_done {
	bool ok;
	char why[96]; /* half a sentence for people when it is not */
};

/* ---- types --------------------------------------------------------------------------------- */

enum {
	FRAME_BOX_ORDER = 1, FRAME_BOX_REPORT = 2, FRAME_BOX_ELEMENT = 3,
	FRAME_LINK_SETUP = 16, FRAME_LINK_STATUS = 17, FRAME_LINK_ISSUED = 18, FRAME_LINK_COMMAND = 19,
	FRAME_LINK_STATE = 20, FRAME_LINK_PING = 21,
	FRAME_UI_VIEW = 32, FRAME_UI_EVENT = 33, FRAME_UI_INPUT = 34,
	FRAME_SLEEP_SETUP = 48, FRAME_SLEEP_HOLD = 49, FRAME_SLEEP_STATUS = 50,
	FRAME_SAVE_ORDER = 64, FRAME_SAVE_DONE = 65
};

/* What each side may receive; ended by a row of type 0. */
extern const struct frame_type frames_to_box[];     /* ORDER */
extern const struct frame_type frames_from_box[];   /* REPORT, ELEMENT */
extern const struct frame_type frames_to_link[];    /* SETUP, STATE, PING */
extern const struct frame_type frames_from_link[];  /* STATUS, ISSUED, COMMAND */
extern const struct frame_type frames_to_ui[];      /* VIEW, EVENT */
extern const struct frame_type frames_from_ui[];    /* INPUT */
extern const struct frame_type frames_to_sleep[];   /* SETUP, HOLD */
extern const struct frame_type frames_from_sleep[]; /* STATUS */
extern const struct frame_type frames_to_save[];    /* ORDER */
extern const struct frame_type frames_from_save[];  /* DONE */

#endif

/*
 * The main process of the key service: it decides, it writes the journal, the revocation file and
 * the token files, and it keeps signer and net running. It holds no secret and reads no network.
 * Its parts: main_run.c (set-up, loop, timers), main_signer.c (calls to the signer), main_rotate.c
 * (a new signing key), main_net.c (the net process and what the broker has to be told), main_desk.c
 * (what is asked and answered), main_admin.c (the admin's socket).
 */
#ifndef TETHER_KEYSVC_MAIN_H
#define TETHER_KEYSVC_MAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keysvc/frames.h"
#include "keysvc/journal.h"
#include "keysvc/limits.h"
#include "keysvc/revocations.h"

/* What `run` was started with. */
struct run_options {
	char host[MAX_HOST];
	uint16_t port;
	char ca[MAX_PATH]; /* absolute; "" = the system's */
	unsigned gateways; /* 0..MAX_GATEWAYS token files */
	mode_t token_mode; /* 0600 or 0640 */
	struct versions agents;
	unsigned token_life; /* s, of service tokens; at most MAX_LIFE */
};

/* Deadlines, each with one handler (main_run.c). */
enum due {
	DUE_SIGNER,    /* start the signer (again) */
	DUE_CALL,      /* the signer's oldest call has waited too long */
	DUE_NET,       /* ask for a token and start the net process */
	DUE_NET_LATE,  /* it does not connect, or is silent */
	DUE_NET_OLD,   /* its token comes near its end */
	DUE_NET_NEXT,  /* its successor does not connect in time */
	DUE_NET_LEFT,  /* its forerunner does not end */
	DUE_STAT,      /* send the counters */
	DUE_TOKENS,    /* new tokens for the gateways */
	DUE_SYNC,      /* the journal has lines that are not on the disk yet */
	DUE_TIDY,      /* drop what has expired */
	DUE_ROTATE,    /* the next step to a new signing key */
	DUE_ADMIN,     /* an admin connection waits or idles */
	DUE_COUNT
};

/* fd -1: not running. */
struct child {
	pid_t pid;
	int fd;
};

/* A call that the signer has not answered yet. */
struct call {
	enum { CALL_ISSUE, CALL_REDEEM, CALL_GATEWAY, CALL_NET } kind;
	uint32_t tag;
	uint64_t started;   /* ms */
	struct net_ask ask; /* CALL_ISSUE, CALL_REDEEM */
	uint32_t net;       /* net.number at that time: another process gets no answer of its forerunner */
	unsigned gateway;   /* CALL_GATEWAY, from 1 */
};

struct admin {
	int fd; /* -1: free */
	uint64_t deadline; /* ms: then it is answered as it stands, or closed */
	enum { ADMIN_IDLE, ADMIN_LISTING, ADMIN_WAITING, ADMIN_ROTATING } doing;
	size_t at;   /* LISTING: next session; WAITING: how much the broker must have confirmed, */
	size_t from; /* and from where on what it cut counts */
	struct admin_done done;
};

struct keysvc {
	const struct run_options *options;
	struct journal journal;
	struct revocations revoked;
	uint64_t started;        /* ms */
	int64_t clock_ahead;     /* seconds of CLOCK_REALTIME before CLOCK_BOOTTIME */
	uint64_t due[DUE_COUNT]; /* ms, 0 = not set */
	bool announced;          /* READY was said */
	bool failed;             /* can't go on: the loop ends, exit status 1 */
	struct {
		struct child child;
		bool ready;
		char kid[KID_TEXT + 1];
		struct call calls[MAX_PENDING]; /* a ring, oldest first */
		size_t first, count;
		uint32_t tag;
	} signer;
	struct {
		enum { ROTATE_NOT, ROTATE_MAKING, ROTATE_WAITING, ROTATE_STARTING, ROTATE_READY,
		       ROTATE_TOKENS } step;
		struct child maker; /* makes the key */
		struct child next;  /* the signer that has it, until it takes over */
		char kid[KID_TEXT + 1];
	} rotation;
	struct {
		struct child child;
		struct child next; /* connects with a new token, then takes over */
		struct child left; /* was taken over from: ends by itself */
		uint32_t number; /* counts the processes started */
		bool connected, blocked; /* blocked: its socket is full */
		uint64_t since;  /* ms, of the connection */
		unsigned failures;
		char why[96]; /* the last trouble that was logged: each is logged once */
		size_t sent, told, counted; /* how many of the revocations */
		bool synced;
	} net;
	unsigned gateways_done; /* token files written in this round */
	int listener;
	struct admin admins[MAX_ADMINS];
	struct {
		uint64_t issue, replace, redeem, end;
		uint64_t client[ROLE_COUNT][MAX_BUCKETS];
		uint64_t seed;
	} rates;
	struct net_stat stat;
};

/* ---- main_run.c ---- */
/* Runs the daemon in the working folder. Returns the exit status. */
int main_run(const struct run_options *options);
/* Sets deadline `due` to `ms` from now. */
void main_due_in(struct keysvc *k, enum due due, uint64_t ms);
/* Says so once when the daemon can serve. */
void main_announce(struct keysvc *k);
/* Ends a child: close, kill, wait. */
void main_end_child(struct child *c);
/* Starts a child `--child NAME`. 0 or -1 (logged). */
int main_start_child(struct child *c, const char *name);

/* ---- main_signer.c ---- */
void signer_start(struct keysvc *k);
/* Asks. 0, or -1 when the signer is away or has too much to do. *call is copied. */
int signer_call(struct keysvc *k, struct call *call);
void signer_readable(struct keysvc *k);
void signer_late(struct keysvc *k);
void signer_renew_tokens(struct keysvc *k);

/* ---- main_rotate.c ---- */
/* Starts to make a new signing key; the admins that wait are told the end. 0, or -1 when one is in
 * the making already. */
int rotate_begin(struct keysvc *k);
void rotate_maker_readable(struct keysvc *k);
void rotate_next_readable(struct keysvc *k);
/* The deadline of the present step. */
void rotate_due(struct keysvc *k);
/* Lets the next signer take over when it is ready and no call is open. */
void rotate_take_over(struct keysvc *k);
/* The gateways' tokens were written anew. */
void rotate_tokens_written(struct keysvc *k);

/* ---- main_net.c ---- */
void net_begin(struct keysvc *k);
/* The token for the net process has come: start it. */
void net_start(struct keysvc *k, const struct sign_answer *a);
void net_start_failed(struct keysvc *k);
void net_readable(struct keysvc *k);
void net_next_readable(struct keysvc *k);
void net_left_readable(struct keysvc *k);
void net_next_late(struct keysvc *k);
void net_left_late(struct keysvc *k);
/* Sends what revocations the broker has not been told, as far as there is room. */
void net_tell(struct keysvc *k);
void net_answer(struct keysvc *k, const struct net_ask *ask, const struct reply *reply);
void net_late(struct keysvc *k);
/* Has another process connect, which then takes over: nothing that is asked meanwhile gets lost. */
void net_renew(struct keysvc *k);
void net_stat(struct keysvc *k);

/* ---- main_desk.c ---- */
/* What the net process asks. -1 when it asks for what can't be: it has to be replaced. */
int desk_ask(struct keysvc *k, const struct net_ask *ask);
/* What the signer answered to a CALL_ISSUE or CALL_REDEEM. */
void desk_signed(struct keysvc *k, const struct call *call, const struct sign_answer *a);
/* Revokes in memory and in the file, durable on return; the broker is told by net_tell. `expiry`
 * (unix seconds) is for sessions that the journal does not know. 0 or -1. */
int desk_revoke(struct keysvc *k, const uint8_t sid[SID_LEN], int64_t expiry,
		enum session_state state);
/* After a start: sessions that the revocation file names are over, even where a crash came before
 * the journal said so. 0, or -1 when there is no memory. */
int desk_reconcile(struct keysvc *k);

/* The same as desk_revoke for every live session. Returns how many, or -1 (some may be revoked then). */
int desk_revoke_all(struct keysvc *k);

/* ---- main_admin.c ---- */
int admin_open(struct keysvc *k);
void admin_accept(struct keysvc *k);
void admin_readable(struct keysvc *k, struct admin *a);
void admin_writable(struct keysvc *k, struct admin *a);
/* Ends the wait of admins for a new signing key. */
void admin_rotated(struct keysvc *k, enum admin_result result);
/* Answers who waits for the broker and closes who idles, when it is time. */
void admin_check(struct keysvc *k);

#endif

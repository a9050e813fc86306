/*
 * Field lists of the key service's frames. Runs in main, signer, net and the command line. Input:
 * frames of our own processes, of which net may have been taken over; every value is checked by
 * its receiver, this file only checks the form.
 */
#include "keysvc/frames.h"

#include <string.h>

static void
issue_fields(struct wire *w, void *message)
{
	struct sign_issue *m = message;

	wire_u32(w, &m->tag);
	wire_bytes(w, m->agent, sizeof(m->agent));
	wire_bytes(w, m->link, sizeof(m->link));
}

static void
key_fields(struct wire *w, struct key *k)
{
	wire_bytes(w, k->sid, sizeof(k->sid));
	wire_u32(w, &k->expiry);
	wire_bytes(w, k->mac, sizeof(k->mac));
}

static void
redeem_fields(struct wire *w, void *message)
{
	struct sign_redeem *m = message;

	wire_u32(w, &m->tag);
	key_fields(w, &m->key);
}

static void
service_fields(struct wire *w, void *message)
{
	struct sign_service *m = message;

	wire_u32(w, &m->tag);
	wire_u8(w, &m->role);
	wire_u32(w, &m->life);
}

static void
ready_fields(struct wire *w, void *message)
{
	struct sign_ready *m = message;

	wire_text(w, m->kid, sizeof(m->kid));
}

static void
signed_fields(struct wire *w, void *message)
{
	struct sign_answer *m = message;

	wire_u32(w, &m->tag);
	wire_u8(w, &m->why);
	wire_u32(w, &m->issued);
	wire_u32(w, &m->expiry);
	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_text(w, m->key, sizeof(m->key));
	wire_text(w, m->client, sizeof(m->client));
	wire_text(w, m->token, sizeof(m->token));
}

static void
setup_fields(struct wire *w, void *message)
{
	struct net_setup *m = message;

	wire_text(w, m->host, sizeof(m->host));
	wire_u16(w, &m->port);
	wire_text(w, m->ca, sizeof(m->ca));
	wire_text(w, m->client, sizeof(m->client));
	wire_text(w, m->token, sizeof(m->token));
	wire_text(w, m->agents.latest, sizeof(m->agents.latest));
	wire_text(w, m->agents.oldest, sizeof(m->agents.oldest));
}

static void
status_fields(struct wire *w, void *message)
{
	struct net_status *m = message;

	wire_u8(w, &m->phase);
	wire_text(w, m->why, sizeof(m->why));
}

static void
ask_fields(struct wire *w, void *message)
{
	struct net_ask *m = message;

	wire_u8(w, &m->role);
	wire_text(w, m->client, sizeof(m->client));
	wire_u8(w, &m->op);
	wire_u32(w, &m->id);
	wire_bytes(w, m->agent, sizeof(m->agent));
	wire_bytes(w, m->link, sizeof(m->link));
	key_fields(w, &m->key);
	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_u32(w, &m->expiry);
}

static void
answer_fields(struct wire *w, void *message)
{
	struct net_answer *m = message;

	wire_u8(w, &m->role);
	wire_text(w, m->client, sizeof(m->client));
	wire_u32(w, &m->reply.id);
	wire_u8(w, &m->reply.op);
	wire_u8(w, &m->reply.why);
	wire_u16(w, &m->reply.retry);
	wire_bytes(w, m->reply.sid, sizeof(m->reply.sid));
	wire_text(w, m->reply.key, sizeof(m->reply.key));
	wire_text(w, m->reply.client, sizeof(m->reply.client));
	wire_text(w, m->reply.token, sizeof(m->reply.token));
	wire_u32(w, &m->reply.left);
}

static void
revoke_fields(struct wire *w, void *message)
{
	struct net_revoke *m = message;

	wire_u32(w, &m->index);
	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_u64(w, &m->expiry);
}

static void
synced_fields(struct wire *w, void *message)
{
	struct net_synced *m = message;

	wire_u32(w, &m->count);
}

static void
told_fields(struct wire *w, void *message)
{
	struct net_told *m = message;

	wire_u32(w, &m->index);
}

static void
cut_fields(struct wire *w, void *message)
{
	struct net_cut *m = message;

	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_u32(w, &m->connections);
}

static void
stat_fields(struct wire *w, void *message)
{
	struct net_stat *m = message;

	wire_u32(w, &m->issued);
	wire_u32(w, &m->redeemed);
	wire_u32(w, &m->ended);
	wire_u32(w, &m->revoked);
	wire_u32(w, &m->live);
	wire_u32(w, &m->signer_failures);
	for (size_t i = 0; i < REFUSED_COUNT; i++) {
		wire_u32(w, &m->refused[i]);
	}
}

static void
admin_fields(struct wire *w, void *message)
{
	struct admin_ask *m = message;

	wire_u8(w, &m->op);
	wire_bytes(w, m->sid, sizeof(m->sid));
}

static void
session_fields(struct wire *w, void *message)
{
	struct admin_session *m = message;

	wire_bytes(w, m->sid, sizeof(m->sid));
	wire_u64(w, &m->issued);
	wire_u64(w, &m->expires);
	wire_u8(w, &m->state);
}

static void
admin_status_fields(struct wire *w, void *message)
{
	struct admin_status *m = message;

	wire_bool(w, &m->signer);
	for (size_t i = 0; i < STATUS_HOURS; i++) {
		wire_u32(w, &m->ending[i]);
	}
	stat_fields(w, &m->stat);
	wire_u32(w, &m->gateways);
	wire_u32(w, &m->next_tokens);
	wire_u32(w, &m->connected_for);
	wire_u64(w, &m->clock);
	wire_text(w, m->agents.latest, sizeof(m->agents.latest));
	wire_text(w, m->agents.oldest, sizeof(m->agents.oldest));
}

static void
done_fields(struct wire *w, void *message)
{
	struct admin_done *m = message;

	wire_u8(w, &m->result);
	wire_bool(w, &m->told);
	wire_bool(w, &m->connected);
	wire_bool(w, &m->counted);
	wire_u32(w, &m->cut);
	wire_u32(w, &m->count);
	wire_u32(w, &m->revoked);
	wire_u32(w, &m->uptime);
	wire_text(w, m->kid, sizeof(m->kid));
}

enum {
	LEN_KEY = SID_LEN + 4 + 16,
	LEN_IDENTITY = CLIENT_TEXT + 1 + MAX_TOKEN + 1,
	LEN_ISSUE = 4 + 2 * ELEMENT_LEN,
	LEN_REDEEM = 4 + LEN_KEY,
	LEN_SERVICE = 4 + 1 + 4,
	LEN_READY = KID_TEXT + 1,
	LEN_SIGNED = 4 + 1 + 4 + 4 + SID_LEN + KEY_TEXT + 1 + LEN_IDENTITY,
	LEN_SETUP = MAX_HOST + 2 + MAX_PATH + LEN_IDENTITY + 2 * (VERSION_TEXT + 1),
	LEN_STATUS = 1 + 96,
	LEN_ASK = 1 + CLIENT_TEXT + 1 + 1 + 4 + 2 * ELEMENT_LEN + LEN_KEY + SID_LEN + 4,
	LEN_ANSWER =
		1 + CLIENT_TEXT + 1 + 4 + 1 + 1 + 2 + SID_LEN + KEY_TEXT + 1 + LEN_IDENTITY + 4,
	LEN_REVOKE = 4 + SID_LEN + 8,
	LEN_STAT = (6 + REFUSED_COUNT) * 4,
	LEN_ADMIN = 1 + SID_LEN,
	LEN_ADMIN_STATUS = 1 + STATUS_HOURS * 4 + LEN_STAT + 3 * 4 + 8 + 2 * (VERSION_TEXT + 1),
	LEN_SESSION = SID_LEN + 8 + 8 + 1,
	LEN_DONE = 4 + 4 * 4 + KID_TEXT + 1
};

const struct frame_type frames_to_signer[] = {
	{FRAME_SIGN_ISSUE, LEN_ISSUE, issue_fields},
	{FRAME_SIGN_REDEEM, LEN_REDEEM, redeem_fields},
	{FRAME_SIGN_SERVICE, LEN_SERVICE, service_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_signer[] = {
	{FRAME_SIGN_READY, LEN_READY, ready_fields},
	{FRAME_SIGN_ANSWER, LEN_SIGNED, signed_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_net[] = {
	{FRAME_NET_SETUP, LEN_SETUP, setup_fields},
	{FRAME_NET_ANSWER, LEN_ANSWER, answer_fields},
	{FRAME_NET_REVOKE, LEN_REVOKE, revoke_fields},
	{FRAME_NET_SYNCED, 4, synced_fields},
	{FRAME_NET_STAT, LEN_STAT, stat_fields},
	{0, 0, NULL},
};

const struct frame_type frames_from_net[] = {
	{FRAME_NET_STATUS, LEN_STATUS, status_fields},
	{FRAME_NET_ASK, LEN_ASK, ask_fields},
	{FRAME_NET_TOLD, 4, told_fields},
	{FRAME_NET_CUT, SID_LEN + 4, cut_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_main[] = {
	{FRAME_ADMIN_ASK, LEN_ADMIN, admin_fields},
	{0, 0, NULL},
};

const struct frame_type frames_to_admin[] = {
	{FRAME_ADMIN_SESSION, LEN_SESSION, session_fields},
	{FRAME_ADMIN_STATUS, LEN_ADMIN_STATUS, admin_status_fields},
	{FRAME_ADMIN_DONE, LEN_DONE, done_fields},
	{0, 0, NULL},
};

int
frames_recv(int fd, const struct frame_type *table, union frame_message *message)
{
	uint8_t buf[MAX_FRAME];
	const struct frame_type *type;
	int result = frame_recv(fd, table, &type, buf);

	if (result == FRAME_OK) {
		memset(message, 0, sizeof(*message));
		result = frame_decode(type, buf, message);
	}
	return result == FRAME_OK ? type->type : result;
}

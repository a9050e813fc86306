/*
 * Calls to the signer: asked in order, answered in order. Main process. The signer is our own child
 * with fixed frames; one that answers out of order or not at all is replaced.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "keysvc/layout.h"
#include "keysvc/main.h"

#define RESTART_MS 1000 /* a signer that could not start will hardly do so at once */

static void handle_answer(struct keysvc *k, const struct sign_answer *a);

/* Everything that waits is answered as failed. */
static void
fail_calls(struct keysvc *k)
{
	struct sign_answer failed = {.why = REFUSED_FAILED};

	while (k->signer.count > 0) {
		failed.tag = k->signer.calls[k->signer.first].tag;
		handle_answer(k, &failed);
	}
}

static void
signer_end(struct keysvc *k, const char *why)
{
	log_error("%s", why);
	k->stat.signer_failures++;
	main_end_child(&k->signer.child);
	if (k->signer.kid[0] == '\0') {
		k->failed = true; /* never was ready: it has said why */
		return;
	}
	k->signer.ready = false;
	k->due[DUE_CALL] = 0;
	fail_calls(k);
	main_due_in(k, DUE_SIGNER, RESTART_MS);
}

void
signer_start(struct keysvc *k)
{
	if (main_start_child(&k->signer.child, "signer") != 0) {
		main_due_in(k, DUE_SIGNER, RESTART_MS);
	}
}

static int
send_call(struct keysvc *k, const struct call *c)
{
	union frame_message m;
	uint8_t type = FRAME_SIGN_SERVICE;

	memset(&m, 0, sizeof(m));
	switch (c->kind) {
	case CALL_ISSUE:
		type = FRAME_SIGN_ISSUE;
		m.issue.tag = c->tag;
		memcpy(m.issue.agent, c->ask.agent, ELEMENT_LEN);
		memcpy(m.issue.link, c->ask.link, ELEMENT_LEN);
		break;
	case CALL_REDEEM:
		type = FRAME_SIGN_REDEEM;
		m.redeem.tag = c->tag;
		m.redeem.key = c->ask.key;
		break;
	default:
		m.service.tag = c->tag;
		m.service.role = c->kind == CALL_GATEWAY ? ROLE_GW : ROLE_KEYSVC;
		m.service.life = k->options->token_life;
		break;
	}
	return frames_send(k->signer.child.fd, frames_to_signer, type, &m);
}

int
signer_call(struct keysvc *k, struct call *call)
{
	call->tag = ++k->signer.tag;
	call->started = clock_ms();
	if (!k->signer.ready || k->signer.count == MAX_PENDING || send_call(k, call) != FRAME_OK) {
		return -1;
	}
	k->signer.calls[(k->signer.first + k->signer.count) % MAX_PENDING] = *call;
	if (k->signer.count++ == 0) {
		main_due_in(k, DUE_CALL, SIGNER_PATIENCE);
	}
	return 0;
}

void
signer_late(struct keysvc *k)
{
	signer_end(k, "the signer does not answer: starting another");
}

/* ---- tokens for the gateways --------------------------------------------------------------- */

static void
renew_next(struct keysvc *k)
{
	struct call call = {.kind = CALL_GATEWAY, .gateway = k->gateways_done + 1};

	if (call.gateway > k->options->gateways) {
		k->gateways_done = 0;
		main_due_in(k, DUE_TOKENS, RENEW_GATEWAY(k->options->token_life * UINT64_C(1000)));
		main_announce(k);
		rotate_tokens_written(k);
	} else if (signer_call(k, &call) != 0) {
		main_due_in(k, DUE_TOKENS, RESTART_MS);
	}
}

void
signer_renew_tokens(struct keysvc *k)
{
	k->gateways_done = 0;
	renew_next(k);
}

static void
save_token(struct keysvc *k, unsigned gateway, const struct sign_answer *a)
{
	char path[MAX_PATH];

	snprintf(path, sizeof(path), PATH_TOKENS "/gw-%u.jwt", gateway);
	if (a->why != REFUSED_NOT) {
		log_error("no token for gateway %u: the signer could not make one", gateway);
	} else if (file_write(path, a->token, strlen(a->token), k->options->token_mode) != 0) {
		log_error("can't write the token of gateway %u: %s", gateway, strerror(errno));
	} else {
		k->gateways_done = gateway;
		renew_next(k);
		return;
	}
	main_due_in(k, DUE_TOKENS, BACKOFF_MAX);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The oldest call is taken off the ring before it is acted on: that may ask anew. */
static void
handle_answer(struct keysvc *k, const struct sign_answer *a)
{
	struct call call = k->signer.calls[k->signer.first];

	k->signer.first = (k->signer.first + 1) % MAX_PENDING;
	k->signer.count--;
	switch (call.kind) {
	case CALL_ISSUE:
	case CALL_REDEEM:
		desk_signed(k, &call, a);
		break;
	case CALL_GATEWAY:
		save_token(k, call.gateway, a);
		break;
	case CALL_NET:
		if (a->why == REFUSED_NOT) {
			net_start(k, a);
		} else {
			net_start_failed(k);
		}
		break;
	}
}

static void
handle_ready(struct keysvc *k, const struct sign_ready *ready)
{
	k->signer.ready = true;
	memcpy(k->signer.kid, ready->kid, sizeof(k->signer.kid));
	signer_renew_tokens(k);
	if (k->net.child.fd < 0) {
		main_due_in(k, DUE_NET, 0);
	}
}

static void
set_call_deadline(struct keysvc *k)
{
	const struct call *oldest = &k->signer.calls[k->signer.first];

	k->due[DUE_CALL] = k->signer.count > 0 ? oldest->started + SIGNER_PATIENCE : 0;
}

void
signer_readable(struct keysvc *k)
{
	union frame_message m;
	int type = frames_recv(k->signer.child.fd, frames_from_signer, &m);

	if (type == FRAME_EMPTY) {
		return;
	}
	if (type == FRAME_SIGN_READY && !k->signer.ready) {
		handle_ready(k, &m.ready);
	} else if (type == FRAME_SIGN_ANSWER && k->signer.count > 0 &&
		   m.signed_.tag == k->signer.calls[k->signer.first].tag) {
		handle_answer(k, &m.signed_);
	} else {
		signer_end(k, type == FRAME_CLOSED ? "the signer has ended"
						   : "the signer broke the rules: starting another");
		return;
	}
	set_call_deadline(k);
	rotate_take_over(k);
}

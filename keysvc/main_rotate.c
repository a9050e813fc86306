/*
 * A new signing key. A short-lived process makes it (this one reads no secret), brokers get time to
 * read its public half, a second signer starts on it and takes over between two calls; then gateways
 * and the net process get new tokens. Nobody who asks meanwhile notices. Main process. Input: frames
 * and ends of our own children.
 */
#include <string.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/log.h"
#include "keysvc/layout.h"
#include "keysvc/main.h"

static void
end(struct keysvc *k, enum admin_result result)
{
	k->rotation.step = ROTATE_NOT;
	k->due[DUE_ROTATE] = 0;
	admin_rotated(k, result);
}

static void
fail(struct keysvc *k, const char *why)
{
	log_error("no new signing key: %s", why);
	main_end_child(&k->rotation.maker);
	main_end_child(&k->rotation.next);
	end(k, ADMIN_FAILED);
}

int
rotate_begin(struct keysvc *k)
{
	if (k->rotation.step != ROTATE_NOT) {
		return -1;
	}
	k->rotation.step = ROTATE_MAKING;
	if (main_start_child(&k->rotation.maker, "rotate") == 0) {
		main_due_in(k, DUE_ROTATE, MAKE_PATIENCE);
	} else {
		main_due_in(k, DUE_ROTATE, 0); /* fails when who asked waits for the end */
	}
	return 0;
}

/* It says nothing; what counts is how it ends. */
void
rotate_maker_readable(struct keysvc *k)
{
	struct child *c = &k->rotation.maker;
	int status = -1;

	if (waitpid(c->pid, &status, 0) != c->pid || status != 0) {
		fail(k, "it could not be made, see above");
		return;
	}
	main_end_child(c);
	k->rotation.step = ROTATE_WAITING;
	main_due_in(k, DUE_ROTATE, ROTATE_WAIT);
}

void
rotate_due(struct keysvc *k)
{
	if (k->rotation.step == ROTATE_TOKENS) { /* they are tried again and again */
		log_warn("a new signing key is in use, but not all gateways have tokens of it yet");
		end(k, ADMIN_TOKENS);
		return;
	}
	if (k->rotation.step != ROTATE_WAITING) {
		fail(k, "it took too long");
		return;
	}
	if (main_start_child(&k->rotation.next, "signer") != 0) {
		fail(k, "the signer could not be started with it");
		return;
	}
	k->rotation.step = ROTATE_STARTING;
	main_due_in(k, DUE_ROTATE, SIGNER_PATIENCE);
}

void
rotate_next_readable(struct keysvc *k)
{
	union frame_message m;
	int type = frames_recv(k->rotation.next.fd, frames_from_signer, &m);

	if (type == FRAME_EMPTY) {
		return;
	}
	if (type != FRAME_SIGN_READY || k->rotation.step != ROTATE_STARTING) {
		fail(k, "the signer could not use it");
		return;
	}
	memcpy(k->rotation.kid, m.ready.kid, sizeof(k->rotation.kid));
	k->rotation.step = ROTATE_READY;
	rotate_take_over(k);
}

void
rotate_take_over(struct keysvc *k)
{
	if (k->rotation.step != ROTATE_READY || k->signer.count > 0) {
		return;
	}
	/* The former one has signed until now, also where a rotation before this one retired it. */
	(void)layout_forget(clock_unix(), k->signer.kid);
	main_end_child(&k->signer.child);
	k->signer.child = k->rotation.next;
	k->rotation.next = (struct child){.fd = -1};
	k->signer.ready = true;
	memcpy(k->signer.kid, k->rotation.kid, sizeof(k->signer.kid));
	k->due[DUE_SIGNER] = 0;
	k->rotation.step = ROTATE_TOKENS;
	main_due_in(k, DUE_ROTATE, SIGNER_PATIENCE);
	signer_renew_tokens(k);
	net_renew(k);
}

void
rotate_tokens_written(struct keysvc *k)
{
	if (k->rotation.step == ROTATE_TOKENS) {
		log_note("a new signing key is in use");
		end(k, ADMIN_OK);
	}
}

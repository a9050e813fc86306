/*
 * Time on the simulated serial line; see serial.h. Runs in tether-box only. Input: any bytes.
 */
#include "agent/sim/serial.h"

#include <string.h>

#define NS 1000000000ull
#define BITS 10 /* 8N1: start bit, eight bits, stop bit */
#define FAST_BAUD 57600

void
sim_serial_init(struct sim_serial *s, struct sim_model *model, unsigned speed,
		const struct sim_events *events, void *context)
{
	*s = (struct sim_serial){.model = model, .events = events, .context = context};
	s->byte_ns = BITS * NS / speed;
}

/* After Z the line is fast in both directions. A pty has no speed of its own, so a sender that
 * stays at 9600 is still understood here; a real box would hear noise. */
static uint64_t
byte_ns(const struct sim_serial *s)
{
	return s->model->fast ? BITS * NS / FAST_BAUD : s->byte_ns;
}

size_t
sim_serial_hear(struct sim_serial *s, const char *bytes, size_t n, uint64_t now)
{
	size_t taken = 0;

	if (s->line_free < now) {
		s->line_free = now;
	}
	while (taken < n && s->line_count < SIM_LINE) {
		size_t slot = (s->line_first + s->line_count) % SIM_LINE;

		s->line_free += byte_ns(s);
		s->line[slot].byte = bytes[taken];
		s->line[slot].due = s->line_free;
		s->line_count++;
		taken++;
	}
	return taken;
}

/* Begins to answer: the first byte starts after the thinking. */
static void
answer(struct sim_serial *s, uint64_t at, uint64_t think)
{
	s->answering = true;
	s->silent = false;
	s->reply_sent = 0;
	s->reply_due = at + think + byte_ns(s);
	if (s->cut > 0) {
		s->cut--;
		s->reply_len /= 2;
	}
	if (s->mute > 0) {
		s->mute--;
		s->silent = true;
	}
}

static void
answer_err(struct sim_serial *s, uint64_t at)
{
	static const char err[] = "ERR\n";

	memcpy(s->reply, err, sizeof(err));
	s->reply_len = sizeof(err) - 1;
	answer(s, at, SIM_THINK_NS + s->late_ns);
}

static void
answer_extra(struct sim_serial *s, uint64_t at)
{
	s->extra--;
	s->reply_len = sim_model_status(s->model, s->reply);
	answer(s, at, 0);
}

/* Takes the first command out of the buffer: its length with the CR, or 0 when none is complete. */
static size_t
take_command(struct sim_serial *s, char command[SIM_BUFFER])
{
	const char *end = memchr(s->buffer, '\r', s->buffered);
	size_t len = end != NULL ? (size_t)(end - s->buffer) + 1 : s->buffered;

	if (end == NULL && s->buffered < SIM_BUFFER) {
		return 0;
	}
	memcpy(command, s->buffer, len);
	s->buffered -= len;
	memmove(s->buffer, s->buffer + len, s->buffered);
	return len;
}

static void
obey(struct sim_serial *s, uint64_t at, const char *command, size_t len)
{
	size_t bare = command[len - 1] == '\r' ? len - 1 : len;

	if (s->err > 0) {
		s->err--;
		s->events->command(s->context, at, command, len);
		answer_err(s, at);
		return;
	}
	s->reply_len = sim_model_command(s->model, command, bare, s->reply);
	s->events->command(s->context, at, command, len);
	if (s->reply_len > 0) {
		answer(s, at, SIM_THINK_NS + s->late_ns);
	}
}

/* What the box does when it has nothing to do: unasked lines, then what waits in the buffer, then
 * the complaint about what no longer fitted. Only newer firmware complains. */
void
sim_serial_wake(struct sim_serial *s, uint64_t at)
{
	char command[SIM_BUFFER];
	size_t len;

	while (!s->answering && !s->menu) {
		if (s->extra > 0) {
			answer_extra(s, at);
		} else if ((len = take_command(s, command)) > 0) {
			obey(s, at, command, len);
		} else if (s->overrun) {
			s->overrun = false;
			if ((s->model->firmware->features & SIM_ERR) != 0) {
				s->buffered = 0;
				answer_err(s, at);
			}
		} else {
			return;
		}
	}
}

static void
arrive(struct sim_serial *s)
{
	char byte = s->line[s->line_first].byte;
	uint64_t at = s->line[s->line_first].due;

	s->line_first = (s->line_first + 1) % SIM_LINE;
	s->line_count--;
	if (s->buffered < SIM_BUFFER) {
		s->buffer[s->buffered++] = byte;
	} else {
		s->overrun = true;
		s->events->lost(s->context, at, &byte, 1);
	}
	sim_serial_wake(s, at);
}

static void
leave(struct sim_serial *s)
{
	uint64_t at = s->reply_due;

	if (!s->silent) {
		s->events->send(s->context, at, s->reply + s->reply_sent, 1);
	}
	s->reply_sent++;
	s->reply_due += byte_ns(s);
	if (s->reply_sent < s->reply_len) {
		return;
	}
	s->answering = false;
	if (!s->silent) {
		s->events->answered(s->context, at, s->reply, s->reply_len);
	}
	sim_serial_wake(s, at);
}

uint64_t
sim_serial_next(const struct sim_serial *s)
{
	uint64_t next = s->line_count > 0 ? s->line[s->line_first].due : SIM_NEVER;

	if (s->answering && s->reply_due < next) {
		next = s->reply_due;
	}
	return next;
}

void
sim_serial_run(struct sim_serial *s, uint64_t now)
{
	uint64_t next;

	while ((next = sim_serial_next(s)) <= now && next != SIM_NEVER) {
		if (s->answering && s->reply_due == next) {
			leave(s);
		} else {
			arrive(s);
		}
	}
}

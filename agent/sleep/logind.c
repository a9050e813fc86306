/*
 * The conversation with logind (logind.h). Sleep process; sd-bus parses what comes from the bus.
 */
#include "agent/sleep/logind.h"

#include <stddef.h>
#include <stdint.h>

#define SERVICE "org.freedesktop.login1"
#define OBJECT "/org/freedesktop/login1"
#define INTERFACE "org.freedesktop.login1.Manager"

#define CALL_US 2000000 /* logind answers in milliseconds, unless it has to be started first */
#define TURN_MESSAGES 32 /* then the guard has its turn */

static int
fail(struct logind *l, const char *why)
{
	l->why = why;
	return -1;
}

static void
drop(struct logind *l)
{
	l->asked = sd_bus_slot_unref(l->asked); /* an answer that still comes is closed by sd-bus */
	l->lock = sd_bus_message_unref(l->lock);
}

/* While logind carries a sleep out it gives no new lock; that is no refusal. */
static int
inhibit_answered(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;
	int fd;

	(void)error;
	l->asked = sd_bus_slot_unref(l->asked);
	if (sd_bus_message_is_method_error(m, SERVICE ".OperationInProgress")) {
		return 0;
	}
	if (sd_bus_message_is_method_error(m, NULL)) {
		l->why = "logind refuses to wait for this program";
	} else if (sd_bus_message_read(m, "h", &fd) < 0) {
		l->why = "logind answered without a lock";
	} else {
		l->lock = sd_bus_message_ref(m);
	}
	return 0;
}

static void
take(struct logind *l)
{
	if (!l->wanted || l->soon || l->lock != NULL || l->asked != NULL) {
		return;
	}
	if (sd_bus_call_method_async(l->bus, &l->asked, SERVICE, OBJECT, INTERFACE, "Inhibit",
				     inhibit_answered, l, "ssss", "sleep", "Tether",
				     "brings the outputs of the power box to zero", "delay") < 0) {
		l->why = "logind could not be asked";
	}
}

static int
prepare_for_sleep(sd_bus_message *m, void *context, sd_bus_error *error)
{
	struct logind *l = context;
	int soon;

	(void)error;
	if (sd_bus_message_read(m, "b", &soon) < 0) {
		l->why = "logind says something else than is documented";
		return 0;
	}
	l->soon = soon != 0;
	take(l);
	return 0;
}

static int
connect_bus(struct logind *l, const char *address)
{
	if (address[0] == '\0') {
		return sd_bus_open_system(&l->bus);
	}
	if (sd_bus_new(&l->bus) < 0 || sd_bus_set_address(l->bus, address) < 0 ||
	    sd_bus_set_bus_client(l->bus, 1) < 0) {
		return -1;
	}
	return sd_bus_start(l->bus);
}

int
logind_open(struct logind *l, const char *address)
{
	uint64_t most_us = 0;

	if (connect_bus(l, address) < 0 || sd_bus_set_method_call_timeout(l->bus, CALL_US) < 0) {
		return fail(l, "there is no system bus (D-Bus)");
	}
	if (sd_bus_match_signal(l->bus, NULL, SERVICE, OBJECT, INTERFACE, "PrepareForSleep",
				prepare_for_sleep, l) < 0) {
		return fail(l, "the system bus does not answer");
	}
	if (sd_bus_get_property_trivial(l->bus, SERVICE, OBJECT, INTERFACE, "InhibitDelayMaxUSec",
					NULL, 't', &most_us) < 0) {
		return fail(l, "no logind answers on the system bus");
	}
	if (most_us == 0) {
		return fail(l, "logind is set not to wait (InhibitDelayMaxSec=0)");
	}
	return 0;
}

void
logind_hold(struct logind *l, bool wanted)
{
	l->wanted = wanted;
	if (wanted) {
		take(l);
	} else {
		drop(l);
	}
}

int
logind_turn(struct logind *l)
{
	int rc = 1;

	for (int i = 0; i < TURN_MESSAGES && rc > 0; i++) {
		rc = sd_bus_process(l->bus, NULL);
	}
	if (rc < 0) {
		return fail(l, "the system bus went away");
	}
	return l->why == NULL ? 0 : -1;
}

/*
 * Codes into sentences. Link process; the codes come from the server and may be anything.
 */
#include "agent/link/link_words.h"

#include <errno.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>

/* Seconds to wait when a server says that it is busy without saying how long. */
#define RETRY_BUSY 5

static const struct link_words busy = {LINK_LOST, RETRY_BUSY, "The server is busy."};

struct link_words
link_words_connect(int rc, int error)
{
	struct link_words w = {LINK_LOST, 0, "The server can't be reached."};

	if (rc == MOSQ_ERR_EAI) {
		w.text = "The server's name can't be found: is this computer online?";
	} else if (rc == MOSQ_ERR_ERRNO && error == ECONNREFUSED) {
		w.text = "The server does not accept connections at the moment.";
	} else if (rc == MOSQ_ERR_ERRNO && (error == ENETUNREACH || error == EHOSTUNREACH)) {
		w.text = "There is no way to the server: is this computer online?";
	} else if (rc == MOSQ_ERR_ERRNO && (error == EINTR || error == ETIMEDOUT)) {
		w.text = "The server does not answer.";
	}
	return w;
}

struct link_words
link_words_connack(enum link_job job, int reason)
{
	struct link_words w = {LINK_LOST, 0, "The server refused the connection."};

	/* Only a word about this very session may end it. */
	switch (reason) {
	case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
	case MQTT_RC_NOT_AUTHORIZED:
	case MQTT_RC_BANNED:
		w.phase = LINK_REFUSED;
		w.text = job == JOB_ISSUE ? "The server gives out no key now; perhaps too many asked. Trying again."
					  : "The server no longer accepts this session.";
		break;
	case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
		w.text = "The server does not speak MQTT 5.";
		break;
	case MQTT_RC_SERVER_UNAVAILABLE:
	case MQTT_RC_SERVER_BUSY:
	case MQTT_RC_QUOTA_EXCEEDED:
	case MQTT_RC_CONNECTION_RATE_EXCEEDED:
		return busy;
	default:
		break;
	}
	return w;
}

struct link_words
link_words_disconnect(int reason)
{
	struct link_words w = {LINK_LOST, 0, "The server closed the connection."};

	switch (reason) {
	case MQTT_RC_NOT_AUTHORIZED:
	case MQTT_RC_ADMINISTRATIVE_ACTION:
	case MQTT_RC_MAXIMUM_CONNECT_TIME:
		w.phase = LINK_REFUSED;
		w.text = "The server ended this session: its key has expired or was revoked.";
		break;
	case MQTT_RC_SESSION_TAKEN_OVER:
		w.text = "Another connection took this session over.";
		break;
	case MQTT_RC_SERVER_SHUTTING_DOWN:
		w.text = "The server is shutting down.";
		w.retry = RETRY_BUSY;
		break;
	case MQTT_RC_SERVER_BUSY:
	case MQTT_RC_QUOTA_EXCEEDED:
		return busy;
	default:
		break;
	}
	return w;
}

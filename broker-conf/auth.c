/*
 * The Mosquitto plugin: hands the broker's events to policy.c and its verdicts back. Runs inside
 * mosquitto (plugin API version 5, from 2.0.11 on). Everything a client sends is hostile.
 *
 * Why no function here cuts a client but the tick: the other events come while the broker walks its
 * own tables (subscriptions at ACL_CHECK, all clients at a reload's BASIC_AUTH).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* 2.1 has all of it in mosquitto.h */
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#endif

#include "broker-conf/policy.h"
#include "common/certificate.h"
#include "common/encode.h"

#define CONTROL_TOPIC "$CONTROL/tether/v1"
#define CUT_TOPIC "key/cut"
#define CUT_SIZE 64
#define STAT_TOPIC "stat/auth"
#define STAT_SIZE 512

/* The broker loads a plugin once and has one thread. */
struct plugin {
	struct policy policy;
	char *keys_dir;
	char *revoked_file;             /* NULL: only with require_sync */
	bool keys_unreadable;           /* said once */
	char *certfile, *keyfile;       /* the listener's; NULL: not followed */
	struct certificate certificate;
	uint64_t next_stat, next_sweep, next_keys, next_certificate; /* boot milliseconds */
};

static struct moment
moment_now(void)
{
	struct timespec boot, real;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct moment){
		.boot_ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000,
		.unix_ms = (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000,
	};
}

static int
on_login(struct plugin *plugin, const struct mosquitto_evt_basic_auth *event)
{
	struct login login = {
		.context = event->client,
		.id = mosquitto_client_id(event->client),
		.username = event->username,
		.password = event->password,
		.address = mosquitto_client_address(event->client),
		.version = mosquitto_client_protocol_version(event->client),
		.clean = mosquitto_client_clean_session(event->client),
	};

	if (policy_login(&plugin->policy, &login, moment_now())) {
		return MOSQ_ERR_SUCCESS;
	}
	/* As long as it is unknown what was revoked nobody is told "not authorized", which an agent
	 * takes for the end of its session: the connection is closed, and may come again. */
	return policy_waits(&plugin->policy) ? MOSQ_ERR_UNKNOWN : MOSQ_ERR_AUTH;
}

static enum access
access_of(int access)
{
	switch (access) {
	case MOSQ_ACL_READ:
		return ACCESS_RECEIVE;
	case MOSQ_ACL_WRITE:
		return ACCESS_PUBLISH;
	case MOSQ_ACL_SUBSCRIBE:
	case MOSQ_ACL_UNSUBSCRIBE:
		return ACCESS_SUBSCRIBE;
	default:
		return ACCESS_NONE;
	}
}

static int
on_access(struct plugin *plugin, const struct mosquitto_evt_acl_check *event)
{
	const char *id = mosquitto_client_id(event->client);
	bool may = policy_access(&plugin->policy, id, access_of(event->access), event->topic,
				 event->retain, moment_now());

	return may ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

/* An error here disconnects at once in Mosquitto 2.0.11 and is lost in 2.0.21; the policy has the key
 * service cut at the next tick all the same. */
static int
on_control(struct plugin *plugin, const struct mosquitto_evt_control *event)
{
	if (policy_control(&plugin->policy, mosquitto_client_id(event->client), event->payload,
			   event->payloadlen, moment_now()) < 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     "tether: a message on " CONTROL_TOPIC " was not understood");
		return MOSQ_ERR_INVAL;
	}
	return MOSQ_ERR_SUCCESS;
}

static int
on_disconnect(struct plugin *plugin, const struct mosquitto_evt_disconnect *event)
{
	policy_leave(&plugin->policy, mosquitto_client_id(event->client), event->client);
	return MOSQ_ERR_SUCCESS;
}

/* Cutting a client comes back as on_disconnect(), which finds no record any more. */
static void
cut_due(struct plugin *plugin, struct moment now)
{
	char id[CLIENT_TEXT + 1];
	bool connected;

	while (policy_due(&plugin->policy, now, id, &connected)) {
		if (connected) {
			mosquitto_kick_client_by_clientid(id, false);
		}
	}
}

static void
publish_stat(const struct plugin *plugin)
{
	char text[STAT_SIZE];
	int len = policy_stat(&plugin->policy, text, sizeof(text));

	/* Before the last brace: what the policy does not know. */
	len--;
	len += snprintf(text + len, sizeof(text) - (size_t)len, ",\"certificate_refused\":%d}",
			plugin->certificate.refused);
	mosquitto_broker_publish_copy(NULL, STAT_TOPIC, len, text, 0, false, NULL);
}

/* Sent in the broker's next turn, when the tick has cut. */
static void
publish_cut(void *context, const uint8_t sid[SID_LEN], size_t connections)
{
	char text[CUT_SIZE], hex[HEX_LEN(SID_LEN) + 1];
	int len;

	(void)context;
	hex_encode(hex, sid, SID_LEN);
	len = snprintf(text, sizeof(text), "%s %zu", hex, connections);
	mosquitto_broker_publish_copy(NULL, CUT_TOPIC, len, text, 0, false, NULL);
}

/* Reads the keys anew: those that are gone are not trusted any more, and none means that nobody
 * comes in. A folder that can't be read, perhaps because strangers hold all descriptors, changes
 * nothing: -1. */
static int
load_keys(struct plugin *plugin)
{
	struct keys fresh;
	unsigned bad;

	if (keys_load(&fresh, plugin->keys_dir, &bad) < 0) {
		if (!plugin->keys_unreadable) {
			mosquitto_log_printf(MOSQ_LOG_ERR, "tether: can't read the keys in %s: %s",
					     plugin->keys_dir, strerror(errno));
		}
		plugin->keys_unreadable = true;
		keys_finish(&fresh);
		return -1;
	}
	plugin->keys_unreadable = false;
	keys_finish(&plugin->policy.keys);
	plugin->policy.keys = fresh;
	if (bad > 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     "tether: %u files in %s are not P-256 public keys", bad,
				     plugin->keys_dir);
	}
	if (fresh.count == 0) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: no public key in %s", plugin->keys_dir);
	}
	return (int)fresh.count;
}

/* Follows the key service's folder: a new key is known and a removed one forgotten without a
 * signal. */
static void
follow_keys(struct plugin *plugin)
{
	if (keys_stale(&plugin->policy.keys, plugin->keys_dir) != 0 && load_keys(plugin) >= 0) {
		policy_keys_changed(&plugin->policy);
	}
}

/* The broker reads its certificate at SIGHUP only, and a pair that does not fit would leave it with
 * the new certificate and no key: so it is asked for when they fit. */
static void
follow_certificate(struct plugin *plugin)
{
	bool refused = plugin->certificate.refused;
	const char *why;

	if (!certificate_due(&plugin->certificate)) {
		return;
	}
	if (certificate_check(&plugin->certificate, &why) == 0) {
		raise(SIGHUP);
	} else if (!refused) {
		mosquitto_log_printf(MOSQ_LOG_ERR,
				     "tether: the new certificate can't be used (%s): the old one stays",
				     why);
	}
}

static int
on_tick(struct plugin *plugin, struct mosquitto_evt_tick *event)
{
	struct moment now = moment_now();

	if (now.boot_ms >= plugin->next_keys) {
		plugin->next_keys = now.boot_ms + KEYS_EVERY_MS;
		follow_keys(plugin);
	}
	if (plugin->certfile && now.boot_ms >= plugin->next_certificate) {
		plugin->next_certificate = now.boot_ms + CERTIFICATE_LOOK_MS;
		follow_certificate(plugin);
	}
	cut_due(plugin, now);
	if (now.boot_ms >= plugin->next_sweep) {
		plugin->next_sweep = now.boot_ms + SWEEP_EVERY_MS;
		revoked_set_sweep(&plugin->policy.revoked, SWEEP_BUCKETS, now.unix_ms / 1000);
	}
	if (now.boot_ms >= plugin->next_stat) {
		plugin->next_stat = now.boot_ms + STAT_EVERY_MS;
		publish_stat(plugin);
	}
	/* Without it, 2.1 may put the next tick off by a day; 2.0 ignores it. */
	event->next_s = 1;
	return MOSQ_ERR_SUCCESS;
}

static int
load_revoked(struct plugin *plugin)
{
	unsigned line = 0;

	if (!plugin->revoked_file) {
		return 0;
	}
	switch (revoked_set_load(&plugin->policy.revoked, plugin->revoked_file,
				 moment_now().unix_ms / 1000, &line)) {
	case REVOKED_LOADED:
		return 0;
	case REVOKED_MALFORMED:
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: %s, line %u is not a revocation",
				     plugin->revoked_file, line);
		return -1;
	default:
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: can't read %s: %s",
				     plugin->revoked_file, strerror(errno));
		return -1;
	}
}

/* After this the broker asks BASIC_AUTH for every client again, so what was read here also holds
 * for those who are connected. Revocations are only ever added. */
static int
on_reload(struct plugin *plugin)
{
	load_keys(plugin);
	load_revoked(plugin);
	return MOSQ_ERR_SUCCESS;
}

static int
on_event(int event, void *data, void *user)
{
	switch (event) {
	case MOSQ_EVT_BASIC_AUTH:
		return on_login(user, data);
	case MOSQ_EVT_ACL_CHECK:
		return on_access(user, data);
	case MOSQ_EVT_CONTROL:
		return on_control(user, data);
	case MOSQ_EVT_DISCONNECT:
		return on_disconnect(user, data);
	case MOSQ_EVT_TICK:
		return on_tick(user, data);
	case MOSQ_EVT_RELOAD:
		return on_reload(user);
	default:
		return MOSQ_ERR_NOT_SUPPORTED;
	}
}

static int
register_events(mosquitto_plugin_id_t *identifier, struct plugin *plugin)
{
	static const int events[] = {MOSQ_EVT_BASIC_AUTH, MOSQ_EVT_ACL_CHECK, MOSQ_EVT_DISCONNECT,
				     MOSQ_EVT_TICK,	  MOSQ_EVT_RELOAD,    MOSQ_EVT_CONTROL};

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		const char *topic = events[i] == MOSQ_EVT_CONTROL ? CONTROL_TOPIC : NULL;
		int rc = mosquitto_callback_register(identifier, events[i], on_event, topic,
						     plugin);

		if (rc != MOSQ_ERR_SUCCESS) {
			mosquitto_log_printf(MOSQ_LOG_ERR, "tether: this broker lacks event %d",
					     events[i]);
			return rc;
		}
	}
	return MOSQ_ERR_SUCCESS;
}

/* "true" or "false". 0 or -1. */
static int
parse_bool(bool *value, const char *text)
{
	*value = strcmp(text, "true") == 0;
	return *value || strcmp(text, "false") == 0 ? 0 : -1;
}

static int
parse_option(struct plugin *plugin, const struct mosquitto_opt *option)
{
	char **text = NULL;

	if (strcmp(option->key, "require_sync") == 0) {
		return parse_bool(&plugin->policy.require_sync, option->value);
	}
	if (strcmp(option->key, "keys") == 0) {
		text = &plugin->keys_dir;
	} else if (strcmp(option->key, "revoked") == 0) {
		text = &plugin->revoked_file;
	} else if (strcmp(option->key, "certfile") == 0) {
		text = &plugin->certfile;
	} else if (strcmp(option->key, "keyfile") == 0) {
		text = &plugin->keyfile;
	}
	if (!text || *text) {
		return -1;
	}
	*text = strdup(option->value);
	return *text ? 0 : -1;
}

static int
parse_options(struct plugin *plugin, const struct mosquitto_opt *options, int count)
{
	for (int i = 0; i < count; i++) {
		if (parse_option(plugin, &options[i]) < 0) {
			mosquitto_log_printf(MOSQ_LOG_ERR, "tether: bad plugin_opt_%s",
					     options[i].key);
			return -1;
		}
	}
	if (!plugin->keys_dir) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: plugin_opt_keys is missing");
		return -1;
	}
	if (!plugin->revoked_file && !plugin->policy.require_sync) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: nobody says what is revoked: "
						   "plugin_opt_revoked, or require_sync true");
		return -1;
	}
	if (!plugin->certfile != !plugin->keyfile) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "tether: plugin_opt_certfile and "
						   "plugin_opt_keyfile go together");
		return -1;
	}
	return 0;
}

static void
plugin_destroy(struct plugin *plugin)
{
	if (!plugin) {
		return;
	}
	policy_finish(&plugin->policy);
	free(plugin->keys_dir);
	free(plugin->revoked_file);
	free(plugin->certfile);
	free(plugin->keyfile);
	free(plugin);
}

int
mosquitto_plugin_version(int count, const int *versions)
{
	for (int i = 0; i < count; i++) {
		if (versions[i] == MOSQ_PLUGIN_VERSION) {
			return MOSQ_PLUGIN_VERSION;
		}
	}
	return -1;
}

/* Any failure stops the broker: it never runs without its policy. */
int
mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **data, struct mosquitto_opt *options,
		      int count)
{
	struct plugin *plugin = calloc(1, sizeof(*plugin));

	if (!plugin || policy_init(&plugin->policy) < 0 ||
	    parse_options(plugin, options, count) < 0 || load_keys(plugin) <= 0 ||
	    load_revoked(plugin) < 0 || register_events(identifier, plugin) != MOSQ_ERR_SUCCESS) {
		plugin_destroy(plugin);
		return MOSQ_ERR_UNKNOWN;
	}
	plugin->policy.cut = publish_cut;
	if (plugin->certfile) {
		certificate_begin(&plugin->certificate, plugin->certfile, plugin->keyfile);
	}
	*data = plugin;
	return MOSQ_ERR_SUCCESS;
}

int
mosquitto_plugin_cleanup(void *data, struct mosquitto_opt *options, int count)
{
	(void)options;
	(void)count;
	plugin_destroy(data);
	return MOSQ_ERR_SUCCESS;
}

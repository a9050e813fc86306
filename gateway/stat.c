/* See stat.h. Gateway process. */
#include "gateway/stat.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "gateway/limits.h"

#define COUNTER "counter"
#define GAUGE "gauge"

/* What a part may say, and as which metric it is shown. Those of one metric stand together. */
struct stat_number {
	const char *key, *metric, *labels, *type, *help;
};

#define KEY_REFUSED "tether_keysvc_refused_total"
static const char key_refused[] = "Requests refused, by reason";

static const struct stat_number keysvc_numbers[] = {
	{"issued", "tether_keysvc_issued_total", "", COUNTER, "Keys issued"},
	{"redeemed", "tether_keysvc_redeemed_total", "", COUNTER, "Keys redeemed"},
	{"ended", "tether_keysvc_ended_total", "", COUNTER, "Sessions ended by the wearer"},
	{"revoked", "tether_keysvc_revoked_total", "", COUNTER, "Sessions revoked by the admin"},
	{"bad", KEY_REFUSED, "reason=\"bad\"", COUNTER, key_refused},
	{"role", KEY_REFUSED, "reason=\"role\"", COUNTER, key_refused},
	{"version", KEY_REFUSED, "reason=\"version\"", COUNTER, key_refused},
	{"forged", KEY_REFUSED, "reason=\"forged\"", COUNTER, key_refused},
	{"expired", KEY_REFUSED, "reason=\"expired\"", COUNTER, key_refused},
	{"refused_revoked", KEY_REFUSED, "reason=\"revoked\"", COUNTER, key_refused},
	{"busy", KEY_REFUSED, "reason=\"busy\"", COUNTER, key_refused},
	{"failed", KEY_REFUSED, "reason=\"failed\"", COUNTER, key_refused},
	{"signer_failures", "tether_keysvc_signer_failures_total", "", COUNTER,
	 "Times that the signer ended, hung or broke the rules"},
	{"live", "tether_keysvc_sessions", "", GAUGE, "Sessions that are neither over nor expired"},
};

#define AUTH_REFUSED "tether_auth_refused_total"
#define AUTH_GUESTS "tether_auth_guests_total"
static const char auth_refused[] = "Logins with a token refused, by reason";
static const char auth_guests[] = "Logins of guests, by what became of them";

static const struct stat_number auth_numbers[] = {
	{"connections", "tether_auth_connections", "", GAUGE, "Clients known to the broker's plugin"},
	{"guests", "tether_auth_guests", "", GAUGE, "Guests connected"},
	{"guests_in", AUTH_GUESTS, "result=\"in\"", COUNTER, auth_guests},
	{"guests_refused", AUTH_GUESTS, "result=\"refused\"", COUNTER, auth_guests},
	{"guests_limited", AUTH_GUESTS, "result=\"limited\"", COUNTER, auth_guests},
	{"forged", AUTH_REFUSED, "reason=\"forged\"", COUNTER, auth_refused},
	{"refused_expired", AUTH_REFUSED, "reason=\"expired\"", COUNTER, auth_refused},
	{"refused_revoked", AUTH_REFUSED, "reason=\"revoked\"", COUNTER, auth_refused},
	{"protocol", AUTH_REFUSED, "reason=\"protocol\"", COUNTER, auth_refused},
	{"expired", "tether_auth_expired_total", "", COUNTER, "Connections cut at their expiry"},
	{"revoked", "tether_auth_revoked_total", "", COUNTER, "Connections cut by a revocation"},
	{"certificate_refused", "tether_auth_certificate_refused", "", GAUGE,
	 "1 while the broker can't use the newest certificate"},
};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(LENGTH(keysvc_numbers) <= MAX_STATS && LENGTH(auth_numbers) <= MAX_STATS, "room");

/* The newest message of a part. */
struct stat_heard {
	uint64_t at; /* ms; 0 never */
	bool there[MAX_STATS];
	uint64_t value[MAX_STATS];
};

static struct stat_part {
	const char *name;
	const struct stat_number *number;
	size_t count;
	struct stat_heard heard;
} parts[] = {
	{"keysvc", keysvc_numbers, LENGTH(keysvc_numbers), {0}},
	{"auth", auth_numbers, LENGTH(auth_numbers), {0}},
};

/* False: not of the form. */
static bool
stat_read(struct stat_heard *heard, const struct stat_part *part, const cJSON *o)
{
	const cJSON *item;
	uint64_t v;

	if (json_number(&v, o, "v", 1) || v != 1) {
		return false;
	}
	cJSON_ArrayForEach(item, o)
	{
		if (json_number(&v, o, item->string, MAX_STAT_VALUE)) {
			return false;
		}
		for (size_t i = 0; i < part->count; i++) {
			if (strcmp(item->string, part->number[i].key) == 0) {
				heard->there[i] = true;
				heard->value[i] = v;
			}
		}
	}
	return true;
}

void
stat_take(const char *part, const char *json, size_t len, uint64_t now)
{
	cJSON *o;

	if (json_parse(&o, json, len)) {
		return;
	}
	for (size_t i = 0; i < LENGTH(parts); i++) {
		struct stat_heard heard = {.at = now ? now : 1};

		if (strcmp(part, parts[i].name) == 0 && stat_read(&heard, &parts[i], o)) {
			parts[i].heard = heard;
		}
	}
	cJSON_Delete(o);
}

static bool
stat_up(const struct stat_part *part, uint64_t now)
{
	return part->heard.at && now - part->heard.at <= STAT_SILENT_MS;
}

static void
expose_part(struct exposition *e, const struct stat_part *part)
{
	const char *last = "";

	for (size_t i = 0; i < part->count; i++) {
		const struct stat_number *n = &part->number[i];

		if (!part->heard.there[i]) {
			continue;
		}
		if (strcmp(last, n->metric) != 0) {
			expose_metric(e, n->metric, n->type, n->help);
			last = n->metric;
		}
		expose_sample(e, n->metric, "", n->labels, (double)part->heard.value[i]);
	}
}

void
stat_expose(struct exposition *e, uint64_t now)
{
	char label[32];

	expose_metric(e, "tether_part_up", GAUGE, "1 while the part reports its numbers");
	for (size_t i = 0; i < LENGTH(parts); i++) {
		snprintf(label, sizeof(label), "part=\"%s\"", parts[i].name);
		expose_sample(e, "tether_part_up", "", label, stat_up(&parts[i], now));
	}
	expose_metric(e, "tether_part_silent_seconds", GAUGE,
		      "Since the part's last report; absent when there was none");
	for (size_t i = 0; i < LENGTH(parts); i++) {
		snprintf(label, sizeof(label), "part=\"%s\"", parts[i].name);
		if (parts[i].heard.at) {
			expose_sample(e, "tether_part_silent_seconds", "", label,
				      (double)(now - parts[i].heard.at) / 1000);
		}
	}
	for (size_t i = 0; i < LENGTH(parts); i++) {
		if (stat_up(&parts[i], now)) {
			expose_part(e, &parts[i]);
		}
	}
}

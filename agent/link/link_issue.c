/*
 * What the link asks of the key service, and the strict reading of what comes back. Link process.
 * The answer came through a broker and is hostile; the setup is the guard's.
 */
#include "agent/link/link_issue.h"

#include <stdio.h>
#include <string.h>

#include "common/encode.h"
#include "common/json.h"
#include "common/version.h"

#define MAX_RETRY 3600 /* seconds; a longer wait than an hour is no answer to a person */
#define MAX_TEXT 256   /* characters of the server's sentence */

static const char token_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

static bool
token_like(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= MAX_TOKEN && strspn(s, token_characters) == len;
}

int
request_write(char out[MAX_REQUEST + 1], const struct link_setup *setup)
{
	char agent[B64_LEN(ELEMENT_LEN) + 1], link[B64_LEN(ELEMENT_LEN) + 1];
	int n = -1;

	if (setup->job == JOB_ISSUE) {
		b64_encode(agent, setup->agent_element, ELEMENT_LEN);
		b64_encode(link, setup->link_element, ELEMENT_LEN);
		n = snprintf(out, MAX_REQUEST + 1,
			     "{\"v\":1,\"op\":\"issue\",\"id\":%d,\"agent\":\"%s\",\"link\":\"%s\","
			     "\"version\":\"%s\"}",
			     REQUEST_ID, agent, link, TETHER_VERSION);
	} else if (setup->job == JOB_END && token_like(setup->token)) {
		n = snprintf(out, MAX_REQUEST + 1,
			     "{\"v\":1,\"op\":\"end\",\"id\":%d,\"token\":\"%s\"}", REQUEST_ID,
			     setup->token);
	}
	return n > 0 && n <= MAX_REQUEST ? n : -1;
}

/* One documented field: its reader checks type and range. */
struct answer_field {
	const char *name;
	int (*read)(struct answer *a, const cJSON *item);
};

static int
read_number(uint32_t *out, const cJSON *item, uint32_t min, uint32_t max)
{
	/* json_parse let only whole numbers through. */
	if (!cJSON_IsNumber(item) || item->valuedouble < min || item->valuedouble > max) {
		return -1;
	}
	*out = (uint32_t)item->valuedouble;
	return 0;
}

/* Copies a text of 1 to cap - 1 characters, all of them among `allowed`. */
static int
read_text(char *out, size_t cap, const cJSON *item, const char *allowed)
{
	size_t len;

	if (!cJSON_IsString(item)) {
		return -1;
	}
	len = strlen(item->valuestring);
	if (len == 0 || len >= cap || strspn(item->valuestring, allowed) != len) {
		return -1;
	}
	memset(out, 0, cap);
	memcpy(out, item->valuestring, len);
	return 0;
}

static int
read_v(struct answer *a, const cJSON *item)
{
	uint32_t v;

	(void)a;
	return read_number(&v, item, 1, 1);
}

static int
read_id(struct answer *a, const cJSON *item)
{
	uint32_t id;

	(void)a;
	return read_number(&id, item, REQUEST_ID, REQUEST_ID);
}

static int
read_ok(struct answer *a, const cJSON *item)
{
	a->ok = cJSON_IsTrue(item);
	return cJSON_IsBool(item) ? 0 : -1;
}

static int
read_sid(struct answer *a, const cJSON *item)
{
	return cJSON_IsString(item) ? hex_decode(a->issued.sid, SID_LEN, item->valuestring,
						 strlen(item->valuestring))
				    : -1;
}

static int
read_key(struct answer *a, const cJSON *item)
{
	struct key k;

	if (!cJSON_IsString(item) ||
	    key_parse(&k, item->valuestring, strlen(item->valuestring)) != 0) {
		return -1;
	}
	key_write(a->issued.key, &k);
	return 0;
}

static int
read_client(struct answer *a, const cJSON *item)
{
	if (read_text(a->issued.client, sizeof(a->issued.client), item, "0123456789abcdef") != 0) {
		return -1;
	}
	return strlen(a->issued.client) == CLIENT_TEXT ? 0 : -1;
}

static int
read_token(struct answer *a, const cJSON *item)
{
	return read_text(a->issued.token, sizeof(a->issued.token), item, token_characters);
}

static int
read_left(struct answer *a, const cJSON *item)
{
	return read_number(&a->issued.left, item, 1, MAX_LIFE);
}

static int
read_version(char out[16], const cJSON *item)
{
	if (read_text(out, 16, item, "0123456789.") != 0) {
		return -1;
	}
	return version_number(out, strlen(out)) != 0 ? 0 : -1;
}

static int
read_latest(struct answer *a, const cJSON *item)
{
	return read_version(a->issued.latest, item);
}

static int
read_oldest(struct answer *a, const cJSON *item)
{
	return read_version(a->issued.oldest, item);
}

static int
read_why(struct answer *a, const cJSON *item)
{
	static const struct {
		const char *code, *words;
	} table[] = {
		{"bad", "The key service did not understand this program: is it up to date?"},
		{"role", "The key service does not allow this."},
		{"forged", "The key service does not know this key."},
		{"expired", "The key has expired."},
		{"revoked", "The session has already been ended."},
		{"busy", "The key service is busy."},
		{"version", "This version of Tether is too old for the server: please update it."},
		{"failed", "The key service could not do it just now."},
	};

	for (size_t i = 0; cJSON_IsString(item) && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(item->valuestring, table[i].code) == 0) {
			snprintf(a->words, sizeof(a->words), "%s", table[i].words);
			a->too_old = strcmp(item->valuestring, "version") == 0;
			return 0;
		}
	}
	return -1;
}

static int
read_sentence(struct answer *a, const cJSON *item)
{
	(void)a;
	return cJSON_IsString(item) && strlen(item->valuestring) <= MAX_TEXT ? 0 : -1;
}

static int
read_retry(struct answer *a, const cJSON *item)
{
	uint32_t retry;

	if (read_number(&retry, item, 0, MAX_RETRY) != 0) {
		return -1;
	}
	a->retry = (uint16_t)retry;
	return 0;
}

/* The four shapes of an answer; each table ends with a NULL name. */
static const struct answer_field issued_fields[] = {
	{"v", read_v},           {"id", read_id},         {"ok", read_ok},     {"sid", read_sid},
	{"key", read_key},       {"client", read_client}, {"token", read_token}, {"left", read_left},
	{"latest", read_latest}, {"oldest", read_oldest}, {NULL, NULL},
};
static const struct answer_field ended_fields[] = {
	{"v", read_v}, {"id", read_id}, {"ok", read_ok}, {NULL, NULL},
};
static const struct answer_field refused_fields[] = {
	{"v", read_v},     {"id", read_id},         {"ok", read_ok},
	{"why", read_why}, {"text", read_sentence}, {"retry", read_retry},
	{NULL, NULL},
};
static const struct answer_field too_old_fields[] = {
	{"v", read_v},             {"id", read_id},         {"ok", read_ok},
	{"why", read_why},         {"text", read_sentence}, {"retry", read_retry},
	{"latest", read_latest},   {"oldest", read_oldest}, {NULL, NULL},
};

/* Every field of the table and no other; json_parse has refused doubled names. */
static int
read_fields(struct answer *a, const cJSON *object, const struct answer_field *table)
{
	int count = 0;

	for (const struct answer_field *f = table; f->name != NULL; f++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, f->name);

		if (item == NULL || f->read(a, item) != 0) {
			return -1;
		}
		count++;
	}
	return cJSON_GetArraySize(object) == count ? 0 : -1;
}

static int
read_answer(struct answer *a, enum link_job job, const cJSON *root)
{
	const struct answer_field *table = refused_fields;
	struct key key;

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ok"))) {
		table = job == JOB_ISSUE ? issued_fields : ended_fields;
	} else if (cJSON_HasObjectItem(root, "oldest")) {
		table = too_old_fields;
	}
	if (read_fields(a, root, table) != 0) {
		return -1;
	}
	if (table == too_old_fields) {
		snprintf(a->words, sizeof(a->words),
			 "This tether is version %s; the server needs at least %.*s. Please update it.",
			 TETHER_VERSION, VERSION_TEXT, a->issued.oldest);
		return a->too_old ? 0 : -1;
	}
	if (table == issued_fields) {
		/* A link that leads into another session than ours would wait there for ever. */
		if (key_parse(&key, a->issued.key, KEY_TEXT) != 0 ||
		    memcmp(key.sid, a->issued.sid, SID_LEN) != 0) {
			return -1;
		}
	}
	return 0;
}

int
answer_parse(struct answer *a, enum link_job job, const char *json, size_t len)
{
	struct answer read = {0};
	cJSON *root;
	int rc;

	if (json_parse(&root, json, len) != JSON_OK) {
		return -1;
	}
	rc = read_answer(&read, job, root);
	cJSON_Delete(root);
	if (rc == 0) {
		*a = read;
	}
	return rc;
}

/* See messages.h. Gateway process; input from pages is hostile. */
#include "gateway/messages.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"

#define MAX_RETRY 3600

static const char *const why_names[WHY_COUNT] = {
	"bad", "role", "forged", "expired", "revoked", "busy", "version", "failed", "late", "limit",
};

const char *
why_name(enum why why)
{
	return why_names[why];
}

int
join_parse(char key[KEY_TEXT + 1], const char *json, size_t len)
{
	const char *op, *text;
	struct key parsed;
	uint64_t v;
	cJSON *o;
	int rc = -1;

	if (len > MAX_COMMAND || json_parse(&o, json, len)) {
		return -1;
	}
	if (cJSON_GetArraySize(o) == 3 && json_number(&v, o, "v", 1) == 0 && v == 1 &&
	    json_text(&op, o, "op") == 0 && strcmp(op, "join") == 0 &&
	    json_text(&text, o, "key") == 0 && key_parse(&parsed, text, strlen(text)) == 0) {
		memcpy(key, text, KEY_TEXT + 1);
		rc = 0;
	}
	cJSON_Delete(o);
	return rc;
}

int
redeem_write(char out[MAX_REQUEST], uint32_t id, const char key[KEY_TEXT + 1])
{
	return snprintf(out, MAX_REQUEST, "{\"v\":1,\"op\":\"redeem\",\"id\":%u,\"key\":\"%s\"}",
			id, key);
}

static enum why
why_from_name(const char *name)
{
	for (int i = WHY_BAD; i <= WHY_FAILED; i++) {
		if (strcmp(name, why_names[i]) == 0) {
			return (enum why)i;
		}
	}
	return WHY_FAILED;
}

static int
answer_refusal(struct answer *a, const cJSON *o)
{
	uint64_t retry = 0;
	const char *why;

	if (json_text(&why, o, "why")) {
		return -1;
	}
	(void)json_number(&retry, o, "retry", MAX_RETRY); /* optional: stays 0 */
	a->why = why_from_name(why);
	a->retry = (unsigned)retry;
	return 0;
}

static int
answer_grant(struct answer *a, const cJSON *o)
{
	const char *sid, *client, *token;
	uint8_t bytes[SID_LEN];
	uint64_t left;

	if (json_text(&sid, o, "sid") || json_text(&client, o, "client") ||
	    json_text(&token, o, "token") || json_number(&left, o, "left", MAX_LIFE) || left == 0 ||
	    hex_decode(bytes, SID_LEN, sid, strlen(sid)) ||
	    hex_decode(bytes, CLIENT_LEN, client, strlen(client)) || *token == '\0' ||
	    strlen(token) > MAX_TOKEN) {
		return -1;
	}
	memcpy(a->sid, sid, sizeof(a->sid));
	memcpy(a->client, client, sizeof(a->client));
	memcpy(a->token, token, strlen(token) + 1);
	a->left = (unsigned)left;
	return 0;
}

int
answer_parse(struct answer *a, const char *json, size_t len)
{
	struct answer got = {0};
	uint64_t v, id;
	cJSON *o;
	int rc = -1;

	if (len > MAX_REPLY || json_parse(&o, json, len)) {
		return -1;
	}
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(o, "ok");

	if (json_number(&v, o, "v", 1) == 0 && v == 1 &&
	    json_number(&id, o, "id", UINT32_MAX) == 0 && cJSON_IsBool(ok)) {
		got.id = (uint32_t)id;
		got.ok = cJSON_IsTrue(ok);
		rc = got.ok ? answer_grant(&got, o) : answer_refusal(&got, o);
	}
	if (rc == 0) {
		*a = got;
	}
	cJSON_Delete(o);
	return rc;
}

int
say_joined(char out[MAX_GW_MESSAGE], unsigned left)
{
	return snprintf(out, MAX_GW_MESSAGE, "{\"v\":1,\"gw\":\"joined\",\"left\":%u}", left);
}

int
say_refused(char out[MAX_GW_MESSAGE], enum why why, unsigned retry)
{
	return snprintf(out, MAX_GW_MESSAGE,
			"{\"v\":1,\"gw\":\"refused\",\"why\":\"%s\",\"retry\":%u}", why_name(why),
			retry);
}

int
say_ended(char out[MAX_GW_MESSAGE], enum why why)
{
	return snprintf(out, MAX_GW_MESSAGE, "{\"v\":1,\"gw\":\"ended\",\"why\":\"%s\"}",
			why_name(why));
}

int
say_away(char out[MAX_GW_MESSAGE], unsigned retry)
{
	return snprintf(out, MAX_GW_MESSAGE, "{\"v\":1,\"gw\":\"away\",\"retry\":%u}", retry);
}

int
say_bad(char out[MAX_GW_MESSAGE], const char *text)
{
	cJSON *o = cJSON_CreateObject();
	int len = 0;

	/* Through cJSON because the sentence may quote. */
	if (cJSON_AddNumberToObject(o, "v", 1) && cJSON_AddStringToObject(o, "gw", "bad") &&
	    cJSON_AddStringToObject(o, "text", text) &&
	    cJSON_PrintPreallocated(o, out, MAX_GW_MESSAGE - 5, 0)) {
		len = (int)strlen(out);
	}
	cJSON_Delete(o);
	return len ? len
		   : snprintf(out, MAX_GW_MESSAGE,
			      "{\"v\":1,\"gw\":\"bad\",\"text\":\"This was not understood.\"}");
}

/* Bytes that a UTF-8 sequence has by its first one, or 0. */
static size_t
utf8_length(unsigned char first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc2 || first > 0xf4) {
		return 0;
	}
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Bytes of the UTF-8 sequence at `s` (RFC 3629: no surrogates, shortest form), or 0. */
static size_t
utf8_sequence(const unsigned char *s, size_t len)
{
	size_t n = utf8_length(s[0]);

	if (n == 0 || n > len) {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) {
		return 0;
	}
	return n;
}

bool
state_well_formed(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	const size_t mac = B64_LEN(16);
	uint8_t bytes[16];

	if (len < mac + 2 || len > MAX_STATE || b64_decode(bytes, 16, text, mac) ||
	    text[mac] != '.' || text[mac + 1] != '{') {
		return false;
	}
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_sequence(s + i, len - i);
		if (n == 0 || s[i] < 0x20 || s[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

/* What follows `name` in a state, or NULL. Quotes inside of JSON's strings are escaped, so a name with
 * its quotes is a name. */
static const char *
state_after(const char *text, size_t len, const char *name)
{
	const char *at = memmem(text, len, name, strlen(name));

	return at ? at + strlen(name) : NULL;
}

void
state_glance(struct glance *g, const char *text, size_t len)
{
	static const char *const faults[] = {"silent\"", "off\"", "gone\""};
	const char *end = text + len, *beacon = state_after(text, len, "\"beacon\":");
	const char *box = state_after(text, len, "\"box\":\"");

	*g = (struct glance){0};
	for (; beacon && beacon < end && *beacon >= '0' && *beacon <= '9'; beacon++) {
		g->beacon = g->beacon * 10 + (uint32_t)(*beacon - '0');
	}
	for (size_t i = 0; box && i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t n = strlen(faults[i]);

		g->box_fault |= (size_t)(end - box) >= n && memcmp(box, faults[i], n) == 0;
	}
}

int
token_peek(char client[CLIENT_TEXT + 1], int64_t *exp, const char *token)
{
	const char *from = strchr(token, '.'), *to = from ? strchr(from + 1, '.') : NULL, *sub;
	uint8_t claims[MAX_TOKEN], bytes[CLIENT_LEN];
	uint64_t expiry;
	cJSON *o;
	size_t n;
	int rc = -1;

	if (!to || b64_decode_any(claims, sizeof(claims), &n, from + 1, (size_t)(to - from - 1)) ||
	    json_parse(&o, (const char *)claims, n)) {
		return -1;
	}
	if (json_text(&sub, o, "sub") == 0 &&
	    hex_decode(bytes, CLIENT_LEN, sub, strlen(sub)) == 0 &&
	    json_number(&expiry, o, "exp", UINT32_MAX) == 0) {
		memcpy(client, sub, CLIENT_TEXT + 1);
		*exp = (int64_t)expiry;
		rc = 0;
	}
	cJSON_Delete(o);
	return rc;
}

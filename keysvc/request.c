/*
 * Parser of requests and writer of answers (docs/PROTOCOL.md "Key service"). Net process only.
 * Input: bytes from anyone who can reach the broker; nothing about them is trusted. A flat object
 * of strings and counting numbers is all that the protocol needs, so that is all that is read here.
 */
#include "keysvc/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/encode.h"
#include "common/version.h"
#include "keysvc/limits.h"

enum field {
	FIELD_V, FIELD_OP, FIELD_ID, FIELD_AGENT, FIELD_LINK, FIELD_VERSION, FIELD_TOKEN, FIELD_KEY,
	FIELD_COUNT
};

/* One value as it stands in the text: a string's inside, or a number's digits. */
struct value {
	const char *at;
	size_t len;
	bool text;
};

static const char *const names[FIELD_COUNT] = {"v",    "op",      "id",    "agent",
					       "link", "version", "token", "key"};

/* What each request carries beside v, op and id, by who asks. */
static const struct form {
	const char *op;
	uint8_t ask;
	enum role role;
	unsigned fields;
} forms[] = {
	{"issue", ASK_ISSUE, ROLE_GUEST, 1U << FIELD_AGENT | 1U << FIELD_LINK | 1U << FIELD_VERSION},
	{"issue", ASK_ISSUE, ROLE_AGENT,
	 1U << FIELD_AGENT | 1U << FIELD_LINK | 1U << FIELD_VERSION | 1U << FIELD_TOKEN},
	{"end", ASK_END, ROLE_AGENT, 1U << FIELD_TOKEN},
	{"redeem", ASK_REDEEM, ROLE_GW, 1U << FIELD_KEY},
};

#define HEAD (1U << FIELD_V | 1U << FIELD_OP | 1U << FIELD_ID)

/* ---- the text ------------------------------------------------------------------------------ */

struct cursor {
	const char *at;
	size_t left;
};

static void
skip_space(struct cursor *c)
{
	while (c->left > 0 && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
		c->at++;
		c->left--;
	}
}

/* Takes `ch` after white space. */
static bool
take(struct cursor *c, char ch)
{
	skip_space(c);
	if (c->left == 0 || *c->at != ch) {
		return false;
	}
	c->at++;
	c->left--;
	return true;
}

/* A string of printable ASCII without escapes: no value of ours needs more. */
static bool
take_text(struct cursor *c, struct value *v)
{
	if (!take(c, '"')) {
		return false;
	}
	*v = (struct value){.at = c->at, .text = true};
	while (c->left > 0 && *c->at >= ' ' && *c->at <= '~' && *c->at != '"' && *c->at != '\\') {
		c->at++;
		c->left--;
		v->len++;
	}
	if (c->left == 0 || *c->at != '"') {
		return false;
	}
	c->at++;
	c->left--;
	return true;
}

/* Digits only: no sign, fraction or exponent. */
static bool
take_number(struct cursor *c, struct value *v)
{
	skip_space(c);
	*v = (struct value){.at = c->at, .text = false};
	while (c->left > 0 && *c->at >= '0' && *c->at <= '9') {
		c->at++;
		c->left--;
		v->len++;
	}
	return v->len > 0 && (v->len == 1 || v->at[0] != '0');
}

static bool
value_is(const struct value *v, const char *text)
{
	return v->len == strlen(text) && memcmp(v->at, text, v->len) == 0;
}

static bool
value_u32(const struct value *v, uint32_t *out)
{
	uint64_t n = 0;

	if (v->text || v->len == 0 || v->len > 10) {
		return false;
	}
	for (size_t i = 0; i < v->len; i++) {
		n = n * 10 + (uint64_t)(v->at[i] - '0');
	}
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

static int
field_of(const struct value *name)
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (value_is(name, names[i])) {
			return i;
		}
	}
	return -1;
}

/* Reads one `"name": value`. Returns NULL or what was expected. */
static const char *
read_pair(struct cursor *c, struct value values[FIELD_COUNT], unsigned *seen)
{
	struct value name, value;
	int field;

	if (!take_text(c, &name) || !take(c, ':')) {
		return "expected a name in quotes and a colon";
	}
	field = field_of(&name);
	if (field < 0) {
		return "a field is not known: only v, op, id, agent, link, version, token, key are";
	}
	if (*seen & 1U << field) {
		return "a field is there twice";
	}
	if (!take_text(c, &value) && !take_number(c, &value)) {
		return "expected a plain string or a whole number as value";
	}
	*seen |= 1U << field;
	values[field] = value;
	return NULL;
}

static const char *
read_object(struct cursor *c, struct value values[FIELD_COUNT], unsigned *seen)
{
	const char *wrong;

	if (!take(c, '{')) {
		return "expected one JSON object";
	}
	do {
		wrong = read_pair(c, values, seen);
		if (wrong != NULL) {
			return wrong;
		}
	} while (take(c, ','));
	if (!take(c, '}')) {
		return "expected a comma or the object's end";
	}
	skip_space(c);
	return c->left == 0 ? NULL : "there is something after the object";
}

/* ---- the fields ---------------------------------------------------------------------------- */

static enum refusal
read_version(uint32_t *version, const struct value *v, const char **text)
{
	*version = v->text ? version_number(v->at, v->len) : 0;
	if (*version == 0) {
		*text = "`version` must be three numbers and two dots in quotes";
		return REFUSED_BAD;
	}
	return REFUSED_NOT;
}

static bool
read_element(uint8_t out[ELEMENT_LEN], const struct value *v)
{
	return v->text && b64_decode(out, ELEMENT_LEN, v->at, v->len) == 0;
}

static bool
read_token(char out[MAX_TOKEN + 1], const struct value *v)
{
	if (!v->text || v->len == 0 || v->len > MAX_TOKEN) {
		return false;
	}
	memcpy(out, v->at, v->len);
	out[v->len] = '\0';
	return true;
}

/* Decodes the fields that `form` has; that exactly those are there was checked before. */
static enum refusal
read_fields(struct request *r, const struct value *v, unsigned fields, const char **text)
{
	if (fields & 1U << FIELD_AGENT && !read_element(r->agent, &v[FIELD_AGENT])) {
		*text = "`agent` must be 43 base64url characters";
		return REFUSED_BAD;
	}
	if (fields & 1U << FIELD_LINK && !read_element(r->link, &v[FIELD_LINK])) {
		*text = "`link` must be 43 base64url characters";
		return REFUSED_BAD;
	}
	if (fields & 1U << FIELD_KEY &&
	    (!v[FIELD_KEY].text || key_parse(&r->key, v[FIELD_KEY].at, v[FIELD_KEY].len) != 0)) {
		*text = "`key` must be 48 base64url characters";
		return REFUSED_BAD;
	}
	if (fields & 1U << FIELD_TOKEN && !read_token(r->token, &v[FIELD_TOKEN])) {
		*text = "`token` must be the token that this client connected with";
		return REFUSED_BAD;
	}
	if (fields & 1U << FIELD_VERSION) {
		return read_version(&r->version, &v[FIELD_VERSION], text);
	}
	return REFUSED_NOT;
}

/* Finds the form for this op and role. An op that only others may ask is _ROLE, not _BAD. */
static enum refusal
find_form(const struct form **form, const struct value *op, enum role role, const char **text)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!op->text || !value_is(op, forms[i].op)) {
			continue;
		}
		known = true;
		if (forms[i].role == role) {
			*form = &forms[i];
			return REFUSED_NOT;
		}
	}
	*text = known ? NULL : "`op` must be issue, end or redeem";
	return known ? REFUSED_ROLE : REFUSED_BAD;
}

enum refusal
request_parse(struct request *r, enum role role, const char *json, size_t len, const char **text)
{
	struct cursor c = {json, len};
	struct value values[FIELD_COUNT] = {0};
	const struct form *form = NULL;
	unsigned seen = 0;
	uint32_t version = 0;
	enum refusal refused;

	memset(r, 0, sizeof(*r));
	*text = len > MAX_REQUEST ? "the request is too long" : read_object(&c, values, &seen);
	if (seen & 1U << FIELD_ID && !value_u32(&values[FIELD_ID], &r->id)) {
		r->id = 0;
		*text = *text != NULL ? *text : "`id` must be a number from 0 to 4294967295";
	}
	if (*text != NULL) {
		return REFUSED_BAD;
	}
	if ((seen & HEAD) != HEAD || !value_u32(&values[FIELD_V], &version) || version != 1) {
		*text = "expected `v` 1, `op` and `id`";
		return REFUSED_BAD;
	}
	refused = find_form(&form, &values[FIELD_OP], role, text);
	if (refused != REFUSED_NOT) {
		return refused;
	}
	if (seen != (HEAD | form->fields)) {
		*text = seen & ~(HEAD | form->fields) ? "a field does not belong to this `op`"
						      : "a field of this `op` is missing";
		return REFUSED_BAD;
	}
	r->op = form->ask;
	return read_fields(r, values, form->fields, text);
}

/* ---- answers ------------------------------------------------------------------------------- */

static const struct {
	const char *code, *text;
} refusals[REFUSED_COUNT] = {
	[REFUSED_NOT] = {"", ""},
	[REFUSED_BAD] = {"bad", "The request was not understood."},
	[REFUSED_ROLE] = {"role", "This client may not ask for that."},
	[REFUSED_FORGED] = {"forged", "This key is not genuine."},
	[REFUSED_EXPIRED] = {"expired", "The key has expired."},
	[REFUSED_REVOKED] = {"revoked", "The session was ended."},
	[REFUSED_BUSY] = {"busy", "Too many requests: please try again shortly."},
	[REFUSED_VERSION] = {"version", "This version is too old: please update."},
	[REFUSED_FAILED] = {"failed", "The key service could not do it: please try again shortly."},
};

static int
write_refusal(char *out, size_t cap, const struct reply *r, const char *text, const char *versions)
{
	enum refusal why = r->why < REFUSED_COUNT ? r->why : REFUSED_FAILED;

	return snprintf(out, cap,
			"{\"v\":1,\"id\":%" PRIu32 ",\"ok\":false,\"why\":\"%s\",\"text\":\"%s\","
			"\"retry\":%u%s}",
			r->id, refusals[why].code, text != NULL ? text : refusals[why].text,
			(unsigned)r->retry, why == REFUSED_VERSION ? versions : "");
}

/* sid, client, token and left; an issued key has its text and the agent versions too. */
static int
write_session(char *out, size_t cap, const struct reply *r, const char *versions)
{
	char sid[HEX_LEN(SID_LEN) + 1], key[KEY_TEXT + 16] = "";

	hex_encode(sid, r->sid, SID_LEN);
	if (r->op == ASK_ISSUE) {
		snprintf(key, sizeof(key), ",\"key\":\"%s\"", r->key);
	}
	return snprintf(out, cap,
			"{\"v\":1,\"id\":%" PRIu32 ",\"ok\":true,\"sid\":\"%s\"%s,\"client\":\"%s\","
			"\"token\":\"%s\",\"left\":%" PRIu32 "%s}",
			r->id, sid, key, r->client, r->token, r->left,
			r->op == ASK_ISSUE ? versions : "");
}

int
reply_write(char out[MAX_REPLY + 1], const struct reply *r, const char *text,
	    const struct versions *agents)
{
	size_t cap = MAX_REPLY + 1;
	char versions[64];
	int n;

	snprintf(versions, sizeof(versions), ",\"latest\":\"%s\",\"oldest\":\"%s\"",
		 agents->latest, agents->oldest);
	if (r->why != REFUSED_NOT) {
		n = write_refusal(out, cap, r, text, versions);
	} else if (r->op == ASK_END) {
		n = snprintf(out, cap, "{\"v\":1,\"id\":%" PRIu32 ",\"ok\":true}", r->id);
	} else {
		n = write_session(out, cap, r, versions);
	}
	return n > 0 && n <= MAX_REPLY ? n : -1;
}

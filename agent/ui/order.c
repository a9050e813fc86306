/*
 * Orders of a headless ui; see order.h. Runs in the ui.
 */
#include "agent/ui/order.h"

#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/modes.h"

/* Where a command's own fields are read. Each returns 0, or -1 when one is missing or wrong. */
static int
read_plain(struct ui_input *in, const cJSON *object)
{
	(void)in;
	(void)object;
	return 0;
}

static int
read_value(struct ui_input *in, const cJSON *object)
{
	uint64_t value;

	if (json_number(&value, object, "value", UINT32_MAX) != JSON_OK) {
		return -1;
	}
	in->value = (uint32_t)value;
	return 0;
}

static int
read_on(struct ui_input *in, const cJSON *object)
{
	const cJSON *on = cJSON_GetObjectItemCaseSensitive(object, "on");

	if (!cJSON_IsBool(on)) {
		return -1;
	}
	in->value = cJSON_IsTrue(on) ? 1 : 0;
	return 0;
}

static int
read_modes(struct ui_input *in, const cJSON *object)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(object, "value"), *name;

	if (!cJSON_IsArray(names)) {
		return -1;
	}
	cJSON_ArrayForEach(name, names)
	{
		int mode = cJSON_IsString(name) ? mode_from_name(name->valuestring) : -1;

		if (mode < 0 || (in->value >> mode & 1) != 0) {
			return -1;
		}
		in->value |= 1u << mode;
	}
	return 0;
}

static bool
has_field(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

/* A field that holds one of `n` names: its index, or -1. */
static int
read_name(const cJSON *object, const char *field, const char *const names[], int n)
{
	const char *text;

	if (json_text(&text, object, field) != JSON_OK) {
		return -1;
	}
	for (int i = 0; i < n; i++) {
		if (strcmp(text, names[i]) == 0) {
			return i;
		}
	}
	return -1;
}

static int
read_cap(struct ui_input *in, const cJSON *object)
{
	static const char *const channels[] = {"A", "B"}, *const powers[] = {"low", "high"};
	int channel = read_name(object, "ch", channels, 2), power = 0;

	if (has_field(object, "power")) {
		power = read_name(object, "power", powers, 2);
	}
	if (channel < 0 || power < 0) {
		return -1;
	}
	in->action = channel == 0 ? UI_CAP_A : UI_CAP_B;
	in->power = (uint8_t)power;
	return read_value(in, object);
}

static int
read_lock(struct ui_input *in, const cJSON *object)
{
	static const char *const what[] = {"power", "mode"};
	static const uint8_t actions[] = {UI_LOCK_POWER, UI_LOCK_MODE};
	int i = read_name(object, "what", what, 2);

	if (i < 0) {
		return -1;
	}
	in->action = actions[i];
	return read_on(in, object);
}

static int
read_set(struct ui_input *in, const cJSON *object)
{
	static const char *const what[] = {"hold", "idle", "checkin", "rise"};
	static const uint8_t actions[] = {UI_HOLD, UI_IDLE, UI_CHECKIN_MIN, UI_RISE};
	int i = read_name(object, "what", what, 4);

	if (i < 0) {
		return -1;
	}
	in->action = actions[i];
	return read_value(in, object);
}

static const struct {
	const char *name;
	uint8_t action;	     /* unless `read` sets another */
	uint8_t least, most; /* fields, with "cmd" */
	int (*read)(struct ui_input *in, const cJSON *object);
	const char *form;
} orders[] = {
	{"stop", UI_STOP, 1, 1, read_plain, "{\"cmd\":\"stop\"}"},
	{"resume", UI_RESUME, 1, 1, read_plain, "{\"cmd\":\"resume\"}"},
	{"disconnect", UI_DISCONNECT, 1, 1, read_plain, "{\"cmd\":\"disconnect\"}"},
	{"allow", UI_ALLOW, 1, 1, read_plain, "{\"cmd\":\"allow\"}"},
	{"refuse", UI_REFUSE, 1, 1, read_plain, "{\"cmd\":\"refuse\"}"},
	{"checkin", UI_CHECKIN, 1, 1, read_plain, "{\"cmd\":\"checkin\"}"},
	{"save", UI_SAVE, 1, 1, read_plain, "{\"cmd\":\"save\"}"},
	{"quit", UI_QUIT, 1, 1, read_plain, "{\"cmd\":\"quit\"}"},
	{"cap", UI_CAP_A, 3, 4, read_cap,
	 "{\"cmd\":\"cap\",\"ch\":\"A\" or \"B\",\"value\":0..100} with \"power\":\"low\" or "
	 "\"high\""},
	{"lock", UI_LOCK_POWER, 3, 3, read_lock,
	 "{\"cmd\":\"lock\",\"what\":\"power\" or \"mode\",\"on\":true or false}"},
	{"set", UI_HOLD, 3, 3, read_set,
	 "{\"cmd\":\"set\",\"what\":\"hold\", \"idle\", \"checkin\" or \"rise\",\"value\":number}"},
	{"ask", UI_ASK, 2, 2, read_on, "{\"cmd\":\"ask\",\"on\":true or false}"},
	{"modes", UI_MODES, 2, 2, read_modes,
	 "{\"cmd\":\"modes\",\"value\":[names of modes, each once]}"},
};

#define ORDERS (sizeof(orders) / sizeof(orders[0]))

static void
list_orders(char why[UI_WHY])
{
	int n = snprintf(why, UI_WHY, "Expected {\"cmd\":...} with one of");

	for (size_t i = 0; i < ORDERS; i++) {
		n += snprintf(why + n, UI_WHY - (size_t)n, "%s %s", i > 0 ? "," : "",
			      orders[i].name);
	}
}

static int
read_order(struct ui_input *in, const cJSON *object, char why[UI_WHY])
{
	struct ui_input read = {0};
	const char *name;
	int fields = cJSON_GetArraySize(object);

	if (json_text(&name, object, "cmd") != JSON_OK) {
		list_orders(why);
		return -1;
	}
	for (size_t i = 0; i < ORDERS; i++) {
		if (strcmp(orders[i].name, name) != 0) {
			continue;
		}
		read.action = orders[i].action;
		if (fields < orders[i].least || fields > orders[i].most ||
		    orders[i].read(&read, object) != 0 ||
		    (fields == 4 && !has_field(object, "power"))) {
			snprintf(why, UI_WHY, "Expected %s", orders[i].form);
			return -1;
		}
		*in = read;
		return 0;
	}
	list_orders(why);
	return -1;
}

int
ui_order_parse(struct ui_input *in, const char *line, size_t len, char why[UI_WHY])
{
	cJSON *object;
	int rc;

	if (len > UI_LINE || json_parse(&object, line, len) != JSON_OK) {
		snprintf(why, UI_WHY, "Expected one line with one JSON object of at most %d bytes.",
			 UI_LINE);
		return -1;
	}
	rc = read_order(in, object, why);
	cJSON_Delete(object);
	return rc;
}

/*
 * What the wearer's side types: as one line of a headless ui, and as batches of keys. A stop must
 * come through whatever surrounds it, and nothing else with it.
 */
#include <string.h>

#include "agent/guard/settings.h"
#include "agent/ui/keys.h"
#include "agent/ui/order.h"
#include "tests/fuzz/fuzz.h"

static void
one_order(const char *line, size_t len)
{
	struct ui_input in = {UI_ACTION_COUNT, 9, 9};
	char why[UI_WHY];

	if (ui_order_parse(&in, line, len, why) == 0) {
		MUST(len <= UI_LINE && in.action < UI_ACTION_COUNT && in.power <= 1);
	} else {
		MUST(in.action == UI_ACTION_COUNT && memchr(why, '\0', sizeof(why)) != NULL);
	}
}

/* Whatever is sent is an action, and a setting only with a value that the guard takes. */
static void
check_input(const struct ui_input *in)
{
	struct settings settings;
	char text[120];

	MUST(in->action < UI_ACTION_COUNT && in->power <= 1);
	settings_default(&settings);
	if (in->action >= UI_CAP_A && in->action != UI_SAVE) {
		MUST(settings_apply(&settings, in, text, sizeof(text)) == 0);
	}
}

static void
one_batch(struct ui_keys *k, struct ui_view *v, const char *keys, size_t n)
{
	bool was_asking = ui_keys_is_asking(k);
	struct ui_wish w;

	ui_keys_read(k, v, keys, n, &w);
	MUST(w.count >= 1 && w.count <= n);
	for (size_t i = 0; i < w.count; i++) {
		check_input(&w.input[i]);
		MUST(w.input[i].action != UI_QUIT || was_asking);
		MUST(w.input[i].action != UI_RESUME || was_asking);
	}
	if (memchr(keys, ' ', n) != NULL || memchr(keys, '\0', n) != NULL) {
		MUST(w.count == 1 && w.input[0].action == UI_STOP);
	}
	MUST(k->notice == NULL || strlen(k->notice) < UI_QUESTION);
	MUST(!ui_keys_is_asking(k) || k->notice != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ui_areas areas = {.area = {{0, 0, 9, 9, 'r'}, {0, 9, 9, 9, '\r'}}, .count = 2};
	struct ui_keys keys = {.areas = &areas};
	struct ui_view view = {.phase = size % 2 == 0 ? GUARD_ASKING : GUARD_LIVE,
			       .latched = size % 3 == 0,
			       .rise_ms = 100,
			       .hold_s = 5,
			       .modes_present = 0x155,
			       .link_text = "x"};

	one_order((const char *)data, size);
	for (size_t i = 0; i < size; i += UI_BATCH) {
		size_t n = size - i < UI_BATCH ? size - i : UI_BATCH;

		one_batch(&keys, &view, (const char *)data + i, n);
	}
	return 0;
}

/*
 * What the wearer's side types: as one line of a headless ui, and as batches of keys. A stop must
 * come through whatever surrounds it, and nothing else with it.
 */
#include <string.h>

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

static void
one_batch(struct ui_keys *k, struct ui_view *v, const char *keys, size_t n)
{
	struct ui_wish w;

	ui_keys_read(k, v, keys, n, &w);
	MUST(w.count <= n);
	for (size_t i = 0; i < w.count; i++) {
		bool cap = w.input[i].action == UI_CAP_A || w.input[i].action == UI_CAP_B;

		MUST(w.input[i].action < UI_ACTION_COUNT);
		MUST(w.input[i].value <= (cap ? 100u : 1u));
	}
	if (memchr(keys, ' ', n) != NULL) {
		MUST(w.count == 1 && w.input[0].action == UI_STOP);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ui_keys keys = {0};
	struct ui_view view = {.phase = GUARD_ASKING, .link_text = "x"};

	one_order((const char *)data, size);
	for (size_t i = 0; i < size; i += UI_BATCH) {
		size_t n = size - i < UI_BATCH ? size - i : UI_BATCH;

		one_batch(&keys, &view, (const char *)data + i, n);
	}
	return 0;
}

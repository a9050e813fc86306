/*
 * Keys, mouse and paste from a terminal's bytes, whatever they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/ui/canvas.h"
#include "agent/ui/decode.h"
#include "agent/ui/keys.h"

/* The only key in the bytes; -1 when there are more. */
static int
only_key(struct ui_decoder *d, const char *bytes)
{
	int only = UI_KEY_NONE;

	for (const char *c = bytes; *c != '\0'; c++) {
		int key = ui_decode(d, *c);

		if (key != UI_KEY_NONE) {
			only = only == UI_KEY_NONE ? key : -1;
		}
	}
	return only;
}

static void
sequences_are_one_key_or_none(void **state)
{
	static const struct {
		const char *bytes;
		int key;
	} rows[] = {
		{"x", 'x'},
		{"\033[A", UI_KEY_UP},
		{"\033[B", UI_KEY_DOWN},
		{"\033[C", UI_KEY_RIGHT},
		{"\033[D", UI_KEY_LEFT},
		{"\033OA", UI_KEY_UP},
		{"\033[1;5A", UI_KEY_UP},
		{"\033[15~", UI_KEY_NONE},
		{"\033Oq", UI_KEY_NONE},
		{"\033[?62;c", UI_KEY_NONE},
		{"\033q", UI_KEY_NONE}, /* Alt+q */
		{"\033[I", UI_KEY_NONE},
		{"\033[<0;12;3M", UI_KEY_CLICK},
		{"\033[<0;12;3m", UI_KEY_NONE}, /* let go */
		{"\033[<4;12;3M", UI_KEY_CLICK},
		{"\033[<2;12;3M", UI_KEY_NONE},
		{"\033[<35;12;3M", UI_KEY_NONE}, /* moved */
		{"\033[<64;12;3M", UI_KEY_WHEEL_UP},
		{"\033[<65;12;3M", UI_KEY_WHEEL_DOWN},
		{"\033[<66;12;3M", UI_KEY_NONE},
		{"\033[<0;0;3M", UI_KEY_NONE},
		{"\033[<0;12M", UI_KEY_NONE},
		{"\033[<0;12;3;4M", UI_KEY_NONE},
		{"\033[<M", UI_KEY_NONE},
		{"\033[M#yqx", 'x'}, /* the old form: three bytes of any kind follow */
		{"\033[200~yqr\r\033[A\033[201~", UI_KEY_NONE},
		{"\033[200~y\033[201~x", 'x'},
		{"\303\251", UI_KEY_NONE},
		{"\033[32u", ' '},
		{"\033[32;2u", ' '},
		{"\033[32:32;5:1u", ' '},
		{"\033[27;2;32~", ' '},
		{"\033[200~\033[32;2u\033[201~", ' '},
		{"\033[321u", UI_KEY_NONE},
		{"\033[3;32u", UI_KEY_NONE},
		{"\033[32~", UI_KEY_NONE},
		{"\033[27;32;2~", UI_KEY_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ui_decoder d = {0};

		assert_int_equal(only_key(&d, rows[i].bytes), rows[i].key);
		assert_int_equal(ui_decode_end(&d), UI_KEY_NONE);
	}
}

static void
a_click_says_where(void **state)
{
	struct ui_decoder d = {0};

	(void)state;
	assert_int_equal(only_key(&d, "\033[<0;80;24M"), UI_KEY_CLICK);
	assert_int_equal(d.x, 79);
	assert_int_equal(d.y, 23);
	assert_int_equal(only_key(&d, "\033[<0;99999999999;1M"), UI_KEY_CLICK);
	assert_true(d.x < 10000);
}

static void
an_escape_that_nothing_follows_is_a_key_and_takes_nothing_from_the_next(void **state)
{
	struct ui_decoder d = {0};

	(void)state;
	assert_int_equal(only_key(&d, "\033"), UI_KEY_NONE);
	assert_int_equal(ui_decode_end(&d), UI_KEY_ESC);
	assert_int_equal(only_key(&d, "d"), 'd');
	(void)only_key(&d, "\033");
	(void)ui_decode_end(&d);
	assert_int_equal(only_key(&d, "[A"), UI_KEY_UP); /* a slow line */
}

static void
no_bytes_leave_the_keys_dead(void **state)
{
	static const char alphabet[] = "\033[O<;0129~MmAy\r\b\303";

	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		struct ui_keys keys = {0};
		struct ui_view view = {.latched = true};
		struct ui_wish wish;
		char bytes[UI_BATCH];
		size_t n = 1 + (size_t)rand() % UI_BATCH;

		for (size_t k = 0; k < n; k++) {
			bytes[k] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		}
		ui_keys_read(&keys, &view, bytes, n, &wish);
		for (size_t k = 0; k < wish.count; k++) {
			unsigned action = wish.input[k].action; /* m locks, any key checks in */

			assert_true(action == UI_CHECKIN || action == UI_LOCK_MODE);
		}
		ui_keys_read(&keys, &view, " ", 1, &wish);
		assert_int_equal(wish.input[0].action, UI_STOP);
		ui_keys_read(&keys, &view, "d", 1, &wish);
		assert_int_equal(wish.input[0].action, UI_DISCONNECT);
	}
}

static void
the_first_area_at_a_place_counts(void **state)
{
	static struct ui_canvas c;

	(void)state;
	ui_canvas_init(&c, 24, 80);
	ui_canvas_area(&c, (struct ui_area){22, 0, 2, 10, ' '});
	ui_canvas_area(&c, (struct ui_area){23, 9, 1, 4, 'd'});
	assert_int_equal(ui_areas_find(&c.areas, 22, 0), ' ');
	assert_int_equal(ui_areas_find(&c.areas, 23, 9), ' ');
	assert_int_equal(ui_areas_find(&c.areas, 23, 10), 'd');
	assert_int_equal(ui_areas_find(&c.areas, 23, 12), 'd');
	assert_int_equal(ui_areas_find(&c.areas, 23, 13), 0);
	assert_int_equal(ui_areas_find(&c.areas, 21, 0), 0);
	for (int i = 0; i < 2 * UI_AREAS; i++) {
		ui_canvas_area(&c, (struct ui_area){0, 0, 1, 1, 'x'});
	}
	assert_int_equal(c.areas.count, UI_AREAS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_are_one_key_or_none),
		cmocka_unit_test(a_click_says_where),
		cmocka_unit_test(
			an_escape_that_nothing_follows_is_a_key_and_takes_nothing_from_the_next),
		cmocka_unit_test(no_bytes_leave_the_keys_dead),
		cmocka_unit_test(the_first_area_at_a_place_counts),
	};

	return cmocka_run_group_tests_name("ui_decode", tests, NULL, NULL);
}

/*
 * The wearer's screen at every size, without a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ui/panel.h"
#include "agent/ui/picture.h"
#include "agent/ui/view.h"

/* As long as most are: page, key and session secret. */
static const char link_given[] =
	"https://tether.example.org/"
	"#SIq-KZOPyjSEOca0xddN3msDjcqdngOk_CGVhcQ1iWPDWIQt.S-RXTBO1_5q_H_WdBSB_wg";

struct world {
	struct ui_canvas canvas;
	struct ui_peer peer;
	struct ui_keys keys;
	char text[UI_ROWS * (UI_COLS + 1) + 1];	 /* lines without the blanks at their ends */
	char words[UI_ROWS * (UI_COLS + 1) + 1]; /* all of it with single spaces */
};

static struct world w;

static struct ui_view *
begin(unsigned phase)
{
	w.keys = (struct ui_keys){.areas = &w.canvas.areas};
	w.peer = (struct ui_peer){.seen = true};
	w.peer.view = (struct ui_view){.phase = (uint8_t)phase,
				       .why = WHY_WEARER,
				       .port = PORT_OK,
				       .link = LINK_CONNECTED,
				       .zero = phase != GUARD_LIVE,
				       .latched = phase == GUARD_STOPPED,
				       .cap = {{60, 45}, {10, 5}},
				       .mode = MODE_WAVE,
				       .percent = 52,
				       .param = {50, 70},
				       .modes_allowed = 0x7fff,
				       .modes_present = 0x1ffff,
				       .left = 14000,
				       .idle_left = 540,
				       .checkin_left = 1700,
				       .live_s = phase == GUARD_LIVE ? 700 : UI_NEVER,
				       .rtt_ms = 42,
				       .hold_s = 5,
				       .rise_ms = 100,
				       .version = "2.119B"};
	strcpy(w.peer.view.link_text, link_given);
	if (phase == GUARD_LIVE || phase == GUARD_ASKING) {
		strcpy(w.peer.view.words, "banana river walrus");
	}
	return &w.peer.view;
}

static void
copy_text(void)
{
	char *out = w.text, *word = w.words;

	for (int y = 0; y < w.canvas.rows; y++) {
		int end = w.canvas.cols;

		while (end > 0 && w.canvas.cell[y][end - 1] == ' ') {
			end--;
		}
		for (int x = 0; x < end; x++) {
			*out++ = (char)(w.canvas.style[y][x] == STYLE_QR ? ' '
									 : w.canvas.cell[y][x]);
		}
		*out++ = '\n';
		*out = '\0';
	}
	for (const char *c = w.text; *c != '\0'; c++) {
		bool blank = *c == ' ' || *c == '\n';

		if (!blank || (word > w.words && word[-1] != ' ')) {
			*word++ = blank ? ' ' : *c;
		}
	}
	*word = '\0';
}

static void
draw(int rows, int cols)
{
	ui_picture(&w.canvas, &w.peer, &w.keys, rows, cols, true);
	copy_text();
}

static void
press(const char *keys)
{
	struct ui_wish wish;

	ui_keys_read(&w.keys, &w.peer.view, keys, strlen(keys), &wish);
	draw(w.canvas.rows, w.canvas.cols);
}

static void
shows(const char *text)
{
	if (strstr(w.words, text) == NULL) {
		fail_msg("'%s' is not on this screen:\n%s", text, w.text);
	}
}

static void
hides(const char *text)
{
	if (strstr(w.words, text) != NULL) {
		fail_msg("'%s' is on this screen:\n%s", text, w.text);
	}
}

static void
a_small_terminal_shows_everything_while_a_partner_has_control(void **state)
{
	struct ui_view *v = begin(GUARD_LIVE);

	(void)state;
	v->level[0] = 15;
	v->target[0] = 30;
	v->join = true;
	v->unsaved = true;
	draw(24, 80);
	shows("Your partner has control.");
	shows("Control partner, 11 min");
	shows("Words banana river walrus");
	shows("15 % asked 30 % cap 60 %");
	shows("0 % cap 45 %");
	shows("Mode Wave, unlocked");
	shows("C speed 50 %");
	shows("D feel 70 %");
	shows("Power low, unlocked");
	shows("Box 2.119B, battery 52 %");
	shows("A, B joined on the box");
	shows("Check-in 28 min");
	shows("Idle stop 9 min");
	shows("Time left 3 h 53 min");
	shows("Delay 42 ms");
	shows("settings not saved");
	shows("SPACE = STOP");
	hides("#SIq"); /* the secret is not left to be read over a shoulder */
	v->power = 1;
	v->mode = MODE_OTHER;
	draw(24, 80);
	shows("cap 10 %");
	shows("Mode Set on the box");
}

static void
the_link_is_whole_and_at_the_left_edge(void **state)
{
	static const int sizes[][2] = {{24, 80}, {40, 100}, {24, 60}, {30, 40}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t cols = (size_t)sizes[i][1];
		const char *at;

		(void)begin(GUARD_WAITING);
		draw(sizes[i][0], sizes[i][1]);
		at = strstr(w.text, "\nhttps://");
		assert_non_null(at);
		at++;
		for (size_t from = 0; from < strlen(link_given); from += cols) {
			size_t len =
				strlen(link_given + from) < cols ? strlen(link_given + from) : cols;

			assert_memory_equal(at, link_given + from, len);
			at += len + 1;
		}
	}
}

/* The way to stop, the state and both questions, whatever is open. */
static void
the_sentence_and_the_way_to_stop_are_on_every_screen(void **state)
{
	static const char *const open[] = {"", "?", "s", "l", "q", "A", "sj5", "sA"};
	static const int sizes[][2] = {{24, 80}, {40, 100}, {12, 40}, {120, 240}, {20, 60}};

	(void)state;
	for (unsigned phase = 0; phase <= GUARD_ENDED; phase++) {
		for (size_t i = 0; i < 8 * 5; i++) {
			(void)begin(phase);
			draw(sizes[i / 8][0], sizes[i / 8][1]);
			press(open[i % 8]);
			shows("SPACE = STOP");
			shows(ui_sentence(&w.peer.view));
			assert_true(!ui_keys_is_asking(&w.keys) || strstr(w.words, w.keys.notice));
			shows(phase == GUARD_LIVE ? "banana river walrus" : "SPACE");
			shows(phase == GUARD_ASKING ? "banana river walrus" : "SPACE");
		}
	}
}

static void
the_tiniest_screen_still_shows_the_question_and_how_to_stop(void **state)
{
	(void)state;
	(void)begin(GUARD_ASKING);
	draw(5, 20);
	shows("Somebody asks for control. banana river walrus");
	shows("SPACE=STOP n refuse");
	draw(7, 30);
	shows("SPACE = STOP n refuse");
	(void)begin(GUARD_LIVE);
	draw(5, 20);
	shows("Your partner has control.");
	shows("SPACE=STOP");
	for (int rows = 0; rows < 8; rows++) {
		for (int cols = 0; cols < 30; cols++) {
			(void)begin(GUARD_ASKING);
			draw(rows, cols); /* nothing is written outside: the sanitizers watch */
			press("s");
			press("?");
			press("A");
			if (cols >= 10) {
				shows("SPACE=STOP");
			}
		}
	}
}

static void
check_words_stand_alone_in_their_tiles(void **state)
{
	int y = 0;

	(void)state;
	(void)begin(GUARD_ASKING);
	draw(24, 80);
	while (y < 24 && w.canvas.style[y][0] != STYLE_MARK) {
		y++;
	}
	assert_true(y < 22);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(w.canvas.style[y + i][0], STYLE_MARK); /* three lines high */
	}
	assert_null(memchr(w.canvas.cell[y], 'b', 80));
	assert_non_null(memchr(w.canvas.cell[y + 1], 'b', 25));
	assert_null(memchr(w.canvas.cell[y + 2], 'b', 80));
}

static void
levels_that_are_not_known_are_not_shown(void **state)
{
	struct ui_view *v = begin(GUARD_FAULT);

	(void)state;
	v->port = PORT_SILENT;
	v->zero = false;
	v->level[0] = v->target[0] = 33;
	draw(24, 80);
	shows("not known cap 60 %");
	hides("33 %");
	hides("##");
	draw(12, 40);
	hides("33 %");
}

static void
a_timer_about_to_end_stands_out(void **state)
{
	struct ui_view *v = begin(GUARD_LIVE);

	(void)state;
	v->checkin_left = 42;
	draw(24, 80);
	shows("Check-in 42 s");
	shows("Press any key within 42 s");
	v->idle_min = v->checkin_min = 0;
	v->idle_left = v->checkin_left = UI_NEVER;
	draw(24, 80);
	shows("Check-in off");
	shows("Idle stop off");
}

static void
log_lines_are_wrapped_under_their_text_and_the_newest_stay(void **state)
{
	(void)state;
	(void)begin(GUARD_LIVE);
	setenv("TZ", "UTC", 1);
	for (uint32_t i = 0; i < UI_LOG + 3; i++) {
		struct ui_event *e = &w.peer.log[w.peer.log_count++ % UI_LOG];

		e->unix_time = 1700000000 + i;
		snprintf(e->text, sizeof(e->text),
			 "Event %u with so many words that they can't all stand in one line of a "
			 "screen like this.",
			 i);
	}
	draw(24, 80);
	shows("22:13:54 Event 34 with");
	hides("Event 10 ");
	assert_non_null(strstr(w.text, "\n          screen like this.\n"));
}

static void
text_of_others_can_not_steer_the_terminal(void **state)
{
	struct ui_view *v = begin(GUARD_LIVE);

	(void)state;
	strcpy(v->words, "a\033[2Jb \x9b"
			 "c\nd e");
	strcpy(v->version, "\033c");
	strcpy(w.peer.log[0].text, "\033]0;x\a");
	w.peer.log_count = 1;
	draw(24, 80);
	for (int y = 0; y < 24; y++) {
		for (int x = 0; x < 80; x++) {
			assert_in_range(w.canvas.cell[y][x], ' ', '~');
		}
	}
}

static void
clicks_press_what_is_drawn_there(void **state)
{
	struct ui_wish wish;
	const char *line;
	char click[32];
	int x;

	(void)state;
	(void)begin(GUARD_LIVE);
	draw(24, 80);
	line = w.canvas.cell[23];
	assert_int_equal(ui_areas_find(&w.canvas.areas, 23, 3), ' ');
	assert_int_equal(ui_areas_find(&w.canvas.areas, 22, 3), ' ');
	x = (int)((const char *)memmem(line, 80, "disconnect", 10) - line);
	snprintf(click, sizeof(click), "\033[<0;%d;24M", x + 1);
	ui_keys_read(&w.keys, &w.peer.view, click, strlen(click), &wish);
	assert_int_equal(wish.input[0].action, UI_DISCONNECT);
	ui_keys_read(&w.keys, &w.peer.view, "A\033[<0;3;24M", 12, &wish);
	assert_int_equal(wish.count, 1);
	assert_int_equal(wish.input[0].action, UI_STOP);
	assert_false(ui_keys_is_asking(&w.keys));
	ui_keys_read(&w.keys, &w.peer.view, "\033[<64;3;24M\033[<0;70;10M", 22, &wish);
	assert_int_equal(wish.input[0].action, UI_CHECKIN);
}

/* Whoever clicks twice has not read the question that the first click brought. */
static void
a_double_click_on_resume_is_no_yes(void **state)
{
	static const int sizes[][2] = {{24, 80}, {12, 40}, {5, 20}};
	struct ui_wish wish;
	char click[32];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int rows = sizes[i][0], cols = sizes[i][1];

		for (int x = 0; x < cols; x++) {
			(void)begin(GUARD_STOPPED);
			draw(rows, cols);
			if (ui_areas_find(&w.canvas.areas, rows - 1, x) != 'r') {
				continue;
			}
			snprintf(click, sizeof(click), "\033[<0;%d;%dM", x + 1, rows);
			press(click);
			assert_true(w.keys.asking_resume);
			ui_keys_read(&w.keys, &w.peer.view, click, strlen(click), &wish);
			assert_int_equal(wish.count, 1);
			assert_int_equal(wish.input[0].action, UI_CHECKIN);
		}
	}
}

static void
the_panel_has_every_setting_and_only_the_modes_of_the_box(void **state)
{
	char label[UI_LABEL];

	(void)state;
	begin(GUARD_LIVE)->modes_present = 0xff;
	draw(24, 80);
	press("s");
	for (unsigned row = 0; row < ROW_MODE; row++) {
		ui_row_label(row, label);
		shows(label);
	}
	shows("[x] Waterfall");
	hides("Squeeze");
	hides("12:");
	for (size_t i = 0; i < w.canvas.areas.count; i++) {
		const struct ui_area *a = &w.canvas.areas.area[i];

		assert_true(a->key < UI_KEY_ROW || a->y < 22);
	}
	draw(12, 40);
	for (unsigned i = 0; i < ROW_COUNT; i++) { /* the chosen one is always in sight */
		ui_row_label(w.keys.row, label);
		shows(label);
		press("j");
	}
}

static void
all_of_the_help_can_be_turned_to(void **state)
{
	static const int sizes[][2] = {{24, 80}, {40, 100}, {12, 40}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bool first = false, last = false;
		int pages = 0;

		(void)begin(GUARD_WAITING);
		draw(sizes[i][0], sizes[i][1]);
		for (press("?"); w.keys.help != 0 && pages < 30; press("?")) {
			first = first || strstr(w.words, "both channels to zero, at once") != NULL;
			last = last || strstr(w.words, "its plug always work.") != NULL;
			pages++;
		}
		assert_true(first && last && pages < 30);
	}
}

/* Where the code begins, the squares that are drawn are those of the code, with light all round. */
static void
check_code(int rows, int cols, int quiet)
{
	QRcode *code = QRcode_encodeString8bit(link_given, 0, QR_ECLEVEL_L);
	int size = code->width + 2 * quiet;

	draw(rows, cols);
	for (int y = 0; y < size; y++) {
		for (int x = 0; x < size; x++) {
			int cx = x - quiet, cy = y - quiet;
			char cell = w.canvas.cell[y / 2][x];
			bool inside = cx >= 0 && cy >= 0 && cx < code->width && cy < code->width;
			bool dark = inside && (code->data[cy * code->width + cx] & 1) != 0;

			assert_int_equal(w.canvas.style[y / 2][x], STYLE_QR);
			assert_int_equal(cell != ' ' && (cell & (y % 2 == 0 ? GLYPH_UPPER
									    : GLYPH_LOWER)) != 0,
					 dark);
		}
	}
	QRcode_free(code);
}

static void
the_code_is_the_links_and_the_state_stands_beside_it(void **state)
{
	(void)state;
	(void)begin(GUARD_LIVE);
	draw(24, 80);
	press("s?l"); /* also from the panel and the help */
	check_code(24, 80, 4);
	shows("Your partner has control.");
	shows("banana river walrus");
	shows("SPACE = STOP");
	check_code(40, 100, 4);
	check_code(23, 80, 3);
	press("\033");
	assert_int_not_equal(w.canvas.style[3][5], STYLE_QR);
}

/* The box's process is a new one: that is no alarm, and what it was at before is old. */
static void
beside_the_code_no_level_is_shown_that_is_not_known(void **state)
{
	struct ui_view *v = begin(GUARD_FAULT);

	(void)state;
	v->port = PORT_STARTING;
	v->level[0] = 33;
	draw(24, 80);
	press("l");
	check_code(24, 80, 4);
	shows("A ? % cap 60 %");
	hides("33 %");
}

static void
no_code_where_it_would_hide_more_than_it_shows(void **state)
{
	(void)state;
	(void)begin(GUARD_ASKING);
	draw(24, 80);
	press("l");
	shows("banana river walrus");
	(void)begin(GUARD_WAITING);
	draw(20, 80);
	press("l");
	shows("No room for the QR code");
	memset(begin(GUARD_WAITING)->link_text, 'x', 140);
	draw(24, 80);
	press("l");
	shows("70 columns (more for the link of a long name)");
	begin(GUARD_WAITING)->link_text[0] = '\0';
	press("l");
	shows("There is no link yet.");
	(void)begin(GUARD_WAITING);
	w.keys.qr = true;
	ui_picture(&w.canvas, &w.peer, &w.keys, 24, 80, false);
	copy_text();
	shows("a terminal that speaks UTF-8");
}

static void
before_the_first_view_there_is_something_to_read_and_to_stop_with(void **state)
{
	(void)state;
	(void)begin(GUARD_WAITING);
	w.peer = (struct ui_peer){0};
	draw(24, 80);
	shows("Starting.");
	shows("SPACE = STOP");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_terminal_shows_everything_while_a_partner_has_control),
		cmocka_unit_test(the_link_is_whole_and_at_the_left_edge),
		cmocka_unit_test(the_sentence_and_the_way_to_stop_are_on_every_screen),
		cmocka_unit_test(the_tiniest_screen_still_shows_the_question_and_how_to_stop),
		cmocka_unit_test(check_words_stand_alone_in_their_tiles),
		cmocka_unit_test(levels_that_are_not_known_are_not_shown),
		cmocka_unit_test(a_timer_about_to_end_stands_out),
		cmocka_unit_test(log_lines_are_wrapped_under_their_text_and_the_newest_stay),
		cmocka_unit_test(text_of_others_can_not_steer_the_terminal),
		cmocka_unit_test(clicks_press_what_is_drawn_there),
		cmocka_unit_test(a_double_click_on_resume_is_no_yes),
		cmocka_unit_test(the_panel_has_every_setting_and_only_the_modes_of_the_box),
		cmocka_unit_test(all_of_the_help_can_be_turned_to),
		cmocka_unit_test(the_code_is_the_links_and_the_state_stands_beside_it),
		cmocka_unit_test(beside_the_code_no_level_is_shown_that_is_not_known),
		cmocka_unit_test(no_code_where_it_would_hide_more_than_it_shows),
		cmocka_unit_test(before_the_first_view_there_is_something_to_read_and_to_stop_with),
	};

	return cmocka_run_group_tests_name("ui_picture", tests, NULL, NULL);
}

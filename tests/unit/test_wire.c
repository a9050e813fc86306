/* The cursor over a frame's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire.h"

struct sample {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	bool flag;
	uint8_t bytes[3];
	char text[6];
};
#define SAMPLE_LEN (1 + 2 + 4 + 8 + 1 + 3 + 6)

static void
sample_fields(struct wire *w, struct sample *s)
{
	wire_u8(w, &s->u8);
	wire_u16(w, &s->u16);
	wire_u32(w, &s->u32);
	wire_u64(w, &s->u64);
	wire_bool(w, &s->flag);
	wire_bytes(w, s->bytes, sizeof(s->bytes));
	wire_text(w, s->text, sizeof(s->text));
}

static const struct sample sample = {.u8 = 0x01,
				     .u16 = 0x0203,
				     .u32 = 0x04050607,
				     .u64 = 0x08090a0b0c0d0e0f,
				     .flag = true,
				     .bytes = {0x10, 0x11, 0x12},
				     .text = "hello"};

static void
integers_are_written_big_endian_in_order(void **state)
{
	static const uint8_t expected[SAMPLE_LEN] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"
						    "\x0c\x0d\x0e\x0f\x01\x10\x11\x12hello";
	uint8_t data[SAMPLE_LEN];
	struct wire w = {.data = data, .len = sizeof(data), .writing = true};
	struct sample s = sample;

	(void)state;
	sample_fields(&w, &s);
	assert_false(w.bad);
	assert_int_equal(w.pos, SAMPLE_LEN);
	assert_memory_equal(data, expected, SAMPLE_LEN);
}

static void
what_was_written_reads_back_and_writing_changes_nothing(void **state)
{
	uint8_t data[SAMPLE_LEN];
	struct wire w = {.data = data, .len = sizeof(data), .writing = true};
	struct sample s = sample, read = {0};

	(void)state;
	sample_fields(&w, &s);
	assert_int_equal(s.u64, sample.u64);
	w = (struct wire){.data = data, .len = sizeof(data)};
	sample_fields(&w, &read);
	assert_false(w.bad);
	assert_int_equal(read.u8, sample.u8);
	assert_int_equal(read.u16, sample.u16);
	assert_int_equal(read.u32, sample.u32);
	assert_int_equal(read.u64, sample.u64);
	assert_true(read.flag);
	assert_memory_equal(read.bytes, sample.bytes, sizeof(read.bytes));
	assert_string_equal(read.text, sample.text);
}

static void
every_length_that_is_too_short_is_bad_in_both_directions(void **state)
{
	(void)state;
	for (int writing = 0; writing <= 1; writing++) {
		for (size_t len = 0; len < SAMPLE_LEN; len++) {
			uint8_t data[SAMPLE_LEN + 1] = {0};
			struct wire w = {.data = data, .len = len, .writing = writing};
			struct sample s = sample;

			data[len] = 0xee;
			sample_fields(&w, &s);
			assert_true(w.bad);
			assert_true(w.pos <= len);
			assert_int_equal(data[len], 0xee);
		}
	}
}

static void
after_the_first_failure_nothing_more_is_read(void **state)
{
	uint8_t data[4] = {1, 2, 3, 4}, small = 0xee;
	struct wire w = {.data = data, .len = sizeof(data)};
	uint64_t big = 7;

	(void)state;
	wire_u64(&w, &big);
	wire_u8(&w, &small);
	assert_true(w.bad);
	assert_int_equal(big, 7);
	assert_int_equal(small, 0xee);
}

static void
a_flag_is_0_or_1(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		uint8_t data = (uint8_t)v;
		struct wire w = {.data = &data, .len = 1};
		bool flag = false;

		wire_bool(&w, &flag);
		assert_int_equal(w.bad, v > 1);
		assert_int_equal(flag, v == 1);
	}
}

static void
a_text_without_its_nul_or_with_bytes_behind_it_is_bad(void **state)
{
	static const struct {
		const char data[6];
		bool bad;
	} rows[] = {{"hello", false},	      {"", false},
		    {{'h', 'e', 'l', 'l', 'o', '!'}, true}, {"he\0lo", true},
		    {"\0\0\0\0x", true},      {"he\0\0\0", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t data[6];
		struct wire w = {.data = data, .len = sizeof(data)};
		char text[6] = "";

		memcpy(data, rows[i].data, sizeof(data));
		wire_text(&w, text, sizeof(text));
		assert_int_equal(w.bad, rows[i].bad);
		assert_string_equal(text, rows[i].bad ? "" : rows[i].data);
	}
}

static void
what_lies_behind_a_text_is_not_sent(void **state)
{
	char text[6] = {'h', 'i', '\0', 'k', 'e', 'y'};
	uint8_t data[6];
	struct wire w = {.data = data, .len = sizeof(data), .writing = true};

	(void)state;
	wire_text(&w, text, sizeof(text));
	assert_false(w.bad);
	assert_memory_equal(data, "hi\0\0\0\0", 6);
}

static void
a_text_that_is_not_ended_is_not_written(void **state)
{
	char text[6] = {'n', 'o', 't', 'e', 'n', 'd'};
	uint8_t data[6];
	struct wire w = {.data = data, .len = sizeof(data), .writing = true};

	(void)state;
	wire_text(&w, text, sizeof(text));
	assert_true(w.bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_big_endian_in_order),
		cmocka_unit_test(what_was_written_reads_back_and_writing_changes_nothing),
		cmocka_unit_test(every_length_that_is_too_short_is_bad_in_both_directions),
		cmocka_unit_test(after_the_first_failure_nothing_more_is_read),
		cmocka_unit_test(a_flag_is_0_or_1),
		cmocka_unit_test(a_text_without_its_nul_or_with_bytes_behind_it_is_bad),
		cmocka_unit_test(what_lies_behind_a_text_is_not_sent),
		cmocka_unit_test(a_text_that_is_not_ended_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

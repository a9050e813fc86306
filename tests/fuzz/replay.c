/*
 * Drives a fuzz target without libFuzzer: every file of a folder as it is, cut at every byte, with
 * bits flipped, and with random changes from a fixed seed, so that each run is the same. Inputs
 * lie in blocks of their exact size, where a sanitizer sees one byte too far.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 8192
#define MAX_FILES 64
#define FLIPS 2048   /* at most, spread over a file */
#define CHANGES 1000 /* random ones per file */

struct input {
	uint8_t *bytes;
	size_t len;
};

static uint64_t seed = 0x7465746865720001;
static unsigned long runs;

static size_t
chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return below == 0 ? 0 : (size_t)(seed % below);
}

static void
run(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len == 0 ? 1 : len);

	MUST(exact != NULL);
	memcpy(exact, bytes, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	runs++;
}

static void
run_cuts(const struct input *in)
{
	for (size_t len = 0; len <= in->len; len++) {
		run(in->bytes, len);
	}
}

static void
run_flips(const struct input *in)
{
	size_t bits = in->len * 8;
	size_t step = bits / FLIPS + 1;

	for (size_t bit = 0; bit < bits; bit += step) {
		in->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		run(in->bytes, in->len);
		in->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

/* One random change: a byte set, a piece removed, or a piece of another input put in. */
static size_t
change(uint8_t *work, size_t len, const struct input *other)
{
	size_t at = chance(len + 1), n = chance(16) + 1, from;

	switch (chance(3)) {
	case 0:
		if (at < len) {
			work[at] = (uint8_t)chance(256);
		}
		return len;
	case 1:
		n = n > len - at ? len - at : n;
		memmove(work + at, work + at + n, len - at - n);
		return len - n;
	default:
		from = chance(other->len);
		n = n > other->len - from ? other->len - from : n;
		if (len + n > INPUT_MAX) {
			return len;
		}
		memmove(work + at + n, work + at, len - at);
		memcpy(work + at, other->bytes + from, n);
		return len + n;
	}
}

static void
run_changes(const struct input *in, const struct input *all, size_t count)
{
	static uint8_t work[INPUT_MAX];

	for (int i = 0; i < CHANGES; i++) {
		size_t len = in->len;

		memcpy(work, in->bytes, len);
		for (size_t n = chance(4) + 1; n > 0; n--) {
			len = change(work, len, &all[chance(count)]);
		}
		run(work, len);
	}
}

static struct input
read_input(const char *folder, const char *name)
{
	struct input in = {malloc(INPUT_MAX), 0};
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	MUST(f != NULL && in.bytes != NULL);
	in.len = fread(in.bytes, 1, INPUT_MAX, f);
	(void)fclose(f);
	return in;
}

/* In the order of their names, so that a run is the same on every file system. */
static size_t
read_folder(struct input all[MAX_FILES], const char *folder)
{
	struct dirent **names;
	int found = scandir(folder, &names, NULL, alphasort);
	size_t count = 0;

	for (int i = 0; i < found; i++) {
		if (names[i]->d_name[0] != '.' && count < MAX_FILES) {
			all[count++] = read_input(folder, names[i]->d_name);
		}
		free(names[i]);
	}
	if (found >= 0) {
		free(names);
	}
	return count;
}

int
main(int argc, char *argv[])
{
	static struct input all[MAX_FILES];
	size_t count = argc == 2 ? read_folder(all, argv[1]) : 0;

	if (count == 0) {
		(void)fprintf(stderr, "usage: %s FOLDER (with at least one input)\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		run_cuts(&all[i]);
		run_flips(&all[i]);
		run_changes(&all[i], all, count);
	}
	for (size_t i = 0; i < count; i++) {
		free(all[i].bytes);
	}
	(void)printf("%zu inputs, %lu runs\n", count, runs);
	return 0;
}

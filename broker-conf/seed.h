/*
 * A keyed hash for tables whose keys a stranger may choose: without the seed, which is drawn at
 * start, nobody can make keys that fall into one bucket. Pure.
 */
#ifndef TETHER_SEED_H
#define TETHER_SEED_H

#include <stddef.h>
#include <stdint.h>

#define SEED_WORDS 8 /* keys of up to 32 bytes */

struct seed {
	uint64_t word[SEED_WORDS + 1];
};

/* Draws a seed from the system's generator. 0, or -1 when it has none to give. */
int seed_init(struct seed *s);

/* Multilinear hash (Lemire and Kaser, "Strongly universal string hashing is fast", 2014) of `len`
 * bytes: a multiple of 4, at most 32. The upper bits are the good ones, so they are returned. */
uint32_t seed_hash(const struct seed *s, const void *key, size_t len);

#endif

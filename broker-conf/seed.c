/*
 * Keyed hash (seed.h). Runs in the broker; keys come from strangers.
 */
#include "broker-conf/seed.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int
seed_init(struct seed *s)
{
	ssize_t n;

	do {
		n = getrandom(s, sizeof(*s), 0);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*s) ? 0 : -1;
}

uint32_t
seed_hash(const struct seed *s, const void *key, size_t len)
{
	uint64_t sum = s->word[0];
	const uint8_t *bytes = key;

	for (size_t i = 0; i < len / 4 && i < SEED_WORDS; i++) {
		uint32_t word;

		memcpy(&word, bytes + i * 4, sizeof(word));
		sum += s->word[i + 1] * word;
	}
	return (uint32_t)(sum >> 32);
}

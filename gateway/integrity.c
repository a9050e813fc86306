/* See integrity.h. Gateway process. The HTML is the operator's, and the tags are not parsed: a page
 * of ours names files of its own folder only as ="/NAME". */
#include "gateway/integrity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#define HASH_BYTES 48

static const char open_tag[] = "=\"/", before[] = " integrity=\"", after[] = "\"";

#define LEN(text) (sizeof(text) - 1)
#define ATTRIBUTE (LEN(before) + INTEGRITY_TEXT + LEN(after))

int
integrity_write(char out[INTEGRITY_TEXT + 1], const void *data, size_t len)
{
	unsigned char hash[HASH_BYTES];

	if (EVP_Q_digest(NULL, "SHA384", NULL, data, len, hash, NULL) != 1) {
		return -1;
	}
	memcpy(out, "sha384-", 7);
	EVP_EncodeBlock((unsigned char *)out + 7, hash, HASH_BYTES);
	return 0;
}

static bool
ends_with(const char *name, size_t len, const char *ending)
{
	size_t n = strlen(ending);

	return len > n && memcmp(name + len - n, ending, n) == 0;
}

/* Writes the attribute for `name`; the bytes written: 0 where there is nothing to vouch for. */
static size_t
attribute_write(unsigned char *out, const char *name, size_t name_len, integrity_lookup *lookup)
{
	char text[INTEGRITY_TEXT + 1];
	size_t len;
	const void *data;

	if (!ends_with(name, name_len, ".js") && !ends_with(name, name_len, ".css")) {
		return 0;
	}
	data = lookup(name, name_len, &len);
	if (!data || integrity_write(text, data, len)) {
		return 0;
	}
	memcpy(out, before, LEN(before));
	memcpy(out + LEN(before), text, INTEGRITY_TEXT);
	memcpy(out + LEN(before) + INTEGRITY_TEXT, after, LEN(after));
	return ATTRIBUTE;
}

/* The end of the next ="/ at or after `at`, or NULL. */
static const unsigned char *
next_name(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *found = memmem(at, (size_t)(end - at), open_tag, LEN(open_tag));

	return found ? found + LEN(open_tag) : NULL;
}

static size_t
count_names(const unsigned char *at, const unsigned char *end)
{
	size_t n = 0;

	while ((at = next_name(at, end)) != NULL) {
		n++;
	}
	return n;
}

unsigned char *
integrity_fill(size_t *out_len, const unsigned char *html, size_t len, integrity_lookup *lookup)
{
	const unsigned char *at = html, *end = html + len, *name;
	unsigned char *out = malloc(len + count_names(html, end) * ATTRIBUTE + 1), *to = out;

	if (!out) {
		return NULL;
	}
	while ((name = next_name(at, end)) != NULL) {
		const unsigned char *quote = memchr(name, '"', (size_t)(end - name));

		if (!quote) {
			break;
		}
		memcpy(to, at, (size_t)(quote + 1 - at));
		to += quote + 1 - at;
		to += attribute_write(to, (const char *)name, (size_t)(quote - name), lookup);
		at = quote + 1;
	}
	memcpy(to, at, (size_t)(end - at));
	*out_len = (size_t)(to - out) + (size_t)(end - at);
	return out;
}

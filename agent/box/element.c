/*
 * The box link's element of a session id (element.h). Box process; the bytes are not trusted and
 * are only hashed.
 */
#include "agent/box/element.h"

#include <stdlib.h>

#include <openssl/evp.h>

struct element {
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	uint32_t since; /* replies when this element began */
	bool broken;	/* the hash failed: give none rather than a weak one */
};

static void
begin(struct element *e, uint32_t replies)
{
	e->since = replies;
	e->broken = EVP_DigestInit_ex(e->hash, e->sha256, NULL) != 1;
}

struct element *
element_create(void)
{
	struct element *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		return NULL;
	}
	e->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	e->hash = EVP_MD_CTX_new();
	if (e->sha256 == NULL || e->hash == NULL) {
		element_destroy(e);
		return NULL;
	}
	begin(e, 0);
	return e;
}

void
element_destroy(struct element *e)
{
	if (e != NULL) {
		EVP_MD_CTX_free(e->hash);
		EVP_MD_free(e->sha256);
		free(e);
	}
}

void
element_add(struct element *e, const char *bytes, size_t n, uint64_t ns)
{
	if (!e->broken) {
		e->broken = EVP_DigestUpdate(e->hash, bytes, n) != 1 ||
			    EVP_DigestUpdate(e->hash, &ns, sizeof(ns)) != 1;
	}
}

bool
element_take(struct element *e, uint32_t replies, struct box_element *out)
{
	unsigned len = 0;
	bool good;

	if (replies - e->since < ELEMENT_POLLS) {
		return false;
	}
	good = !e->broken && EVP_DigestFinal_ex(e->hash, out->bytes, &len) == 1 &&
	       len == sizeof(out->bytes);
	out->polls = replies - e->since;
	begin(e, replies);
	return good;
}

/*
 * Session ids, keys and links. Parsing runs in the gateway's and the key service's network half on
 * hostile text; signing and checking in the signer; links in the guard.
 */
#include "common/key.h"

#include <stdio.h>
#include <string.h>

#include "common/derive.h"
#include "common/encode.h"
#include "common/secret.h"

#define KEY_DOMAIN "tether key 1"
#define SID_SALT "tether sid 1"
#define LEN_OF(text) (sizeof(text) - 1)

static void
put_u32(uint8_t *out, uint32_t v)
{
	out[0] = (uint8_t)(v >> 24);
	out[1] = (uint8_t)(v >> 16);
	out[2] = (uint8_t)(v >> 8);
	out[3] = (uint8_t)v;
}

void
key_write(char out[KEY_TEXT + 1], const struct key *k)
{
	uint8_t bytes[KEY_BYTES];

	memcpy(bytes, k->sid, SID_LEN);
	put_u32(bytes + SID_LEN, k->expiry);
	memcpy(bytes + SID_LEN + 4, k->mac, sizeof(k->mac));
	b64_encode(out, bytes, sizeof(bytes));
}

int
key_parse(struct key *k, const char *text, size_t len)
{
	uint8_t bytes[KEY_BYTES];
	const uint8_t *expiry = bytes + SID_LEN;

	if (len != KEY_TEXT || b64_decode(bytes, sizeof(bytes), text, len) != 0) {
		return -1;
	}
	memcpy(k->sid, bytes, SID_LEN);
	k->expiry = (uint32_t)expiry[0] << 24 | (uint32_t)expiry[1] << 16 |
		    (uint32_t)expiry[2] << 8 | expiry[3];
	memcpy(k->mac, expiry + 4, sizeof(k->mac));
	return 0;
}

static int
key_mac(uint8_t mac[16], const struct key *k, const uint8_t secret[KEY_SECRET])
{
	uint8_t text[LEN_OF(KEY_DOMAIN) + SID_LEN + 4];

	memcpy(text, KEY_DOMAIN, LEN_OF(KEY_DOMAIN));
	memcpy(text + LEN_OF(KEY_DOMAIN), k->sid, SID_LEN);
	put_u32(text + LEN_OF(KEY_DOMAIN) + SID_LEN, k->expiry);
	return derive_mac(mac, 16, secret, KEY_SECRET, text, sizeof(text));
}

int
key_sign(struct key *k, const uint8_t secret[KEY_SECRET])
{
	return key_mac(k->mac, k, secret);
}

int
key_check(const struct key *k, const uint8_t secret[KEY_SECRET])
{
	uint8_t mac[16];
	int rc = -1;

	if (key_mac(mac, k, secret) == 0 && secret_equal(mac, k->mac, sizeof(mac))) {
		rc = 0;
	}
	secret_wipe(mac, sizeof(mac));
	return rc;
}

int
sid_derive(uint8_t sid[SID_LEN], const uint8_t service[ELEMENT_LEN],
	   const uint8_t agent[ELEMENT_LEN], const uint8_t link[ELEMENT_LEN])
{
	uint8_t all[3 * ELEMENT_LEN];
	int rc;

	memcpy(all, service, ELEMENT_LEN);
	memcpy(all + ELEMENT_LEN, agent, ELEMENT_LEN);
	memcpy(all + 2 * ELEMENT_LEN, link, ELEMENT_LEN);
	rc = derive_key(sid, SID_LEN, all, sizeof(all), SID_SALT, LEN_OF(SID_SALT), "");
	secret_wipe(all, sizeof(all));
	return rc;
}

static const char *
trim(const char *text, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n", text[*len - 1]) != NULL) {
		*len -= 1;
	}
	while (*len > 0 && strchr(" \t\r\n", *text) != NULL) {
		text++;
		*len -= 1;
	}
	return text;
}

int
key_find(struct key *k, const char *text, size_t len)
{
	const char *at = trim(text, &len);
	const char *hash = memchr(at, '#', len);

	if (hash != NULL) {
		len -= (size_t)(hash + 1 - at);
		at = hash + 1;
	}
	if (len != KEY_TEXT && (len < KEY_TEXT + 1 || at[KEY_TEXT] != '.')) {
		return -1;
	}
	return key_parse(k, at, KEY_TEXT);
}

int
link_write(char out[MAX_LINK], const char *page_url, const char key[KEY_TEXT + 1],
	   const uint8_t secret[16])
{
	char text[SECRET_TEXT + 1];
	int len;

	b64_encode(text, secret, 16);
	len = snprintf(out, MAX_LINK, "%s#%s.%s", page_url, key, text);
	secret_wipe(text, sizeof(text));
	if (len < 0 || len >= MAX_LINK) {
		secret_wipe(out, MAX_LINK);
		return -1;
	}
	return 0;
}

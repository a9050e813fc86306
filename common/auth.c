/* End-to-end authenticity. Guard process only; what it checks was parsed by the link. */
#include "common/auth.h"

#include <stdio.h>
#include <string.h>

#include "common/derive.h"
#include "common/secret.h"
#include "common/words.h"

#define KEY_LEN sizeof(((struct auth_keys *)0)->p2g)

int
auth_derive(struct auth_keys *k, const uint8_t secret[SECRET_LEN], const uint8_t sid[SID_LEN])
{
	if (derive_key(k->p2g, KEY_LEN, secret, SECRET_LEN, sid, SID_LEN, "tether p2g") != 0 ||
	    derive_key(k->g2p, KEY_LEN, secret, SECRET_LEN, sid, SID_LEN, "tether g2p") != 0 ||
	    derive_key(k->words, KEY_LEN, secret, SECRET_LEN, sid, SID_LEN, "tether words") != 0) {
		secret_wipe(k, sizeof(*k));
		return -1;
	}
	return 0;
}

int
auth_command_mac(uint8_t mac[AUTH_MAC], const struct auth_keys *k, const struct command *c)
{
	uint8_t text[COMMAND_CANONICAL];

	command_canonical(text, c);
	return derive_mac(mac, AUTH_MAC, k->p2g, KEY_LEN, text, sizeof(text));
}

int
auth_command_check(const struct auth_keys *k, const struct command *c)
{
	uint8_t mac[AUTH_MAC];
	int rc = -1;

	if (auth_command_mac(mac, k, c) == 0 && secret_equal(mac, c->mac, AUTH_MAC)) {
		rc = 0;
	}
	secret_wipe(mac, sizeof(mac));
	return rc;
}

int
auth_state_mac(uint8_t mac[AUTH_MAC], const struct auth_keys *k, const char *json, size_t len)
{
	return derive_mac(mac, AUTH_MAC, k->g2p, KEY_LEN, json, len);
}

int
auth_words(char out[CHECK_WORDS_MAX], const struct auth_keys *k, const uint8_t page[PAGE_ID],
	   const uint8_t nonce[NONCE_LEN])
{
	uint8_t text[PAGE_ID + NONCE_LEN], index[3];
	int len;

	memcpy(text, page, PAGE_ID);
	memcpy(text + PAGE_ID, nonce, NONCE_LEN);
	out[0] = '\0';
	if (derive_mac(index, sizeof(index), k->words, KEY_LEN, text, sizeof(text)) != 0) {
		return -1;
	}
	len = snprintf(out, CHECK_WORDS_MAX, "%s %s %s", check_words[index[0]],
		       check_words[index[1]], check_words[index[2]]);
	return len > 0 && len < CHECK_WORDS_MAX ? 0 : -1;
}

int
auth_mark(uint8_t mark[PAGE_ID], const struct auth_keys *k, const uint8_t page[PAGE_ID])
{
	return derive_mac(mark, PAGE_ID, k->words, KEY_LEN, page, PAGE_ID);
}

/*
 * The gateway's own connection to the broker: asks the key service to redeem keys. Its token is a
 * file that the key service renews; the gateway has no other authority.
 */
#ifndef TETHER_GATEWAY_SERVICE_H
#define TETHER_GATEWAY_SERVICE_H

#include <stdint.h>

#include "gateway/messages.h"
#include "gateway/mqtt.h"

struct page;

/* Begins to connect; keeps trying. Both arguments must stay valid. */
void service_start(struct mqtt_broker *b, const char *token_file);

/* Leaves the broker. */
void service_stop(void);

/* Asks whether `key` opens a session; the page hears PAGE_ANSWER. 0; or -1: not connected, or
 * MAX_REDEEMS are under way. A page asks one question at a time. */
int service_redeem(struct page *page, const char key[KEY_TEXT + 1]);

/* The page does not wait any more. */
void service_forget(const struct page *page);

/* Is the key service's side of the broker within reach? */
bool service_up(void);

/* The broker, for the partners' connections. */
const struct mqtt_broker *service_broker(void);

/* Reconnects, renews. Once a second. */
void service_tick(uint64_t now);

/* Has nobody answered at the broker's addresses for LOST_MS? They are those of our start: the broker
 * may have another by now, and this process has no way left to look. */
bool service_lost(uint64_t now);

#endif

/* See service.h. Gateway process. The token file is ours; answers are checked by answer_parse. */
#include "gateway/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/secret.h"
#include "gateway/page.h"
#include "gateway/stat.h"

/* A question under way; free when page is NULL. Ids are never reused while it matters: an answer
 * that comes after its page has gone finds no row. */
struct redeem {
	uint32_t id;
	struct page *page;
};

static struct {
	struct mqtt_broker *broker;
	const char *token_file;
	char token[MAX_TOKEN + 1];
	char request[MAX_TOPIC];
	struct mqtt *mqtt;
	bool up;
	uint64_t seen;	  /* when the broker was last known to be there, ms */
	const char *said; /* what was logged last: each trouble once, not at every try */
	uint64_t retry_at, check_at;
	unsigned failures;
	uint32_t next_id;
	struct redeem redeem[MAX_REDEEMS];
} svc;

/* Reads the token file into `out`, without the newline. 0 or -1. */
static int
token_read(char out[MAX_TOKEN + 1])
{
	int fd = open(svc.token_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, out, MAX_TOKEN);

	if (fd >= 0) {
		close(fd);
	}
	if (n <= 0) {
		return -1;
	}
	out[n] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

static void
service_ready(void *owner)
{
	(void)owner;
	svc.up = true;
	svc.failures = 0;
	svc.said = NULL;
	log_note("connected to the broker");
}

static void
service_message(void *owner, const char *topic, const void *payload, size_t len)
{
	static struct answer a; /* static: a kilobyte and a half that holds a token is wiped once */

	(void)owner;
	if (strncmp(topic, "stat/", 5) == 0) {
		stat_take(topic + 5, payload, len, clock_ms());
		return;
	}
	if (answer_parse(&a, payload, len)) {
		return;
	}
	for (unsigned i = 0; i < MAX_REDEEMS; i++) {
		struct page *page = svc.redeem[i].page;

		if (page && svc.redeem[i].id == a.id) {
			svc.redeem[i].page = NULL;
			page_event(page, PAGE_ANSWER, &(struct page_input){.answer = &a});
			break;
		}
	}
	secret_wipe(&a, sizeof(a));
}

static void
service_warn(const char *sentence)
{
	if (svc.said != sentence) {
		svc.said = sentence;
		log_warn("%s; trying again", sentence);
	}
}

/* One to 16 s, doubling, with as much again by chance: gateways must not come back in step. */
static void
service_retry_later(void)
{
	uint64_t wait = 500u << (svc.failures < 5 ? svc.failures : 5);
	uint32_t chance;

	secret_random(&chance, sizeof(chance));
	svc.retry_at = clock_ms() + wait + chance % wait;
	svc.failures++;
	svc.broker->current = (svc.broker->current + 1) % svc.broker->count;
}

static void
service_over(void *owner, enum mqtt_end end)
{
	static const char *const sentences[] = {
		[MQTT_CUT] = "the broker ended the gateway's connection",
		[MQTT_REFUSED] = "the broker refuses the gateway's token",
		[MQTT_GONE] = "the broker is out of reach",
	};

	(void)owner;
	service_warn(sentences[end]);
	if (end != MQTT_GONE) {
		svc.seen = clock_ms();
	}
	svc.up = false;
	mqtt_close(svc.mqtt);
	svc.mqtt = NULL;
	service_retry_later();
}

static const struct mqtt_events service_events = {service_ready, service_message, service_over};

static void
service_connect(void)
{
	char client[CLIENT_TEXT + 1], answers[MAX_TOPIC];
	int64_t exp;

	if (token_read(svc.token) || token_peek(client, &exp, svc.token)) {
		service_warn("the token file can't be read or holds no token");
		svc.seen = clock_ms();
		service_retry_later();
		return;
	}
	snprintf(svc.request, sizeof(svc.request), "key/gw/%s/req", client);
	snprintf(answers, sizeof(answers), "key/gw/%s/res", client);
	svc.mqtt = mqtt_open(svc.broker, client, svc.token,
			     (const char *const[]){answers, "stat/+", NULL}, &service_events, NULL);
	if (!svc.mqtt) {
		service_retry_later();
	}
}

void
service_start(struct mqtt_broker *b, const char *token_file)
{
	svc.broker = b;
	svc.token_file = token_file;
	secret_random(&svc.next_id, sizeof(svc.next_id));
	svc.seen = clock_ms();
	service_connect();
}

void
service_stop(void)
{
	svc.up = false;
	mqtt_close(svc.mqtt);
	svc.mqtt = NULL;
	secret_wipe(svc.token, sizeof(svc.token));
}

static struct redeem *
redeem_row(void)
{
	for (unsigned i = 0; i < MAX_REDEEMS; i++) {
		if (!svc.redeem[i].page) {
			return &svc.redeem[i];
		}
	}
	return NULL;
}

int
service_redeem(struct page *page, const char key[KEY_TEXT + 1])
{
	struct redeem *r = redeem_row();
	char request[MAX_REQUEST];
	uint32_t id = svc.next_id++;
	int len = redeem_write(request, id, key);

	if (!svc.up || !r || mqtt_full(svc.mqtt) ||
	    mqtt_publish(svc.mqtt, svc.request, request, (size_t)len, 1, REDEEM_MS / 1000)) {
		return -1;
	}
	*r = (struct redeem){.id = id, .page = page};
	return 0;
}

void
service_forget(const struct page *page)
{
	for (unsigned i = 0; i < MAX_REDEEMS; i++) {
		if (svc.redeem[i].page == page) {
			svc.redeem[i].page = NULL;
		}
	}
}

bool
service_up(void)
{
	return svc.up;
}

const struct mqtt_broker *
service_broker(void)
{
	return svc.broker;
}

/* A newer token in the file replaces the connection while nobody waits for an answer. */
static void
service_renew(void)
{
	static char newest[MAX_TOKEN + 1];

	for (unsigned i = 0; i < MAX_REDEEMS; i++) {
		if (svc.redeem[i].page) {
			return;
		}
	}
	if (token_read(newest) == 0 && strcmp(newest, svc.token) != 0) {
		svc.up = false;
		mqtt_close(svc.mqtt);
		svc.mqtt = NULL;
		service_connect();
	}
	secret_wipe(newest, sizeof(newest));
}

void
service_tick(uint64_t now)
{
	if (svc.up) {
		svc.seen = now; /* a renewal leaves the broker for a moment, too */
	}
	if (!svc.mqtt && now >= svc.retry_at) {
		service_connect();
	} else if (svc.up && now >= svc.check_at) {
		svc.check_at = now + TOKEN_CHECK_S * 1000u;
		service_renew();
	}
}

bool
service_lost(uint64_t now)
{
	return !svc.up && now > svc.seen + LOST_MS;
}

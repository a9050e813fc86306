/*
 * Every limit of the gateway, each with its reason. Limits on bytes that other parts share are in
 * common/max.h.
 */
#ifndef TETHER_GATEWAY_LIMITS_H
#define TETHER_GATEWAY_LIMITS_H

/* TCP connections in all: 2 descriptors and about 70 kB each. Not more, because libwebsockets keeps
 * timeouts and header buffers in plain lists: 4096 silent ones that run out together cost a second
 * of processor time, during which nothing else is done for up to 0.9 s (crowd.test.mjs). */
#define MAX_CONNECTIONS 4096
#define MAX_PER_ADDRESS 16 /* TCP connections of one address: a household behind one NAT */
#define MAX_PER_SITE 256   /* of an IPv6 /48, which one customer may have: 65,536 addresses */
#define MAX_ADDRESSES 8192 /* addresses remembered: all connections, and as many that cool down */
#define MAX_REDEEMS 256	   /* questions to the key service under way */
#define MAX_DESCRIPTORS (2 * MAX_CONNECTIONS + 64)

#define COMMANDS_BURST 30 /* commands per page and second; `stop` is not counted */
#define COMMANDS_EVERY_MS 33
#define FRAMES_BURST 300  /* frames per page and second, `stop` and refused ones included: above */
#define FRAMES_EVERY_MS 3 /* that nobody is pressing a button any more */
#define JOINS_BURST 10	  /* join attempts per address and minute */
#define JOINS_EVERY_MS 6000
#define STOP_AGAIN_MS 20 /* a stop that follows a stop within this time adds nothing */

#define JOIN_MS 5000	 /* from open socket to join */
#define REDEEM_MS 5000	 /* the key service's time to answer */
#define CONNECT_MS 10000 /* from connect to subscribed */
#define SLOW_MS 10000	 /* a state that could not be written for so long: the reader is too slow */
#define TICK_MS 250	 /* how exact all these are */
#define SHUTDOWN_MS 1000 /* pages' time to hear why */
#define EXPIRY_GRACE_S 3 /* a cut this near to the expiry is the expiry */

#define PING_S 20	 /* idle WebSocket: ping; phones' NATs forget after 30 s and more */
#define HANGUP_S 30	 /* no answer to that */
#define HANDSHAKE_S 10	 /* TLS, request headers, idle keep-alive */
#define KEEPALIVE_S 30	 /* MQTT */
#define ANSWER_MS 10000	 /* a state that no page answers for so long is not waited for */
#define TOKEN_CHECK_S 60 /* how often the token file is looked at */
#define LOST_MS 60000	 /* nobody at the broker's addresses for so long: they may be old ones */

#define MAX_CHALLENGE 200  /* an ACME answer: two of 43 letters and a dot */
#define MAX_LOCATION 512   /* where a request without TLS is sent */
#define MAX_FILES 64		 /* of the static page */
#define MAX_FILE_BYTES (1 << 20) /* one of them */
#define MAX_FILE_NAME 64
#define CHUNK_BYTES 8192   /* written at once */
#define MAX_HEADERS 4096   /* of one response */
#define MAX_POLICY 768	   /* of that, the content security policy */
#define MAX_METRICS 16384  /* the metrics page: about 8 kB */
#define SEND_BUFFER 32768  /* kernel's, per page: a state is 1.5 kB */
#define MAX_GW_MESSAGE 256 /* one message of our own to a page */
#define RETRY_MIN_S 2	   /* pages come back after a random time between these */
#define RETRY_MAX_S 8
#define MAX_BROKER_ADDRESSES 4
#define MAX_STATS 16		   /* numbers that another part may report */
#define STAT_SILENT_MS 30000	   /* it reports every 10 s: then what it said is too old to tell */
#define MAX_STAT_VALUE 999999999999999 /* json.h's largest number */

#endif

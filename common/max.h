/*
 * Every limit on bytes that come from outside, each with its reason.
 */
#ifndef TETHER_MAX_H
#define TETHER_MAX_H

#define MAX_COMMAND 512   /* one command on the wire, JSON bytes (docs/PROTOCOL.md) */
#define MAX_STATE 1536    /* one state on the wire: 22 characters MAC, a dot, JSON */
#define MAX_REQUEST 2048  /* one request to the key service; `end` carries a token */
#define MAX_REPLY 2048    /* one reply of the key service; carries a token */
#define MAX_TOKEN 1536    /* a JWT of ours: an agent's is about 1420 characters */
#define MAX_FRAME 4096    /* one frame between two of our processes */
#define MAX_HOST 254      /* a DNS name (RFC 1035) with its NUL */
#define MAX_PATH 256      /* a path handed from process to process, with its NUL */
#define MAX_LINK 384      /* https://HOST[:PORT]/# key.secret, with its NUL */
#define MAX_TOPIC 96      /* longest topic of ours: key/guest/<32>/req is 46 */
#define MAX_PAGES 64      /* page ids remembered in a session: refuse, never forget */
#define MAX_BEACONS 64    /* states whose sending time is remembered */
#define MAX_LIFE 14400    /* seconds: nothing outlives four hours */
#define MAX_FILTERS 8     /* topic filters in one direction of a token's acl claim */

#endif

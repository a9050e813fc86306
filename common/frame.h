/*
 * Frames between two of our own processes: one per datagram of a SOCK_SEQPACKET pair, fixed length
 * per type. Header: version (1), type (1), payload length (2, big-endian). An unknown type, a wrong
 * length or a bad field ends that peer.
 */
#ifndef TETHER_FRAME_H
#define TETHER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "common/max.h"
#include "common/wire.h"

#define FRAME_VERSION 1
#define FRAME_HEADER 4

/* One row of a program's table of frames. `fields` walks the struct's fields with the cursor. */
struct frame_type {
	uint8_t type;
	uint16_t length; /* payload bytes */
	void (*fields)(struct wire *w, void *message);
};

enum frame_error {
	FRAME_OK = 0,
	FRAME_EMPTY = -1, /* nothing to read now, or no room to write now (non-blocking) */
	FRAME_CLOSED = -2, /* the peer has gone */
	FRAME_BAD = -3     /* unknown version, type or length, or a bad field: drop the peer */
};

/* A connected pair of non-blocking, close-on-exec SOCK_SEQPACKET sockets. 0 or -1. */
int frame_pair(int fd[2]);

/* Sends one frame of type `t`. 0 or a negative enum frame_error. Never blocks. */
int frame_send(int fd, const struct frame_type *t, const void *message);

/* The same by number: a type that `table` (ended by a row with type 0) doesn't have is FRAME_BAD. */
int frames_send(int fd, const struct frame_type *table, uint8_t type, const void *message);

/* Receives one frame into buf; *t is set to its row of `table` (ended by a row with type 0).
 * 0 or a negative enum frame_error. File descriptors in a frame are refused (FRAME_BAD). */
int frame_recv(int fd, const struct frame_type *table, const struct frame_type **t,
	       uint8_t buf[MAX_FRAME]);

/* Decodes the payload received into *message. 0 or FRAME_BAD. */
int frame_decode(const struct frame_type *t, uint8_t buf[MAX_FRAME], void *message);

#endif

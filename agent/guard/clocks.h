/*
 * Has time gone on as it should since the last turn? Pure. Runs in the guard.
 */
#ifndef TETHER_CLOCKS_H
#define TETHER_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#define GAP_MS 1000  /* our own loop stood still for longer: stop */
#define JUMP_MS 5000 /* REALTIME against BOOTTIME moved by more: stop */

/* True when more than GAP_MS of CLOCK_BOOTTIME lie between `turn_at` and `now`, or when REALTIME
 * minus BOOTTIME has moved by more than JUMP_MS since *offset was taken, at once or bit by bit;
 * *offset is taken anew then. All in ms; any values will do. */
bool clocks_broke(uint64_t turn_at, uint64_t now, int64_t *offset, int64_t difference);

#endif

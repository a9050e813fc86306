/*
 * One line as it is kept: "2026-11-22T20:15:48Z keysvc-net warn sentence". Pure. Input: whatever a
 * part wrote, perhaps by a crash or under an attacker's hand.
 */
#ifndef TETHER_LOGKEEP_LINE_H
#define TETHER_LOGKEEP_LINE_H

#include <stddef.h>
#include <stdint.h>

#define MAX_PART 16  /* name of a part: [a-z][a-z-]*, with its NUL */
#define MAX_LINE 640 /* one kept line with newline and NUL: common/log.c writes up to 512 */
#define MAX_STAMP 24 /* a time with its NUL */

/* A name of a part as above? */
int line_part_is_valid(const char *part);

/* "2026-11-22T20:15:48Z" of a unix time from 1970 to 9999; opens no file, unlike gmtime_r. Returns
 * its length. */
int line_stamp(char out[MAX_STAMP], int64_t unix_s);

/*
 * Frames `text` (no newline; cut where too long; what is not printable becomes '?'):
 *   "<4>keysvc net: well"              (common/log.c)  keysvc-net warn well
 *   "2026-11-22T20:15:48: Error: no"   (Mosquitto)     broker error no
 *   anything else: a crash, a loader's complaint       PART error TEXT
 * Mosquitto's "Protocol error from CLIENT: text" loses the client, whose id is not ours to keep.
 * A name that is not PART or "PART word" is no name. Returns the length, newline included.
 */
int line_frame(char out[MAX_LINE], const char *part, int64_t unix_s, const char *text, size_t len);

#endif

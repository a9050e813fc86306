/* Subresource integrity (W3C): the hash that a page gives for what it loads. Pure. */
#ifndef TETHER_GATEWAY_INTEGRITY_H
#define TETHER_GATEWAY_INTEGRITY_H

#include <stddef.h>

#define INTEGRITY_TEXT (7 + 64) /* "sha384-" and 48 bytes in base64 */

/* The value of an integrity attribute for these bytes, with NUL. 0 or -1: no such hash here. */
int integrity_write(char out[INTEGRITY_TEXT + 1], const void *data, size_t len);

/* Looks up a file by name (not NUL-ended); NULL when there is none. */
typedef const void *integrity_lookup(const char *name, size_t name_len, size_t *len);

/* Copies an HTML text of ours with an integrity attribute behind each ="/NAME.js" and ="/NAME.css"
 * that `lookup` knows. Returns the copy, the caller's to free, and its length in *out_len; NULL
 * when memory is short. */
unsigned char *integrity_fill(size_t *out_len, const unsigned char *html, size_t len,
			      integrity_lookup *lookup);

#endif

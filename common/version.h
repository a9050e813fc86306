/*
 * Version numbers as agents and servers tell them to each other. Pure; input may be hostile.
 */
#ifndef TETHER_VERSION_H
#define TETHER_VERSION_H

#include <stddef.h>
#include <stdint.h>

/* The longest, "999.999.999". */
#define VERSION_TEXT 11

/* "1.2.3", each 0..999, as one number that compares like the version; 0 when it is not of that form.
 */
uint32_t version_number(const char *text, size_t len);

#endif

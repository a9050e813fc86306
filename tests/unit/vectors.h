/*
 * The worked examples of tests/vectors.json for unit tests, which run in tests/. A helper that
 * fails ends the test with what it missed.
 */
#ifndef TETHER_TEST_VECTORS_H
#define TETHER_TEST_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include <cJSON.h>

/* The whole file as text with a NUL; the caller frees it. */
char *file_text(const char *path);

/* vectors.json, parsed; the caller calls cJSON_Delete. */
cJSON *vectors_open(void);

/* Member `name` of `object`, which must be there. */
const cJSON *vector_list(const cJSON *object, const char *name);
const char *vector_text(const cJSON *object, const char *name);
uint32_t vector_u32(const cJSON *object, const char *name);

/* A hex member that must be exactly n bytes. */
void vector_bytes(void *out, size_t n, const cJSON *object, const char *name);

#endif

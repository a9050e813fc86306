/* The worked examples for unit tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/encode.h"
#include "tests/unit/vectors.h"

char *
file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;
	long size;

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	assert_true(size > 0);
	rewind(f);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	text[size] = '\0';
	(void)fclose(f);
	return text;
}

cJSON *
vectors_open(void)
{
	char *text = file_text("vectors.json");
	cJSON *vectors = cJSON_Parse(text);

	assert_non_null(vectors);
	free(text);
	return vectors;
}

const cJSON *
vector_list(const cJSON *object, const char *name)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name);

	assert_true(cJSON_IsArray(list));
	assert_true(cJSON_GetArraySize(list) > 0);
	return list;
}

const char *
vector_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	assert_true(cJSON_IsString(item));
	return item->valuestring;
}

uint32_t
vector_u32(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	assert_true(cJSON_IsNumber(item));
	return (uint32_t)item->valuedouble;
}

void
vector_bytes(void *out, size_t n, const cJSON *object, const char *name)
{
	const char *text = vector_text(object, name);

	assert_int_equal(hex_decode(out, n, text, strlen(text)), 0);
}

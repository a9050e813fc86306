/* See stat.h. Gateway process. */
#include "gateway/stat.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "gateway/limits.h"

struct stat_number {
	char name[MAX_STAT_NAME];
	uint64_t value;
};

struct stat_part {
	const char *name;
	unsigned count;
	struct stat_number number[MAX_STATS];
};

static struct stat_part parts[] = {{.name = "keysvc"}, {.name = "auth"}};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool
stat_name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

	return len > 0 && len < MAX_STAT_NAME && name[len] == '\0';
}

/* Reads all members but `v`. False: not of the form. */
static bool
stat_read(struct stat_part *part, const cJSON *o)
{
	const cJSON *item;
	uint64_t v;

	if (json_number(&v, o, "v", 1) || v != 1) {
		return false;
	}
	cJSON_ArrayForEach(item, o)
	{
		if (strcmp(item->string, "v") == 0) {
			continue;
		}
		struct stat_number *n = &part->number[part->count];

		if (part->count == MAX_STATS || !stat_name_ok(item->string) ||
		    json_number(&n->value, o, item->string, MAX_STAT_VALUE)) {
			return false;
		}
		memcpy(n->name, item->string, strlen(item->string) + 1);
		part->count++;
	}
	return true;
}

void
stat_take(const char *part, const char *json, size_t len)
{
	cJSON *o;

	if (json_parse(&o, json, len)) {
		return;
	}
	for (size_t i = 0; i < PARTS; i++) {
		struct stat_part got = {.name = parts[i].name};

		if (strcmp(part, got.name) == 0 && stat_read(&got, o)) {
			parts[i] = got;
		}
	}
	cJSON_Delete(o);
}

size_t
stat_text(char *out, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < PARTS; i++) {
		for (unsigned j = 0; j < parts[i].count; j++) {
			const struct stat_number *n = &parts[i].number[j];
			int len = snprintf(out + at, size - at, "tether_%s_%s %" PRIu64 "\n",
					   parts[i].name, n->name, n->value);

			if (len < 0 || (size_t)len >= size - at) {
				return at;
			}
			at += (size_t)len;
		}
	}
	return at;
}

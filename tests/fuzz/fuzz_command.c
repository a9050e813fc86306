/* What is accepted as a command is written anew and reads back the same. */
#include <string.h>

#include "common/command.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command c, again;
	char out[MAX_COMMAND + 1];
	int len;

	if (command_parse(&c, (const char *)data, size) != COMMAND_OK) {
		return 0;
	}
	len = command_write(out, &c);
	MUST(len > 0 && len <= MAX_COMMAND);
	MUST(command_parse(&again, out, (size_t)len) == COMMAND_OK);
	MUST(memcmp(&again, &c, sizeof(c)) == 0);
	return 0;
}

/*
 * Parser of the configuration file (config.h).
 */
#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/values.h"

struct parse {
	struct options options;
	struct config_error *error;
	unsigned line;
	unsigned set_in[VALUES]; /* the line that set a key, 0 none yet */
};

__attribute__((format(printf, 2, 3))) static int
fail(struct parse *p, const char *format, ...)
{
	va_list ap;

	p->error->line = p->line;
	va_start(ap, format);
	vsnprintf(p->error->text, sizeof(p->error->text), format, ap);
	va_end(ap);
	return -1;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Bytes from 0x80 on belong to letters of people's own languages; control characters to none. */
static bool
is_text(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

/* The length of a line without its comment: a # at the start or after a space. */
static size_t
without_comment(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '#' && (i == 0 || is_space(line[i - 1]))) {
			return i;
		}
	}
	return len;
}

static int
take_setting(struct parse *p, const char *key, const char *value)
{
	int index = values_find(key);
	char expects[EXPECTS_TEXT];

	if (index < 0) {
		return fail(p, "\"%s\" is no setting; agent.conf(5) lists all", key);
	}
	if (p->set_in[index] != 0) {
		return fail(p, "%s stands here a second time, first in line %u", key,
			    p->set_in[index]);
	}
	p->set_in[index] = p->line;
	if (values_is_path(index) && *value != '/') {
		return fail(p, "%s expects a path that begins with /, not \"%s\"", key, value);
	}
	if (values_set(&p->options, index, value) < 0) {
		return fail(p, "%s expects %s, not \"%s\"", key, values_expects(index, expects),
			    value);
	}
	return 0;
}

/* A line that is neither empty nor a comment, cut into key and value. */
static int
take_words(struct parse *p, const char *line, size_t len)
{
	char words[MAX_CONFIG_LINE + 1];
	char *value;

	memcpy(words, line, len);
	words[len] = '\0';
	value = words + strcspn(words, " \t");
	if (*value != '\0') {
		*value++ = '\0';
	}
	return take_setting(p, words, value + strspn(value, " \t"));
}

static int
take_line(struct parse *p, const char *line, size_t len)
{
	if (len > MAX_CONFIG_LINE) {
		return fail(p, "the line is longer than %d bytes", MAX_CONFIG_LINE);
	}
	if (!is_text(line, len)) {
		return fail(p, "the line holds bytes that are not text");
	}
	len = without_comment(line, len);
	while (len > 0 && is_space(line[len - 1])) {
		len--;
	}
	while (len > 0 && is_space(*line)) {
		line++;
		len--;
	}
	return len == 0 ? 0 : take_words(p, line, len);
}

int
config_parse(struct options *o, const char *text, size_t len, struct config_error *error)
{
	struct parse p = {.options = *o, .error = error};

	if (len > MAX_CONFIG) {
		return fail(&p, "the file is larger than %d bytes", MAX_CONFIG);
	}
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) : len;

		p.line++;
		if (take_line(&p, text, n) < 0) {
			return -1;
		}
		n += end != NULL ? 1 : 0;
		text += n;
		len -= n;
	}
	*o = p.options;
	return 0;
}

static ssize_t
read_all(int fd, char text[MAX_CONFIG + 1])
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < MAX_CONFIG + 1) {
		n = read(fd, text + len, MAX_CONFIG + 1 - len);
		if (n > 0) {
			len += (size_t)n;
		}
	}
	return n < 0 ? -1 : (ssize_t)len;
}

ssize_t
config_read(const char *path, char text[MAX_CONFIG + 1])
{
	return config_read_at(AT_FDCWD, path, text);
}

ssize_t
config_read_at(int folder, const char *name, char text[MAX_CONFIG + 1])
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY), error;
	struct stat st;
	ssize_t len = -1;

	if (fd < 0) {
		return -1;
	}
	if (fstat(fd, &st) == 0) {
		if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0) {
			errno = EPERM;
		} else {
			len = read_all(fd, text);
		}
	}
	error = errno;
	close(fd);
	errno = error;
	return len;
}

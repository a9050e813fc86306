/*
 * Writer of the configuration file (config.h). Runs before anything is started, and in the save
 * process. Input: the wearer's own file, of which every line that need not change stays as it is.
 */
#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/values.h"

/* agent.conf.example, as it was when this was built. */
static const char example[] = {
#include "agent/example.inc"
	, '\0'};

struct text {
	char *bytes; /* MAX_CONFIG + 1 */
	size_t len;
	bool full;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void
add(struct text *t, const char *bytes, size_t len)
{
	if (len > MAX_CONFIG - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
	t->bytes[t->len] = '\0';
}

/* The length of the line at `at` with its line feed. */
static size_t
line_length(const char *at)
{
	const char *end = strchr(at, '\n');

	return end != NULL ? (size_t)(end - at) + 1 : strlen(at);
}

/* Does a line begin with this key as a word? */
static bool
has_key(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 &&
	       (is_space(line[len]) || line[len] == '\n' || line[len] == '\0');
}

/* The line that sets a key, or with `mark` the one that shows how ("#key ..."); NULL none. */
static const char *
find_line(const char *text, const char *key, bool mark)
{
	for (; *text != '\0'; text += line_length(text)) {
		const char *word = text;

		while (!mark && is_space(*word)) {
			word++;
		}
		if ((!mark || *word == '#') && has_key(word + (mark ? 1 : 0), key)) {
			return text;
		}
	}
	return NULL;
}

static void
add_setting(struct text *t, const char *key, const char *value)
{
	add(t, key, strlen(key));
	add(t, " ", 1);
	add(t, value, strlen(value));
	add(t, "\n", 1);
}

/* The same line with another value: its indent, its spaces and its comment stay. */
static void
add_changed(struct text *t, const char *line, const char *key, const char *value)
{
	const char *at = line + strspn(line, " \t") + strlen(key), *end;

	if (*value == '\0') {
		add(t, "#", 1); /* nothing is set any more, and there is no word for that */
		add(t, line, line_length(line));
		return;
	}
	at += strspn(at, " \t");
	for (end = at; *end != '\n' && *end != '\0' && !(*end == '#' && is_space(end[-1])); end++) {
	}
	while (end > at && is_space(end[-1])) {
		end--;
	}
	add(t, line, (size_t)(at - line));
	if (!is_space(t->bytes[t->len - 1])) {
		add(t, " ", 1);
	}
	add(t, value, strlen(value));
	add(t, end, line_length(line) - (size_t)(end - line));
}

/* At the end, with what the example says about it. */
static void
add_new(struct text *t, const char *key, const char *value)
{
	const char *line = find_line(example, key, false), *at;

	line = line != NULL ? line : find_line(example, key, true);
	if (t->len > 0 && t->bytes[t->len - 1] != '\n') {
		add(t, "\n", 1);
	}
	if (t->len > 0) {
		add(t, "\n", 1);
	}
	for (at = line; at != NULL && at > example + 1 && (at[-1] != '\n' || at[-2] != '\n');) {
		at--; /* to where its paragraph begins */
	}
	for (; at != NULL && at < line; at += line_length(at)) {
		if (at[0] == '#' && at[1] == ' ') {
			add(t, at, line_length(at));
		}
	}
	add_setting(t, key, value);
}

/* One key: `from` with its line changed, or one more. */
static void
set_key(struct text *t, const char *from, const char *key, const char *value)
{
	const char *line = find_line(from, key, false);
	const char *mark = line == NULL ? find_line(from, key, true) : NULL;
	const char *rest;

	t->len = 0;
	if (line != NULL) {
		add(t, from, (size_t)(line - from));
		add_changed(t, line, key, value);
		rest = line + line_length(line);
	} else if (mark != NULL) {
		rest = mark + line_length(mark);
		add(t, from, (size_t)(rest - from));
		if (t->bytes[t->len - 1] != '\n') {
			add(t, "\n", 1);
		}
		add_setting(t, key, value);
	} else {
		add(t, from, strlen(from));
		add_new(t, key, value);
		return;
	}
	add(t, rest, strlen(rest));
}

static int
parse(struct options *o, const char *text, char why[CONFIG_ERROR])
{
	struct config_error error;

	values_default(o);
	if (config_parse(o, text, strlen(text), &error) < 0) {
		snprintf(why, CONFIG_ERROR, "line %u: %.700s", error.line, error.text);
		return -1;
	}
	return 0;
}

/* What will be read must be what was meant: a path with " #" in it can't be written, for one. */
static int
verify(const struct options *o, const char *text, char why[CONFIG_ERROR])
{
	struct options read;
	char is[VALUE_TEXT], wanted[VALUE_TEXT];

	if (parse(&read, text, why) < 0) {
		return -1;
	}
	for (int i = 0; i < VALUES; i++) {
		if (strcmp(values_text(&read, i, is), values_text(o, i, wanted)) != 0) {
			snprintf(why, CONFIG_ERROR, "%s can't be written to a file as \"%s\"",
				 values_key(i), wanted);
			return -1;
		}
	}
	return 0;
}

int
config_compose(const char *old, const struct options *o, char out[MAX_CONFIG + 1],
	       char why[CONFIG_ERROR])
{
	static char other[MAX_CONFIG + 1];
	struct text t = {.bytes = other};
	struct options before;
	char was[VALUE_TEXT], is[VALUE_TEXT];
	const char *from = old != NULL ? old : example;

	if (strlen(from) > MAX_CONFIG || parse(&before, from, why) < 0) {
		return -1;
	}
	memcpy(out, from, strlen(from) + 1);
	for (int i = 0; i < VALUES && !t.full; i++) {
		values_text(&before, i, was);
		if (strcmp(was, values_text(o, i, is)) != 0) {
			set_key(&t, out, values_key(i), is);
			memcpy(out, other, t.len + 1);
		}
	}
	if (t.full) {
		snprintf(why, CONFIG_ERROR, "the file would be larger than %d bytes", MAX_CONFIG);
		return -1;
	}
	return verify(o, out, why);
}

static int
fail(char why[CONFIG_ERROR], const char *what)
{
	snprintf(why, CONFIG_ERROR, "%s: %s", what, strerror(errno));
	return -1;
}

/* Makes the folder of a path, for its owner alone, and the one above it (~/.config). */
static int
make_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash, *above;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder) {
		return 0;
	}
	*slash = '\0';
	if (mkdir(folder, 0700) == 0 || errno == EEXIST) {
		return 0;
	}
	above = strrchr(folder, '/');
	if (errno != ENOENT || above == NULL || above == folder) {
		return -1;
	}
	*above = '\0';
	if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
		return -1;
	}
	*above = '/';
	return mkdir(folder, 0700);
}

/* The folders of a path that are there must let us make the rest of it. */
int
config_check(const char *path, char why[CONFIG_ERROR])
{
	struct stat st;
	char folder[PATH_MAX + 2];
	char *slash;
	int rc;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(why, CONFIG_ERROR, "it is no ordinary file");
		return -1;
	}
	snprintf(folder, PATH_MAX, "%s%s", *path == '/' ? "" : "./", path);
	do {
		slash = strrchr(folder, '/');
		memcpy(slash, "/.", 3); /* a file has no such entry */
		rc = access(folder, W_OK | X_OK);
		*slash = '\0';
	} while (rc < 0 && errno == ENOENT && strchr(folder, '/') != NULL);
	return rc < 0 ? fail(why, "its folder can't be written to") : 0;
}

/* A link stays one: what it points to is replaced. */
static int
resolve(const char *path, char out[PATH_MAX], char why[CONFIG_ERROR])
{
	struct stat st;

	if (stat(path, &st) < 0) {
		snprintf(out, PATH_MAX, "%s", path);
		return errno == ENOENT ? 0 : fail(why, "it can't be looked at");
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, CONFIG_ERROR, "it is no ordinary file");
		return -1;
	}
	return realpath(path, out) != NULL ? 0 : fail(why, "it can't be looked at");
}

int
config_place(const char *path, struct config_place *place, char why[CONFIG_ERROR])
{
	char full[PATH_MAX];
	const char *name, *slash;

	if (make_folder(path) < 0) {
		return fail(why, "its folder can't be made");
	}
	if (resolve(path, full, why) < 0) {
		return -1;
	}
	slash = strrchr(full, '/');
	name = slash != NULL ? slash + 1 : full;
	if (*name == '\0' || strlen(name) >= sizeof(place->name)) {
		errno = *name == '\0' ? EISDIR : ENAMETOOLONG;
		return fail(why, "it can't be written");
	}
	memcpy(place->name, name, strlen(name) + 1);
	if (slash == NULL) {
		memcpy(full, ".", 2);
	} else {
		full[slash == full ? 1 : slash - full] = '\0';
	}
	place->fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place->fd < 0 ? fail(why, "its folder can't be opened") : 0;
}

/* The bytes are on the disk before the name is the file's: whatever happens, one of both is whole.
 */
static int
write_new(const struct config_place *p, const char *temp, const char *text)
{
	int fd, rc = -1, error;
	size_t len = strlen(text);
	ssize_t n;

	(void)unlinkat(p->fd, temp, 0); /* left over by one that was killed */
	fd = openat(p->fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -1;
	}
	n = write(fd, text, len);
	if (n >= 0 && (size_t)n < len) {
		errno = ENOSPC; /* what was written says nothing about why the rest was not */
	} else if (n >= 0 && fchmod(fd, 0600) == 0 && fsync(fd) == 0) {
		rc = renameat(p->fd, temp, p->fd, p->name);
	}
	error = errno;
	close(fd);
	if (rc < 0) {
		(void)unlinkat(p->fd, temp, 0);
	} else {
		(void)fsync(p->fd);
	}
	errno = error;
	return rc;
}

int
config_write(const struct config_place *p, const char *text, char why[CONFIG_ERROR])
{
	char temp[NAME_MAX + 1];

	if (snprintf(temp, sizeof(temp), ".%s.new", p->name) >= (int)sizeof(temp)) {
		errno = ENAMETOOLONG;
		return fail(why, "it can't be written");
	}
	return write_new(p, temp, text) < 0 ? fail(why, "it can't be written") : 0;
}

int
config_load(const struct config_place *p, char text[MAX_CONFIG + 1], char why[CONFIG_ERROR])
{
	ssize_t len = config_read_at(p->fd, p->name, text);

	if (len < 0 && errno == ENOENT) {
		return 1;
	}
	if (len < 0) {
		return fail(why, "it can't be read");
	}
	if (len > MAX_CONFIG || memchr(text, '\0', (size_t)len) != NULL) {
		snprintf(why, CONFIG_ERROR, "what is there is no configuration");
		return -1;
	}
	text[len] = '\0';
	return 0;
}

int
config_save(const char *path, const struct options *o, char why[CONFIG_ERROR])
{
	static char old[MAX_CONFIG + 1], text[MAX_CONFIG + 1];
	struct config_place place;
	int rc;

	if (config_place(path, &place, why) < 0) {
		return -1;
	}
	rc = config_load(&place, old, why);
	if (rc >= 0) {
		rc = config_compose(rc == 0 ? old : NULL, o, text, why);
	}
	if (rc == 0) {
		rc = config_write(&place, text, why);
	}
	close(place.fd);
	return rc;
}

/* See files.h. Gateway process. The files are the operator's; paths come from browsers and are only
 * ever compared. */
#include "gateway/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/integrity.h"
#include "gateway/limits.h"

#define HTML "text/html"

static struct file files[MAX_FILES];
static unsigned file_count;

static const struct {
	const char *ending, *type;
} types[] = {
	{".html", HTML "; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".svg", "image/svg+xml"},
	{".txt", "text/plain; charset=utf-8"},
	{".json", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".ico", "image/x-icon"},
	{".png", "image/png"},
};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* Paths that are not "/" and a file's name. */
static const struct {
	const char *path, *name;
} aliases[] = {
	{"/", "index.html"},
	{"/about", "about.html"},
	{"/privacy", "privacy.html"},
	{"/.well-known/security.txt", "security.txt"},
};

#define ALIASES (sizeof(aliases) / sizeof(aliases[0]))

static const char *
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < TYPES; i++) {
		if (strcmp(ending, types[i].ending) == 0) {
			return types[i].type;
		}
	}
	return NULL;
}

/* Reads one regular file whole. 0 or -1. */
static int
file_read(struct file *f, int dir)
{
	int fd = openat(dir, f->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;
	size_t have = 0;

	if (fd < 0) {
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > MAX_FILE_BYTES) {
		close(fd);
		return -1;
	}
	f->len = (size_t)st.st_size;
	f->data = malloc(f->len + 1);
	while (f->data && have < f->len) {
		ssize_t n = read(fd, f->data + have, f->len - have);

		if (n <= 0) {
			break;
		}
		have += (size_t)n;
	}
	close(fd);
	return f->data && have == f->len ? 0 : -1;
}

/* Room for one more, whose name and type are set; the caller counts it in. */
static struct file *
files_room(const char *name, const char **why)
{
	struct file *f = &files[file_count];
	size_t len = strlen(name);

	if (file_count == MAX_FILES || len >= MAX_FILE_NAME) {
		*why = "the folder of the page holds too many files, or too long a name";
		return NULL;
	}
	memcpy(f->name, name, len + 1);
	f->type = type_of(name);
	return f;
}

/* Takes the files that it knows; what it does not know stays unserved, and that is no error. */
static int
files_read(DIR *dir, const char **why)
{
	for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
		struct file *f;

		if (!type_of(d->d_name) || d->d_name[0] == '.') {
			continue;
		}
		f = files_room(d->d_name, why);
		if (!f) {
			return -1;
		}
		if (file_read(f, dirfd(dir))) {
			*why = "a file of the page can't be read, or is over 1 MB";
			return -1;
		}
		file_count++;
	}
	return 0;
}

static const struct file *
file_named(const char *name, size_t len)
{
	for (unsigned i = 0; i < file_count; i++) {
		if (strlen(files[i].name) == len && memcmp(name, files[i].name, len) == 0) {
			return &files[i];
		}
	}
	return NULL;
}

static const void *
file_lookup(const char *name, size_t name_len, size_t *len)
{
	const struct file *f = file_named(name, name_len);

	if (f) {
		*len = f->len;
	}
	return f ? f->data : NULL;
}

/* 0, or -1: memory is short. */
static int
files_vouch(void)
{
	for (unsigned i = 0; i < file_count; i++) {
		struct file *f = &files[i];
		unsigned char *filled;

		if (strncmp(f->type, HTML, strlen(HTML)) != 0) {
			continue;
		}
		filled = integrity_fill(&f->len, f->data, f->len, file_lookup);
		if (!filled) {
			return -1;
		}
		free(f->data);
		f->data = filled;
	}
	return 0;
}

int
files_load(const char *path, const char **why)
{
	DIR *dir = opendir(path);
	int rc;

	if (!dir) {
		*why = "the folder of the page can't be opened";
		return -1;
	}
	rc = files_read(dir, why);
	closedir(dir);
	if (rc == 0 && files_vouch()) {
		*why = "memory is too short for the page";
		return -1;
	}
	return rc;
}

int
files_add(const char *name, const char *text, const char **why)
{
	struct file *f = files_room(name, why);

	if (!f) {
		return -1;
	}
	f->len = strlen(text);
	f->data = (unsigned char *)strdup(text);
	if (!f->data) {
		*why = "memory is too short for the page";
		return -1;
	}
	file_count++;
	return 0;
}

const struct file *
files_find(const char *path)
{
	const char *name = *path == '/' ? path + 1 : path;

	for (size_t i = 0; i < ALIASES; i++) {
		if (strcmp(path, aliases[i].path) == 0) {
			name = aliases[i].name;
		}
	}
	return file_named(name, strlen(name));
}

/*
 * Small files. Main, signer and init. Input: paths of our own layout.
 */
#include "keysvc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/max.h"

/* The folder that `path` lies in, as an open descriptor. */
static int
open_folder(const char *path)
{
	char name[MAX_PATH] = ".";
	const char *slash = strrchr(path, '/');

	if (slash != NULL) {
		snprintf(name, sizeof(name), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	}
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
file_sync_folder(const char *path)
{
	int fd = open_folder(path), result, saved;

	if (fd < 0) {
		return -1;
	}
	result = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

/* Lets the folder's group in, where the mode has bits for a group. */
static int
share_with_group(int fd, const char *path, mode_t mode)
{
	struct stat st;
	int folder, result;

	if (mode & 070) {
		folder = open_folder(path);
		if (folder < 0) {
			return -1;
		}
		result = fstat(folder, &st);
		close(folder);
		if (result != 0 || fchown(fd, (uid_t)-1, st.st_gid) != 0) {
			return -1;
		}
	}
	return fchmod(fd, mode);
}

/* Writes path.new and syncs it. */
static int
write_beside(const char *name, const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd < 0) {
		return -1;
	}
	n = write(fd, data, len);
	if (n != (ssize_t)len || share_with_group(fd, path, mode) != 0 || fsync(fd) != 0) {
		int saved = n >= 0 && n != (ssize_t)len ? ENOSPC : errno;

		close(fd);
		unlink(name);
		errno = saved;
		return -1;
	}
	return close(fd);
}

static int
write_and_place(const char *path, const void *data, size_t len, mode_t mode, bool replace)
{
	char name[MAX_PATH];
	int result, saved;

	if (snprintf(name, sizeof(name), "%s.new", path) >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (write_beside(name, path, data, len, mode) != 0) {
		return -1;
	}
	result = replace ? rename(name, path) : link(name, path);
	saved = errno;
	if (result != 0 || !replace) {
		unlink(name);
	}
	errno = saved;
	return result != 0 ? -1 : file_sync_folder(path);
}

int
file_write(const char *path, const void *data, size_t len, mode_t mode)
{
	return write_and_place(path, data, len, mode, true);
}

int
file_create(const char *path, const void *data, size_t len, mode_t mode)
{
	struct stat st;

	/* Looked at before anything is written: path.new may be another name of this very file,
	 * which a crash between link() and unlink() leaves, or what a running service is about to
	 * place. */
	if (lstat(path, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	return write_and_place(path, data, len, mode, false);
}

int
file_open_secret(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		*why = "not a regular file";
	} else if (st.st_uid != geteuid() && st.st_uid != 0) {
		*why = "belongs to another user";
	} else if (st.st_mode & 077) {
		*why = "others may read it: chmod 0600 it, and think about who has";
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

#include "plugin/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#define BITS 07777

static int judge(const char *path, const struct stat *st, bool sticky_will_do, struct err *err)
{
	unsigned bits = st->st_mode & BITS;
	unsigned others = st->st_mode & (S_IWGRP | S_IWOTH);

	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		return err_set(err, -EPERM,
			"%s (mode %04o) belongs to uid %u, who is neither root nor the worker's "
			"user; chown it to root",
			path, bits, (unsigned)st->st_uid);
	}
	if (!others || (sticky_will_do && S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))) {
		return 0;
	}
	return err_set(err, -EPERM,
		"%s (mode %04o) may be written to by %s; take that right away: chmod %s %s", path,
		bits, others & S_IWOTH ? "everybody" : "its group",
		others & S_IWOTH ? "go-w" : "g-w", path);
}

/* Every folder above a real path. */
static int check_above(const char *real, struct err *err)
{
	char folder[PATH_MAX];
	struct stat st;
	int result = 0;

	for (const char *slash = strchr(real, '/'); slash && result == 0;
		slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - real);

		len += len == 0;
		if (len >= sizeof(folder)) {
			return err_set(err, -ENAMETOOLONG, "%s: the path is too long", real);
		}
		memcpy(folder, real, len);
		folder[len] = '\0';
		result = stat(folder, &st) < 0 ? err_set(err, -errno, "%s cannot be looked at: %s",
							 folder, strerror(errno))
					       : judge(folder, &st, true, err);
	}
	return result;
}

static int resolve(const char *path, char real[PATH_MAX], struct err *err)
{
	if (!realpath(path, real)) {
		int code = errno;

		return err_set(err, -code, "%s cannot be followed: %s", path, strerror(code));
	}
	return 0;
}

int trust_check_folder(const char *path, struct err *err)
{
	char real[PATH_MAX];
	struct stat st;
	int result = resolve(path, real, err);

	if (result < 0) {
		return result;
	}
	if (stat(real, &st) < 0) {
		return err_set(err, -errno, "%s cannot be looked at: %s", real, strerror(errno));
	}
	result = check_above(real, err);
	return result < 0 ? result : judge(real, &st, false, err);
}

static const char *kind_of(mode_t mode)
{
	if (S_ISDIR(mode)) {
		return "a folder";
	}
	return S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

int trust_open_file(const char *path, struct err *err, int *ret_fd)
{
	char real[PATH_MAX];
	char folder[PATH_MAX];
	struct stat st;
	int fd = -1;
	int result = resolve(path, real, err);

	if (result < 0) {
		return result;
	}
	if (stat(real, &st) == 0 && !S_ISREG(st.st_mode)) {
		return err_set(err, -EPERM, "%s (mode %04o) is %s and no regular file", real,
			st.st_mode & BITS, kind_of(st.st_mode));
	}
	/* O_NONBLOCK: what became a pipe meanwhile must not hold the worker */
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0) {
		result = err_set(err, -errno, "%s cannot be read: %s", real, strerror(errno));
	} else {
		char *slash;

		(void)text_copy(folder, sizeof(folder), real);
		slash = strrchr(folder, '/');
		slash[slash == folder] = '\0';
		result = trust_check_folder(folder, err);
		if (result == 0) {
			result = judge(real, &st, false, err);
		}
	}
	if (result < 0) {
		fs_close(fd);
		return result;
	}
	*ret_fd = fd;
	return 0;
}

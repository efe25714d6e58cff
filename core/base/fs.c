#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ident.h"

#define PATH_SIZE 4096

void fs_close(int fd)
{
	int saved = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	errno = saved;
}

int fs_join(char *to, size_t size, const char *folder, const char *name)
{
	int len = snprintf(to, size, "%s/%s", folder, name);

	return len >= 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

int fs_mkdir_all(const char *path, mode_t mode)
{
	char part[PATH_SIZE];
	struct stat st;

	if (!text_copy(part, sizeof(part), path)) {
		return -ENAMETOOLONG;
	}
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
			return -errno;
		}
		*slash = '/';
	}
	if (mkdir(part, mode) == 0) {
		return 0;
	}
	if (errno != EEXIST) {
		return -errno;
	}
	if (stat(part, &st) < 0) {
		return -errno;
	}
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fs_read_file(const char *path, size_t max, struct buf *out)
{
	/* O_NONBLOCK: opening a named pipe must not wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t start = out->len;
	struct stat st;
	int result = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0) {
		result = -errno;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		result = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
		goto out;
	}
	for (;;) {
		ssize_t n;

		if (buf_reserve(out, 65536) < 0) {
			result = -ENOMEM;
			goto out;
		}
		n = read(fd, out->data + out->len, 65536);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			result = n < 0 ? -errno : 0;
			goto out;
		}
		out->len += (size_t)n;
		if (out->len - start > max) {
			result = -EFBIG;
			goto out;
		}
	}
out:
	fs_close(fd);
	return result;
}

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Opens a new file beside path; its name is written to temp. Returns the descriptor. */
static int open_beside(const char *path, mode_t mode, char temp[PATH_SIZE])
{
	char random[IDENT_RANDOM_SIZE];
	int len;
	int fd;

	ident_random(random);
	len = snprintf(temp, PATH_SIZE, "%s.%s.tmp", path, random);
	if (len < 0 || len >= PATH_SIZE) {
		return -ENAMETOOLONG;
	}
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

/* Syncs the new file and gives it its name, or removes it when anything failed before. */
static int finish_beside(int fd, int result, const char *temp, const char *path)
{
	if (result == 0 && fsync(fd) < 0) {
		result = -errno;
	}
	if (close(fd) < 0 && result == 0) {
		result = -errno;
	}
	if (result == 0 && rename(temp, path) < 0) {
		result = -errno;
	}
	if (result < 0) {
		(void)unlink(temp);
		return result;
	}
	return fs_sync_dir_of(path);
}

int fs_replace_file(const char *path, const void *data, size_t len, mode_t mode)
{
	char temp[PATH_SIZE];
	int fd = open_beside(path, mode, temp);

	if (fd < 0) {
		return fd;
	}
	return finish_beside(fd, fs_write_all(fd, data, len), temp, path);
}

static int copy_bytes(int from, int to, size_t max)
{
	char block[65536];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(from, block, sizeof(block));
		int result;

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n < 0 ? -errno : 0;
		}
		total += (size_t)n;
		if (total > max) {
			return -EFBIG;
		}
		result = fs_write_all(to, block, (size_t)n);
		if (result < 0) {
			return result;
		}
	}
}

int fs_copy_to(int from, const char *path, size_t max, mode_t mode)
{
	char temp[PATH_SIZE];
	int fd = open_beside(path, mode, temp);

	if (fd < 0) {
		return fd;
	}
	return finish_beside(fd, copy_bytes(from, fd, max), temp, path);
}

int fs_sync_dir_of(const char *path)
{
	char folder[PATH_SIZE];
	char *slash;
	int result = 0;
	int fd;

	if (!text_copy(folder, sizeof(folder), path)) {
		return -ENAMETOOLONG;
	}
	slash = strrchr(folder, '/');
	if (!slash) {
		(void)text_copy(folder, sizeof(folder), ".");
	} else {
		slash[slash == folder] = '\0';
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	if (fsync(fd) < 0) {
		result = -errno;
	}
	fs_close(fd);
	return result;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int fs_remove_tree(const char *path)
{
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	return 0;
}

int fs_program_dir(char *to, size_t size)
{
	char path[PATH_SIZE];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len < 0) {
		return -errno;
	}
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash) {
		return -EINVAL;
	}
	*slash = '\0';
	return text_copy(to, size, path) ? 0 : -ENAMETOOLONG;
}

int fs_find_helper(char *to, size_t size, const char *name, const char *near, const char *folder)
{
	char own[PATH_MAX];
	char moved[PATH_MAX];

	if (fs_program_dir(own, sizeof(own)) == 0) {
		if (fs_join(to, size, own, name) == 0 && access(to, X_OK) == 0) {
			return 0;
		}
		if (fs_join(moved, sizeof(moved), own, near) == 0 &&
			fs_join(to, size, moved, name) == 0 && access(to, X_OK) == 0) {
			return 0;
		}
	}
	return fs_join(to, size, folder, name) == 0 && access(to, X_OK) == 0 ? 0 : -ENOENT;
}

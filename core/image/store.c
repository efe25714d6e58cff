#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

static const char *const kinds[] = {
	[STORE_SOURCE] = "source",
	[STORE_REFERENCE] = "reference",
	[STORE_OTHER] = "other",
};

static const char *const extensions[] = {"jpg", "jpeg", "png", "webp"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool store_is_full(int result)
{
	return result == -ENOSPC || result == -EDQUOT;
}

int store_prepare(const struct store_config *store, struct err *err)
{
	char path[STORE_PATH_SIZE];
	int result = fs_mkdir_all(store->results, 0755);

	if (result < 0) {
		return err_set(err, result, "the folder of the results, %s, cannot be made: %s",
			store->results, strerror(-result));
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		result = fs_join(path, sizeof(path), store->uploads, kinds[i]);
		if (result == 0) {
			result = fs_mkdir_all(path, 0755);
		}
		if (result < 0) {
			return err_set(err, result,
				"the folder of the uploads, %s/%s, cannot be made: %s",
				store->uploads, kinds[i], strerror(-result));
		}
	}
	return 0;
}

/* Opens a name in a folder: a regular file, no link, no waiting for a pipe's other end. */
static int open_regular(int folder, const char *name, struct stat *ret_st)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int result = 0;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, ret_st) < 0) {
		result = -errno;
	} else if (!S_ISREG(ret_st->st_mode)) {
		result = -EACCES;
	}
	if (result < 0) {
		fs_close(fd);
		return result;
	}
	return fd;
}

/* Opens <uploads>/<kind>/<id>.<any extension>; -ENOENT when there is none. */
static int open_in_kind(int uploads, const char *kind, const char *id, struct stat *ret_st)
{
	int folder = openat(uploads, kind, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = -ENOENT;

	if (folder < 0) {
		return -errno;
	}
	for (size_t i = 0; i < COUNT(extensions) && fd == -ENOENT; i++) {
		char name[STORE_NAME_SIZE];

		(void)snprintf(name, sizeof(name), "%s.%s", id, extensions[i]);
		fd = open_regular(folder, name, ret_st);
	}
	fs_close(folder);
	return fd;
}

static int open_upload(
	const struct store_config *store, const char *id, struct err *err, struct stat *ret_st)
{
	int uploads = open(store->uploads, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -ENOENT;

	if (uploads < 0) {
		return err_set(err, -errno, "the folder of the uploads cannot be opened: %s",
			strerror(errno));
	}
	for (size_t i = 0; i < COUNT(kinds) && fd == -ENOENT; i++) {
		fd = open_in_kind(uploads, kinds[i], id, ret_st);
	}
	fs_close(uploads);
	if (fd == -ENOENT) {
		return err_set(err, fd, "there is no image %s", id);
	}
	if (fd < 0) {
		return err_set(err, fd, "the image %s cannot be opened: %s", id, strerror(-fd));
	}
	return fd;
}

static int check_bytes(
	const struct store_config *store, const char *what, uint64_t size, struct err *err)
{
	if (size > store->max_upload_size) {
		return err_set(err, -EFBIG,
			"%s has %" PRIu64 " bytes, at most %" PRIu64 " are taken", what, size,
			store->max_upload_size);
	}
	return 0;
}

int store_open_input(const struct store_config *store, const char *id, struct err *err, int *ret_fd)
{
	struct stat st;
	int result;
	int fd;

	if (!ident_is_image_id(id, strlen(id))) {
		return err_set(err, -EINVAL, "this is not an image's id: \"%.64s\"", id);
	}
	fd = open_upload(store, id, err, &st);
	if (fd < 0) {
		return fd;
	}
	result = check_bytes(store, id, (uint64_t)st.st_size, err);
	if (result < 0) {
		fs_close(fd);
		return result;
	}
	*ret_fd = fd;
	return 0;
}

/* Opens a result by its file name, which has the form of one and so is no path. */
static int open_result(
	const struct store_config *store, const char *name, struct err *err, int *ret_fd)
{
	struct stat st;
	int folder = open(store->results, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (folder < 0) {
		return err_set(err, -errno, "the folder of the results cannot be opened: %s",
			strerror(errno));
	}
	fd = open_regular(folder, name, &st);
	fs_close(folder);
	if (fd == -ENOENT) {
		return err_set(err, fd, "there is no result %s", name);
	}
	if (fd < 0) {
		return err_set(err, fd, "the result %s cannot be opened: %s", name, strerror(-fd));
	}
	*ret_fd = fd;
	return 0;
}

int store_open_image(
	const struct store_config *store, const char *name, struct err *err, int *ret_fd)
{
	static const char prefix[] = "/results/";
	struct stat st;
	int fd;

	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
		name += sizeof(prefix) - 1;
	}
	if (store_is_result_name(name)) {
		return open_result(store, name, err, ret_fd);
	}
	if (!ident_is_image_id(name, strlen(name))) {
		return err_set(err, -EINVAL,
			"this is neither an image's id nor a result's name: \"%.64s\"", name);
	}
	fd = open_upload(store, name, err, &st);
	if (fd < 0) {
		return fd;
	}
	*ret_fd = fd;
	return 0;
}

/* Whether a file may be stored, by its size and its header. */
static int check_upload(const struct store_config *store, int fd, const char *what, struct err *err,
	struct image_info *ret_info)
{
	struct err why = {0};
	struct stat st;
	int result;

	if (fstat(fd, &st) < 0) {
		return err_set(err, -errno, "%s cannot be read: %s", what, strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		return err_set(err, -EINVAL, "%s is not a file", what);
	}
	result = check_bytes(store, what, (uint64_t)st.st_size, err);
	if (result < 0) {
		return result;
	}
	result = sniff_fd(fd, &why, ret_info);
	if (result < 0) {
		return err_set(err, result, "%s: %s", what, why.text);
	}
	if (ret_info->animated) {
		return err_set(err, -EINVAL, "%s is an animation: send a single picture", what);
	}
	if ((uint64_t)ret_info->width * ret_info->height > store->max_pixels) {
		return err_set(err, -EFBIG,
			"%s is %ux%u pixels, at most %" PRIu64 " pixels are taken", what,
			ret_info->width, ret_info->height, store->max_pixels);
	}
	return 0;
}

int store_put_fd(const struct store_config *store, int fd, const char *what, enum store_kind kind,
	struct err *err, char ret_id[IDENT_ID_SIZE])
{
	char path[STORE_PATH_SIZE];
	char id[IDENT_ID_SIZE];
	struct image_info info;
	int result = check_upload(store, fd, what, err, &info);
	int len;

	if (result < 0) {
		return result;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		return err_set(err, -errno, "%s cannot be read: %s", what, strerror(errno));
	}
	ident_make("img", id);
	len = snprintf(path, sizeof(path), "%s/%s", store->uploads, kinds[kind]);
	result = len < 0 || (size_t)len >= sizeof(path) ? -ENAMETOOLONG : fs_mkdir_all(path, 0755);
	if (result == 0) {
		len = snprintf(path, sizeof(path), "%s/%s/%s.%s", store->uploads, kinds[kind], id,
			image_type_extension(info.type));
		result = len < 0 || (size_t)len >= sizeof(path) ? -ENAMETOOLONG : 0;
	}
	if (result == 0) {
		result = fs_copy_to(fd, path, store->max_upload_size, 0644);
	}
	if (store_is_full(result)) {
		return err_set(err, result, "%s cannot be stored: the disk of %s is full", what,
			store->uploads);
	}
	if (result < 0) {
		return err_set(err, result, "%s cannot be stored in %s: %s", what, store->uploads,
			strerror(-result));
	}
	memcpy(ret_id, id, sizeof(id));
	return 0;
}

int store_put_file(const struct store_config *store, const char *path, enum store_kind kind,
	struct err *err, char ret_id[IDENT_ID_SIZE])
{
	/* O_NONBLOCK: opening a named pipe must not wait for its writer */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		return err_set(err, -errno, "%s cannot be opened: %s", path, strerror(errno));
	}
	result = store_put_fd(store, fd, path, kind, err, ret_id);
	fs_close(fd);
	return result;
}

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "image/store.h"

/* Every name that a task's results can have is its id and one of these. */
static const struct ending {
	enum store_role role;
	enum image_type type;
	const char *text;
} endings[] = {
	{STORE_OUTPUT, IMAGE_JPEG, "_output.jpg"},
	{STORE_OUTPUT, IMAGE_PNG, "_output.png"},
	{STORE_OUTPUT, IMAGE_WEBP, "_output.webp"},
	{STORE_THUMB, IMAGE_JPEG, "_thumb.jpg"},
	{STORE_COMPARISON, IMAGE_JPEG, "_comparison.jpg"},
};

#define ENDINGS (sizeof(endings) / sizeof(endings[0]))

bool store_is_result_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ENDINGS; i++) {
		size_t tail = strlen(endings[i].text);

		if (len > tail && strcmp(name + len - tail, endings[i].text) == 0) {
			return ident_is_task_id(name, len - tail);
		}
	}
	return false;
}

int store_result_path(const char *name, char *to, size_t size)
{
	int len = snprintf(to, size, "/results/%s", name);

	return len >= 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

static int open_results(const struct store_config *store, struct err *err)
{
	int folder = open(store->results, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0) {
		return err_set(err, -errno, "the folder of the results, %s, cannot be opened: %s",
			store->results, strerror(errno));
	}
	return folder;
}

/* Removes the results of a task whose bit in `keep` is not set. 0 or the first negative errno. */
static int remove_others(int folder, const char *task_id, unsigned keep)
{
	int result = 0;

	for (size_t i = 0; i < ENDINGS; i++) {
		char name[STORE_NAME_SIZE];

		if (keep & 1u << i) {
			continue;
		}
		(void)snprintf(name, sizeof(name), "%s%s", task_id, endings[i].text);
		if (unlinkat(folder, name, 0) < 0 && errno != ENOENT && result == 0) {
			result = -errno;
		}
	}
	return result;
}

int store_remove_results(const struct store_config *store, const char *task_id, struct err *err)
{
	int folder;
	int result;

	if (!ident_is_task_id(task_id, strlen(task_id))) {
		return err_set(err, -EINVAL, "this is not a task's id: \"%.64s\"", task_id);
	}
	folder = open_results(store, err);
	if (folder < 0) {
		return folder == -ENOENT ? 0 : folder;
	}
	result = remove_others(folder, task_id, 0);
	fs_close(folder);
	if (result < 0) {
		return err_set(err, result, "the results of %s cannot be removed: %s", task_id,
			strerror(-result));
	}
	return 0;
}

static int find_ending(const struct store_file *file)
{
	for (size_t i = 0; i < ENDINGS; i++) {
		if (endings[i].role == file->role && endings[i].type == file->type) {
			return (int)i;
		}
	}
	return -EINVAL;
}

/* Whoever wrote into the scratch folder is not trusted with what a published file is. */
static int check_scratch_file(
	int scratch, const struct store_file *file, struct err *err, uint64_t *ret_size)
{
	struct image_info info;
	struct stat st;
	int result = 0;
	int fd;

	if (!*file->name || strchr(file->name, '/') || find_ending(file) < 0) {
		return err_set(err, -EINVAL, "this is no result that can be published: \"%.64s\"",
			file->name);
	}
	fd = openat(scratch, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		return err_set(err, -errno, "the result %.64s cannot be opened: %s", file->name,
			strerror(errno));
	}
	if (fstat(fd, &st) < 0) {
		result = err_set(err, -errno, "the result %.64s cannot be read: %s", file->name,
			strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		result = err_set(err, -EINVAL, "the result %.64s is no regular file", file->name);
	} else {
		result = sniff_fd(fd, err, &info);
		if (result == 0 && info.type != file->type) {
			result = err_set(err, -EINVAL, "the result %.64s is a %s, not a %s",
				file->name, image_type_name(info.type),
				image_type_name(file->type));
		}
	}
	fs_close(fd);
	if (result == 0) {
		*ret_size = (uint64_t)st.st_size;
	}
	return result;
}

static char *name_of_role(struct store_published *published, enum store_role role)
{
	switch (role) {
	case STORE_OUTPUT:
		return published->output;
	case STORE_THUMB:
		return published->thumb;
	case STORE_COMPARISON:
		return published->comparison;
	}
	return published->output;
}

/* Gives the checked files their names. The bits of *keep say which names are new. */
static int rename_all(int scratch, int folder, const char *task_id, const struct store_file *files,
	size_t count, unsigned *keep, struct store_published *published)
{
	for (size_t i = 0; i < count; i++) {
		char *name = name_of_role(published, files[i].role);
		int ending = find_ending(&files[i]);

		(void)snprintf(name, STORE_NAME_SIZE, "%s%s", task_id, endings[ending].text);
		if (renameat(scratch, files[i].name, folder, name) < 0) {
			return -errno;
		}
		*keep |= 1u << ending;
	}
	return 0;
}

int store_publish(const struct store_config *store, const char *scratch, const char *task_id,
	const struct store_file *files, size_t count, struct err *err,
	struct store_published *ret_published)
{
	struct store_published published = {0};
	unsigned keep = 0;
	int from = -1;
	int folder = -1;
	int result = 0;

	if (!ident_is_task_id(task_id, strlen(task_id))) {
		return err_set(err, -EINVAL, "this is not a task's id: \"%.64s\"", task_id);
	}
	if (count == 0) {
		*ret_published = published;
		return 0;
	}
	folder = open_results(store, err);
	if (folder < 0) {
		return folder;
	}
	from = open(scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0) {
		result = err_set(err, -errno, "the scratch folder %s cannot be opened: %s", scratch,
			strerror(errno));
		goto out;
	}
	for (size_t i = 0; i < count && result == 0; i++) {
		uint64_t size = 0;

		result = check_scratch_file(from, &files[i], err, &size);
		if (result == 0 && files[i].role == STORE_OUTPUT) {
			published.output_size = size;
		}
	}
	if (result < 0) {
		goto out;
	}
	result = rename_all(from, folder, task_id, files, count, &keep, &published);
	if (result == 0) {
		result = remove_others(folder, task_id, keep);
	}
	if (result == 0 && fsync(folder) < 0) {
		result = -errno;
	}
	if (result < 0) {
		result = err_set(err, result, "the results of %s cannot be published in %s: %s",
			task_id, store->results, strerror(-result));
		goto out;
	}
	*ret_published = published;
out:
	if (result < 0) {
		(void)remove_others(folder, task_id, 0);
	}
	fs_close(from);
	fs_close(folder);
	return result;
}

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "image/store.h"

static const char *const folders[] = {"source", "reference", "other"};

#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

static DIR *open_folder(const struct store_config *store, const char *name)
{
	char path[STORE_PATH_SIZE];
	DIR *dir;
	int fd;

	if (fs_join(path, sizeof(path), store->uploads, name) < 0) {
		return NULL;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		fs_close(fd);
	}
	return dir;
}

/* The id in the name of an upload; false when it is no such name. */
static bool read_name(const char *name, char id[LIMIT_IMAGE_ID + 1])
{
	static const char *const extensions[] = {".jpg", ".jpeg", ".png", ".webp"};
	const char *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : 0;

	for (size_t i = 0; dot && i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (strcmp(dot, extensions[i]) == 0 && ident_is_image_id(name, len)) {
			memcpy(id, name, len);
			id[len] = '\0';
			return true;
		}
	}
	return false;
}

static bool is_old(int dir, const char *name, int64_t before_s)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		st.st_mtime < before_s;
}

size_t store_find_old(
	const struct store_config *store, int64_t before_s, struct store_old *to, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		DIR *dir = open_folder(store, folders[i]);
		const struct dirent *entry;

		while (dir && count < max && (entry = readdir(dir))) {
			if (read_name(entry->d_name, to[count].id) &&
				is_old(dirfd(dir), entry->d_name, before_s)) {
				(void)text_copy(
					to[count].file, sizeof(to[count].file), entry->d_name);
				to[count].folder = folders[i];
				count++;
			}
		}
		if (dir) {
			(void)closedir(dir);
		}
	}
	return count;
}

void store_settle_old(const struct store_config *store, int64_t before_s,
	const struct store_old *old, bool needed)
{
	DIR *dir = open_folder(store, old->folder);

	if (dir && is_old(dirfd(dir), old->file, before_s)) {
		if (needed) {
			(void)utimensat(dirfd(dir), old->file, NULL, AT_SYMLINK_NOFOLLOW);
		} else {
			(void)unlinkat(dirfd(dir), old->file, 0);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
}

void store_note_use(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_mtime < time(NULL) - 3600) {
		(void)futimens(fd, NULL);
	}
}

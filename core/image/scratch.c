#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "image/store.h"

/* A worker lives as long as the lock on this file of its folder is held: that is true for a pid
 * that was reused, for one in another container, and for one on another host. */
#define LOCK_FILE ".lock"

/* What Redis could not be told yet: it outlives the worker. */
#define OUTCOMES "outcomes"

static int scratch_root(const struct store_config *store, char path[STORE_PATH_SIZE])
{
	return fs_join(path, STORE_PATH_SIZE, store->results, ".scratch");
}

static int worker_folder(
	const struct store_config *store, const char *worker, char path[STORE_PATH_SIZE])
{
	char root[STORE_PATH_SIZE];
	int result = scratch_root(store, root);

	if (result < 0) {
		return result;
	}
	if (!*worker || *worker == '.' || strchr(worker, '/')) {
		return -EINVAL;
	}
	return fs_join(path, STORE_PATH_SIZE, root, worker);
}

/* Opens a lock file and takes its lock; operation as in flock(2). */
static int take_lock(const char *folder, int flags, int operation)
{
	char path[STORE_PATH_SIZE];
	int result = fs_join(path, sizeof(path), folder, LOCK_FILE);
	int fd;

	if (result < 0) {
		return result;
	}
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	if (fd < 0) {
		return -errno;
	}
	while (flock(fd, operation) < 0) {
		if (errno != EINTR) {
			result = -errno;
			fs_close(fd);
			return result;
		}
	}
	return fd;
}

/* Empties a folder, which stays. With spare, a worker's: its lock and its outcomes stay too. */
static int clear_folder(const char *path, bool spare)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	int result = 0;
	DIR *dir;

	if (fd < 0) {
		return -errno;
	}
	dir = fdopendir(fd);
	if (!dir) {
		result = -errno;
		fs_close(fd);
		return result;
	}
	while ((entry = readdir(dir))) {
		char child[STORE_PATH_SIZE];
		int removed = 0;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			(spare &&
				(strcmp(entry->d_name, LOCK_FILE) == 0 ||
					strcmp(entry->d_name, OUTCOMES) == 0))) {
			continue;
		}
		if (unlinkat(fd, entry->d_name, 0) < 0) {
			removed = fs_join(child, sizeof(child), path, entry->d_name);
			removed = removed < 0 ? removed : fs_remove_tree(child);
		}
		result = result < 0 ? result : removed;
	}
	(void)closedir(dir);
	return result;
}

/* Moves the files of one folder, which may be missing, into another, which is made. */
static int move_files(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	const struct dirent *entry;
	bool moved = false;
	int result = 0;

	if (!dir) {
		return errno == ENOENT ? 0 : -errno;
	}
	while (result == 0 && (entry = readdir(dir))) {
		char old_path[STORE_PATH_SIZE];
		char new_path[STORE_PATH_SIZE];

		if (entry->d_name[0] == '.') {
			continue;
		}
		result = fs_mkdir_all(to, 0700);
		result = result < 0 ? result
				    : fs_join(old_path, sizeof(old_path), from, entry->d_name);
		result = result < 0 ? result
				    : fs_join(new_path, sizeof(new_path), to, entry->d_name);
		if (result == 0 && rename(old_path, new_path) < 0) {
			result = -errno;
		}
		moved = true;
	}
	(void)closedir(dir);
	if (moved && result == 0) {
		char any[STORE_PATH_SIZE];

		result = fs_join(any, sizeof(any), to, "any");
		result = result < 0 ? result : fs_sync_dir_of(any);
	}
	return result;
}

/* Removes a folder of a worker that is no more, but for outcomes that nobody has written yet. */
static void remove_folder(const char *path)
{
	char outcomes[STORE_PATH_SIZE];

	if (fs_join(outcomes, sizeof(outcomes), path, OUTCOMES) < 0) {
		return;
	}
	if (rmdir(outcomes) == 0 || errno == ENOENT || errno == ENOTDIR) {
		(void)fs_remove_tree(path);
	} else {
		(void)clear_folder(path, true);
	}
}

/* Removes what no worker holds. The root's lock is held, so no folder is just being made.
 * heir: folder that takes over outcomes, or NULL. */
static void sweep_locked(const char *root, const char *heir)
{
	DIR *dir = opendir(root);
	const struct dirent *entry;

	if (!dir) {
		return;
	}
	while ((entry = readdir(dir))) {
		char path[STORE_PATH_SIZE];
		char outcomes[STORE_PATH_SIZE];
		int lock;

		if (entry->d_name[0] == '.' ||
			fs_join(path, sizeof(path), root, entry->d_name) < 0 ||
			fs_join(outcomes, sizeof(outcomes), path, OUTCOMES) < 0) {
			continue;
		}
		lock = take_lock(path, 0, LOCK_EX | LOCK_NB);
		if (lock >= 0 || lock == -ENOENT || lock == -ENOTDIR) {
			if (heir) {
				(void)move_files(outcomes, heir);
			}
			remove_folder(path);
		}
		fs_close(lock);
	}
	(void)closedir(dir);
}

/* Makes the root where it is missing and takes its lock. */
static int lock_root(const struct store_config *store, char root[STORE_PATH_SIZE])
{
	int result = scratch_root(store, root);

	if (result == 0) {
		result = fs_mkdir_all(store->results, 0755);
	}
	if (result == 0) {
		result = fs_mkdir_all(root, 0700);
	}
	return result < 0 ? result : take_lock(root, O_CREAT, LOCK_EX);
}

int store_scratch_open(
	const struct store_config *store, const char *worker, struct err *err, int *ret_lock)
{
	char root[STORE_PATH_SIZE];
	char path[STORE_PATH_SIZE];
	char outcomes[STORE_PATH_SIZE];
	int result = worker_folder(store, worker, path);
	int guard;
	int lock;

	if (result == 0) {
		result = fs_join(outcomes, sizeof(outcomes), path, OUTCOMES);
	}
	if (result < 0) {
		return err_set(err, result, "the scratch folder of %s cannot be named", worker);
	}
	guard = lock_root(store, root);
	if (guard < 0) {
		return err_set(err, guard, "the scratch folder in %s cannot be made: %s",
			store->results, strerror(-guard));
	}
	result = fs_mkdir_all(path, 0700);
	lock = result < 0 ? result : take_lock(path, O_CREAT, LOCK_EX | LOCK_NB);
	if (lock >= 0) {
		(void)clear_folder(path, true);
		sweep_locked(root, outcomes);
	}
	fs_close(guard);
	if (lock == -EWOULDBLOCK) {
		return err_set(
			err, -EBUSY, "another worker that runs holds the scratch folder %s", path);
	}
	if (lock < 0) {
		return err_set(err, lock, "the scratch folder %s cannot be used: %s", path,
			strerror(-lock));
	}
	*ret_lock = lock;
	return 0;
}

int store_scratch_dir(const struct store_config *store, const char *worker, unsigned slot,
	struct err *err, char ret_path[STORE_PATH_SIZE])
{
	char folder[STORE_PATH_SIZE];
	char path[STORE_PATH_SIZE];
	char name[16];
	int result = worker_folder(store, worker, folder);

	if (result == 0) {
		(void)snprintf(name, sizeof(name), "%u", slot);
		result = fs_join(path, sizeof(path), folder, name);
	}
	if (result == 0 && mkdir(path, 0700) < 0) {
		result = errno == EEXIST ? store_scratch_clear(path) : -errno;
	}
	if (result < 0) {
		return err_set(err, result,
			"the scratch folder of slot %u of %s cannot be made: %s", slot, worker,
			strerror(-result));
	}
	memcpy(ret_path, path, sizeof(path));
	return 0;
}

int store_scratch_outcomes(
	const struct store_config *store, const char *worker, char ret_path[STORE_PATH_SIZE])
{
	char folder[STORE_PATH_SIZE];
	int result = worker_folder(store, worker, folder);

	return result < 0 ? result : fs_join(ret_path, STORE_PATH_SIZE, folder, OUTCOMES);
}

int store_scratch_clear(const char *path)
{
	return clear_folder(path, false);
}

bool store_scratch_is_clean(const char *path, const struct timespec *seen)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_mtim.tv_sec == seen->tv_sec &&
		st.st_mtim.tv_nsec == seen->tv_nsec;
}

void store_scratch_tidy(const char *path, struct timespec *seen)
{
	struct stat st;

	if (!store_scratch_is_clean(path, seen) && store_scratch_clear(path) == 0 &&
		stat(path, &st) == 0) {
		*seen = st.st_mtim;
	}
}

void store_scratch_close(const struct store_config *store, const char *worker, int lock)
{
	char path[STORE_PATH_SIZE];
	char root[STORE_PATH_SIZE];
	int guard = lock_root(store, root);

	if (guard >= 0 && worker_folder(store, worker, path) == 0) {
		remove_folder(path);
	}
	fs_close(lock);
	fs_close(guard);
}

void store_scratch_sweep(const struct store_config *store)
{
	char root[STORE_PATH_SIZE];
	int guard = lock_root(store, root);

	if (guard >= 0) {
		sweep_locked(root, NULL);
	}
	fs_close(guard);
}

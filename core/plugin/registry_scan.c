#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/fs.h"
#include "plugin/registry_private.h"
#include "plugin/trust.h"
#include "plugin/version.h"

#define PATH_SIZE 4096

/* The file of a real path, or NULL. */
static bool is_known(const struct registry *registry, const struct plugin_identity *identity)
{
	for (size_t i = 0; i < registry->count; i++) {
		const struct plugin_version *version = registry->entries[i]->version;

		if (version && version->identity.device == identity->device &&
			version->identity.inode == identity->inode) {
			return true;
		}
	}
	return false;
}

static int add_entry(
	struct registry *registry, const char *path, struct err *err, struct plugin_file **ret_file)
{
	struct plugin_file *file;

	if (registry->count == LIMIT_PLUGINS) {
		return err_set(err, -E2BIG,
			"%s: there are more than %d plugins; it and the rest are left out", path,
			LIMIT_PLUGINS);
	}
	file = calloc(1, sizeof(*file));
	if (!file || !(file->path = strdup(path))) {
		free(file);
		return err_set(err, -ENOMEM, "out of memory");
	}
	registry->entries[registry->count++] = file;
	*ret_file = file;
	return 0;
}

static void set_version(struct plugin_file *file, struct plugin_version *version)
{
	version_release(file->version);
	file->version = version;
}

static void keep(struct plugin_file *file, struct plugin_version *version)
{
	version_release(file->kept);
	file->kept = version;
}

/* The file is as it was: so is what is known of it. */
static void take_over(
	struct registry *registry, struct plugin_file *file, const struct plugin_file *before)
{
	set_version(file, version_hold(before->version));
	keep(file, version_hold(before->kept));
	registry_settle_state(registry, file);
	if (!before->version) {
		(void)registry_set_state(file, before->state, before->reason);
	}
}

/* Not to be loaded. What served under the name before, from another file, goes on. */
static void refuse_file(struct registry *registry, struct plugin_file *file,
	const struct plugin_file *before, const struct plugin_identity *identity, const char *why)
{
	struct plugin_version *serving = before ? plugin_file_serving(before) : NULL;

	if (serving && !version_same_identity(&serving->identity, identity)) {
		keep(file, version_hold(serving));
	}
	registry_settle_state(registry, file);
	(void)registry_set_state(file, PLUGIN_REFUSED, why);
}

/* A file that was written or came here less than this ago may still be written. */
static bool is_settled(const struct plugin_identity *identity)
{
	struct timespec now;
	int64_t age_ns;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - identity->changed_ns;
	/* one of the future: a clock was set, and nothing can be known */
	return age_ns < 0 || age_ns >= REGISTRY_SETTLE_MS * 1000000LL;
}

/* Reads what is new. -EAGAIN: it is being written. */
static int read_file(struct registry *registry, struct plugin_file *file,
	const struct plugin_file *before, int fd)
{
	struct plugin_version *serving = before ? plugin_file_serving(before) : NULL;
	struct plugin_version *version = NULL;
	char reason[ERR_TEXT_MAX];
	int result = version_create(fd, &version);

	if (result == -EAGAIN) {
		return result;
	}
	if (serving && !serving->quarantined) {
		keep(file, version_hold(serving));
	}
	if (result < 0) {
		registry_settle_state(registry, file);
		(void)snprintf(
			reason, sizeof(reason), "it cannot be copied: %s", strerror(-result));
		return registry_set_state(file, PLUGIN_CANNOT_LOAD, reason);
	}
	set_version(file, version);
	return 0;
}

static int fill_file(struct registry *registry, struct plugin_file *file,
	const struct plugin_file *before, const struct stat *st, enum registry_scan how)
{
	const struct plugin_identity identity = version_identity(st);
	struct err why = {0};
	int result;
	int fd = -1;

	result = trust_open_file(file->path, &why, &fd);
	if (result < 0) {
		refuse_file(registry, file, before, &identity, why.text);
		return 0;
	}
	if (before && before->version &&
		version_same_identity(&before->version->identity, &identity)) {
		take_over(registry, file, before);
		if (how == SCAN_ALL &&
			(before->version->state == PLUGIN_REFUSED ||
				before->version->state == PLUGIN_CRASHED)) {
			file->state = PLUGIN_FOUND;
		}
	} else {
		bool fresh = !is_settled(&identity) && (how == SCAN_SETTLED || before);

		result = fresh ? -EAGAIN : read_file(registry, file, before, fd);
		if (result == -EAGAIN) {
			registry->unsettled = true;
			if (before) {
				take_over(registry, file, before);
				result = 0;
			}
		}
	}
	fs_close(fd);
	return result;
}

static int add_file(struct registry *registry, const struct registry *previous, const char *folder,
	const char *name, enum registry_scan how, struct err *err)
{
	const struct plugin_file *before;
	struct plugin_identity identity;
	struct plugin_file *file = NULL;
	char path[PATH_SIZE];
	struct stat st;
	int result;

	if (fs_join(path, sizeof(path), folder, name) < 0) {
		return err_set(
			err, -ENAMETOOLONG, "%s: the name of a plugin in it is too long", folder);
	}
	/* a name that went away, or points nowhere, is not there */
	if (stat(path, &st) < 0) {
		return 0;
	}
	identity = version_identity(&st);
	if (is_known(registry, &identity) || registry_find_path(registry, path)) {
		return 0;
	}
	before = previous ? registry_find_path(previous, path) : NULL;
	result = add_entry(registry, path, err, &file);
	if (result < 0) {
		return result;
	}
	if (fill_file(registry, file, before, &st, how) < 0) {
		/* it is not there yet */
		registry->entries[--registry->count] = NULL;
		free(file->path);
		free(file);
	}
	return 0;
}

static int is_plugin_name(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int registry_scan(struct registry *registry, const struct registry *previous, const char *folder,
	enum registry_scan how, struct err *err)
{
	struct dirent **names = NULL;
	int result = 0;
	int count = scandir(folder, &names, is_plugin_name, by_bytes);

	if (count < 0) {
		int code = errno;

		return err_set(err, -code, "%s: the folder of plugins cannot be read: %s", folder,
			strerror(code));
	}
	for (int i = 0; i < count; i++) {
		if (result == 0) {
			result = add_file(registry, previous, folder, names[i]->d_name, how, err);
		}
		free(names[i]);
	}
	free(names);
	return result;
}

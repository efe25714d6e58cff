#include "plugin/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/limits.h"
#include "plugin/descriptor.h"

#define PATH_SIZE 4096

struct registry {
	struct plugin_file *entries[LIMIT_PLUGINS];
	size_t count;
};

static const char *const state_names[] = {
	[PLUGIN_FOUND] = "found",
	[PLUGIN_READY] = "ready",
	[PLUGIN_OFF] = "off",
	[PLUGIN_CANNOT_LOAD] = "cannot-load",
	[PLUGIN_REFUSED] = "refused",
	[PLUGIN_CRASHED] = "crashed",
	[PLUGIN_QUARANTINED] = "quarantined",
};

#define STATES (sizeof(state_names) / sizeof(state_names[0]))

const char *plugin_state_name(enum plugin_state state)
{
	return (size_t)state < STATES ? state_names[state] : "unknown";
}

enum plugin_state plugin_state_of_name(const char *name)
{
	for (size_t i = 0; name && i < STATES; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			return (enum plugin_state)i;
		}
	}
	return PLUGIN_CRASHED;
}

int registry_create(struct registry **ret_registry)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry) {
		return -ENOMEM;
	}
	*ret_registry = registry;
	return 0;
}

void registry_destroy(struct registry *registry)
{
	if (!registry) {
		return;
	}
	for (size_t i = 0; i < registry->count; i++) {
		struct plugin_file *file = registry->entries[i];

		free(file->path);
		free(file->reason);
		descriptor_destroy(file->descriptor);
		free(registry->entries[i]);
	}
	free(registry);
}

static bool is_known(const struct registry *registry, const struct stat *st)
{
	for (size_t i = 0; i < registry->count; i++) {
		if (registry->entries[i]->identity.device == st->st_dev &&
			registry->entries[i]->identity.inode == st->st_ino) {
			return true;
		}
	}
	return false;
}

static int add_file(
	struct registry *registry, const char *folder, const char *name, struct err *err)
{
	char path[PATH_SIZE];
	struct plugin_file *entry;
	struct stat st;

	if (fs_join(path, sizeof(path), folder, name) < 0) {
		return err_set(
			err, -ENAMETOOLONG, "%s: the name of a plugin in it is too long", folder);
	}
	/* a name that went away, or points nowhere, is not there */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || is_known(registry, &st)) {
		return 0;
	}
	if (registry->count == LIMIT_PLUGINS) {
		return err_set(err, -E2BIG,
			"%s: there are more than %d plugins; the rest is left out", folder,
			LIMIT_PLUGINS);
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry || !(entry->path = strdup(path))) {
		free(entry);
		return err_set(err, -ENOMEM, "out of memory");
	}
	entry->identity = (struct plugin_identity){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = st.st_size,
		.changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
	};
	registry->entries[registry->count++] = entry;
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

int registry_scan(struct registry *registry, const char *folder, struct err *err)
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
			result = add_file(registry, folder, names[i]->d_name, err);
		}
		free(names[i]);
	}
	free(names);
	return result;
}

bool plugin_file_same(const struct plugin_file *a, const struct plugin_file *b)
{
	return strcmp(a->path, b->path) == 0 && a->identity.device == b->identity.device &&
		a->identity.inode == b->identity.inode && a->identity.size == b->identity.size &&
		a->identity.changed_ns == b->identity.changed_ns;
}

size_t registry_count(const struct registry *registry)
{
	return registry->count;
}

struct plugin_file *registry_at(struct registry *registry, size_t index)
{
	return index < registry->count ? registry->entries[index] : NULL;
}

int registry_set_state(struct plugin_file *file, enum plugin_state state, const char *reason)
{
	char *copy = reason ? strdup(reason) : NULL;

	free(file->reason);
	file->reason = copy;
	file->state = state;
	return reason && !copy ? -ENOMEM : 0;
}

/* Two files of one id: neither is used, as nobody could say which of them is meant. */
static void refuse_pair(struct plugin_file *file, const struct plugin_file *other)
{
	char reason[ERR_TEXT_MAX];

	(void)snprintf(reason, sizeof(reason),
		"its id \"%s\" is also that of %s; remove one of the two files",
		file->descriptor->id, other->path);
	/* without memory the state counts and the reason is lost */
	(void)registry_set_state(file, PLUGIN_REFUSED, reason);
}

void registry_set_descriptor(
	struct registry *registry, struct plugin_file *file, struct descriptor *descriptor)
{
	descriptor_destroy(file->descriptor);
	file->descriptor = descriptor;
	(void)registry_set_state(file, PLUGIN_READY, NULL);
	for (size_t i = 0; i < registry->count; i++) {
		struct plugin_file *other = registry->entries[i];

		if (other == file || !other->descriptor ||
			strcmp(other->descriptor->id, descriptor->id) != 0) {
			continue;
		}
		refuse_pair(file, other);
		refuse_pair(other, file);
	}
}

static bool is_usable(const struct plugin_file *file)
{
	return file->descriptor && (file->state == PLUGIN_READY || file->state == PLUGIN_OFF);
}

/* Adds a file's path to a list for a message: "a.so", "a.so and b.so". */
static void add_path(struct buf *paths, const struct plugin_file *file)
{
	buf_printf(paths, "%s%s", paths->len > 0 ? " and " : "", file->path);
}

int registry_find_mode(const struct registry *registry, const char *mode, const char *wanted,
	struct err *err, struct plugin_file **ret_file, const struct descriptor_mode **ret_mode)
{
	struct plugin_file *found = NULL;
	struct buf paths = {0};
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < registry->count; i++) {
		struct plugin_file *file = registry->entries[i];

		if (!is_usable(file) || !descriptor_find_mode(file->descriptor, mode) ||
			(wanted && strcmp(file->descriptor->id, wanted) != 0)) {
			continue;
		}
		found = file;
		add_path(&paths, file);
		count++;
	}
	if (count == 0) {
		result = wanted
			? err_set(err, -ENOENT,
				  "no plugin of id \"%s\" that can be used has mode %s", wanted,
				  mode)
			: err_set(err, -ENOENT, "no plugin that can be used has mode %s", mode);
	} else if (count > 1) {
		result = err_set(err, -ENOTUNIQ,
			"mode %s is in %.300s; name one by mode \"%s\" { plugin = \"ID\" }", mode,
			buf_failed(&paths) ? "several plugins" : buf_cstr(&paths), mode);
	} else {
		*ret_file = found;
		if (ret_mode) {
			*ret_mode = descriptor_find_mode(found->descriptor, mode);
		}
	}
	buf_finish(&paths);
	return result;
}

int registry_find_engine(const struct registry *registry, const char *type, struct err *err,
	struct plugin_file **ret_file, const struct descriptor_engine **ret_engine)
{
	struct plugin_file *found = NULL;
	struct buf paths = {0};
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < registry->count; i++) {
		struct plugin_file *file = registry->entries[i];

		if (!is_usable(file) || !descriptor_find_engine(file->descriptor, type)) {
			continue;
		}
		found = file;
		add_path(&paths, file);
		count++;
	}
	if (count == 0) {
		result = err_set(err, -ENOENT,
			"no plugin that can be used has engines of type \"%s\"", type);
	} else if (count > 1) {
		result = err_set(err, -ENOTUNIQ,
			"engines of type \"%s\" are in %.300s; remove all but one of these files",
			type, buf_failed(&paths) ? "several plugins" : buf_cstr(&paths));
	} else {
		*ret_file = found;
		if (ret_engine) {
			*ret_engine = descriptor_find_engine(found->descriptor, type);
		}
	}
	buf_finish(&paths);
	return result;
}

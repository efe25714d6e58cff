#include "plugin/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "plugin/registry_private.h"
#include "plugin/version.h"

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

const char *plugin_state_hint(enum plugin_state state)
{
	switch (state) {
	case PLUGIN_CANNOT_LOAD:
		return "it is tried again every few seconds";
	case PLUGIN_REFUSED:
	case PLUGIN_CRASHED:
		return "it is tried again when the file or its rights change, and at a HUP";
	case PLUGIN_QUARANTINED:
		return "replace the file, or give its id to: formy plugin release";
	default:
		return "";
	}
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
		version_release(file->version);
		version_release(file->kept);
		free(file);
	}
	free(registry);
}

struct plugin_version *plugin_file_serving(const struct plugin_file *file)
{
	struct plugin_version *version = file->kept ? file->kept : file->version;

	return version && version->state == PLUGIN_READY ? version : NULL;
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
	file->clashes = true;
}

void registry_settle_state(struct registry *registry, struct plugin_file *file)
{
	const struct plugin_version *serving = plugin_file_serving(file);
	char reason[ERR_TEXT_MAX];

	file->descriptor = serving ? serving->descriptor : NULL;
	if (!serving || file->kept) {
		const struct plugin_version *version = file->version;

		(void)snprintf(reason, sizeof(reason), "%s%s",
			version && version->reason ? version->reason : "",
			serving ? "; the version that was here before serves on" : "");
		if (version) {
			(void)registry_set_state(file, version->state, reason[0] ? reason : NULL);
		}
	} else {
		(void)registry_set_state(file, PLUGIN_READY, NULL);
	}
	if (!serving) {
		return;
	}
	if (serving->quarantined) {
		(void)snprintf(reason, sizeof(reason),
			"its process died on %u different tasks in a row, the last of them %s",
			serving->crashed_tasks, serving->crashed_task);
		(void)registry_set_state(file, PLUGIN_QUARANTINED, reason);
	}
	for (size_t i = 0; i < registry->count; i++) {
		struct plugin_file *other = registry->entries[i];

		if (other != file && other->descriptor &&
			strcmp(other->descriptor->id, file->descriptor->id) == 0) {
			refuse_pair(file, other);
			refuse_pair(other, file);
		}
	}
}

bool registry_is_unsettled(const struct registry *registry)
{
	return registry->unsettled;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool registry_same(const struct registry *a, const struct registry *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		const struct plugin_file *one = a->entries[i];
		const struct plugin_file *other = b->entries[i];

		if (strcmp(one->path, other->path) != 0 || one->version != other->version ||
			one->kept != other->kept || one->state != other->state ||
			!same_text(one->reason, other->reason)) {
			return false;
		}
	}
	return true;
}

size_t registry_count(const struct registry *registry)
{
	return registry->count;
}

struct plugin_file *registry_at(struct registry *registry, size_t index)
{
	return index < registry->count ? registry->entries[index] : NULL;
}

const struct plugin_file *registry_find_path(const struct registry *registry, const char *path)
{
	for (size_t i = 0; i < registry->count; i++) {
		if (strcmp(registry->entries[i]->path, path) == 0) {
			return registry->entries[i];
		}
	}
	return NULL;
}

int registry_set_state(struct plugin_file *file, enum plugin_state state, const char *reason)
{
	char *copy = reason ? strdup(reason) : NULL;

	free(file->reason);
	file->reason = copy;
	file->state = state;
	return reason && !copy ? -ENOMEM : 0;
}

void registry_set_descriptor(
	struct registry *registry, struct plugin_file *file, struct descriptor *descriptor)
{
	struct plugin_version *version = file->version;

	descriptor_destroy(version->descriptor);
	version->descriptor = descriptor;
	version_set_state(version, PLUGIN_READY, NULL);
	version_release(file->kept);
	file->kept = NULL;
	registry_settle_state(registry, file);
}

void registry_set_failed(struct registry *registry, struct plugin_file *file,
	enum plugin_state state, const char *reason)
{
	version_set_state(file->version, state, reason);
	registry_settle_state(registry, file);
}

static bool is_usable(const struct plugin_file *file)
{
	/* one that clashes or is in quarantine has a descriptor too, as people want to see its id */
	return file->descriptor &&
		(file->state == PLUGIN_READY || file->state == PLUGIN_OFF ||
			(file->kept && !file->clashes && !file->kept->quarantined));
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

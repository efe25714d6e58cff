#include "executor/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "plugin/descriptor.h"

/* Major numbers that are asked for to tell a person what else a file is. */
#define MAJORS 10

typedef const formy_plugin *(*entry_function)(void);

static int check_file(const char *path, struct err *err)
{
	unsigned char magic[SELFMAG] = {0};
	struct stat st;
	int result = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0) {
		result = -errno;
		fs_close(fd);
		return err_set(err, result, "it cannot be read: %s", strerror(-result));
	}
	if (!S_ISREG(st.st_mode)) {
		result = err_set(err, -EINVAL, "it is not a regular file");
	} else if (st.st_mode & S_IWOTH) {
		result = err_set(
			err, -EPERM, "everybody may write to it; take that right away (chmod o-w)");
	} else if (read(fd, magic, sizeof(magic)) != sizeof(magic) ||
		memcmp(magic, ELFMAG, SELFMAG) != 0) {
		result = err_set(err, -ENOEXEC, "it is not a shared library");
	}
	fs_close(fd);
	return result;
}

/* Whether the file is a plugin of another major ABI. */
static int explain_no_entry(void *handle, struct err *err)
{
	for (unsigned major = 0; major < MAJORS; major++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "formy_plugin_%u", major);
		if (major != FORMY_ABI_MAJOR && dlsym(handle, name)) {
			return err_set(err, -ELIBBAD,
				"it was built for ABI %u, this worker has ABI %u.%u; build it with "
				"the formy/plugin.h of this version",
				major, FORMY_ABI_MAJOR, FORMY_ABI_MINOR);
		}
	}
	return err_set(
		err, -ELIBBAD, "it is not a plugin: it does not export " FORMY_PLUGIN_ENTRY_NAME);
}

static int call_entry(void *handle, struct err *err, const formy_plugin **ret_plugin)
{
	entry_function entry = NULL;
	const formy_plugin *plugin;
	void *symbol = dlsym(handle, FORMY_PLUGIN_ENTRY_NAME);

	if (!symbol) {
		return explain_no_entry(handle, err);
	}
	/* POSIX wants this conversion to work, C has no words for it */
	memcpy(&entry, &symbol, sizeof(entry));
	plugin = entry();
	if (!plugin) {
		return err_set(err, -ELIBBAD, FORMY_PLUGIN_ENTRY_NAME "() returned NULL");
	}
	if (entry() != plugin) {
		return err_set(err, -ELIBBAD,
			FORMY_PLUGIN_ENTRY_NAME "() returned another pointer at the second call");
	}
	*ret_plugin = plugin;
	return 0;
}

/* The descriptor's own checks count here as the supervisor's do, so both see the same plugin. */
static int describe(const formy_plugin *plugin, struct err *err, struct buf *json)
{
	struct descriptor *descriptor = NULL;
	int result = descriptor_to_json(plugin, err, json);

	if (result == 0) {
		result = descriptor_from_json(json->data, json->len, err, &descriptor);
	}
	descriptor_destroy(descriptor);
	return result == -ENOMEM || result == 0 ? result : -ELIBBAD;
}

int loader_open(
	const char *path, struct err *err, struct buf *descriptor, const formy_plugin **ret_plugin)
{
	const formy_plugin *plugin = NULL;
	char real[PATH_MAX];
	struct buf json = {0};
	void *handle;
	int result;

	if (!realpath(path, real)) {
		result = -errno;
		return err_set(err, result, "it cannot be read: %s", strerror(-result));
	}
	result = check_file(real, err);
	if (result < 0) {
		return result;
	}
	handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();

		return err_set(err, -ENOENT, "it cannot be loaded: %s",
			why ? why : "the loader gave no reason");
	}
	result = call_entry(handle, err, &plugin);
	if (result == 0) {
		result = describe(plugin, err, &json);
	}
	if (result == 0) {
		if (descriptor) {
			buf_add(descriptor, json.data, json.len);
		}
		*ret_plugin = plugin;
	}
	buf_finish(&json);
	return result;
}

const formy_mode *loader_find_mode(const formy_plugin *plugin, const char *name)
{
	for (size_t i = 0; plugin->modes && plugin->modes[i]; i++) {
		if (strcmp(plugin->modes[i]->name, name) == 0) {
			return plugin->modes[i];
		}
	}
	return NULL;
}

const formy_engine *loader_find_engine(const formy_plugin *plugin, const char *type)
{
	for (size_t i = 0; plugin->engines && plugin->engines[i]; i++) {
		if (strcmp(plugin->engines[i]->type, type) == 0) {
			return plugin->engines[i];
		}
	}
	return NULL;
}

bool loader_has_operation(const formy_engine *engine, const char *operation)
{
	if (!engine->operations) {
		return true;
	}
	for (size_t i = 0; engine->operations[i]; i++) {
		if (strcmp(engine->operations[i], operation) == 0) {
			return true;
		}
	}
	return false;
}

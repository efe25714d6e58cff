#include "executor/loader.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "plugin/descriptor.h"

/* Major numbers that are asked for to tell a person what else a file is. */
#define MAJORS 10

typedef const formy_plugin *(*entry_function)(void);

/* Linkers write the table of sections last: a file that ends before it was not copied whole. */
static bool is_whole(const void *data, size_t size)
{
	const Elf64_Ehdr *header = data;

	return size < sizeof(*header) || header->e_ident[EI_CLASS] != ELFCLASS64 ||
		header->e_shoff <= size;
}

/* Looks at the bytes without loading them. ret_beside: it looks for libraries beside itself. */
static int check_bytes(int fd, size_t size, bool *ret_beside, struct err *err)
{
	static const char origin[] = "$ORIGIN";
	static const char origin_braced[] = "${ORIGIN}";
	void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	int result = 0;

	if (size > 0 && data == MAP_FAILED) {
		return err_set(err, -errno, "it cannot be read: %s", strerror(errno));
	}
	if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0) {
		result = err_set(err, -ENOEXEC, "it is not a shared library");
	} else if (!is_whole(data, size)) {
		result = err_set(err, -ENODATA,
			"it is cut short at %zu bytes; copy it again, and wait for the end", size);
	} else {
		*ret_beside = memmem(data, size, origin, sizeof(origin) - 1) ||
			memmem(data, size, origin_braced, sizeof(origin_braced) - 1);
	}
	if (size > 0) {
		(void)munmap(data, size);
	}
	return result;
}

static int check_open(int fd, bool is_copy, bool *ret_beside, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return err_set(err, -errno, "it cannot be read: %s", strerror(errno));
	}
	if (!S_ISREG(st.st_mode)) {
		return err_set(err, -EINVAL, "it is not a regular file");
	}
	/* the rights of a copy say nothing */
	if (!is_copy && (st.st_mode & S_IWOTH)) {
		return err_set(
			err, -EPERM, "everybody may write to it; take that right away (chmod o-w)");
	}
	return check_bytes(fd, (size_t)st.st_size, ret_beside, err);
}

static int check_file(const char *path, int copy, bool *ret_beside, struct err *err)
{
	int fd = copy >= 0 ? copy : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int result;

	if (fd < 0) {
		return err_set(err, -errno, "it cannot be read: %s", strerror(errno));
	}
	result = check_open(fd, copy >= 0, ret_beside, err);
	if (copy < 0) {
		fs_close(fd);
	}
	return result;
}

static int load(const char *name, struct err *err, void **ret_handle)
{
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	const char *why = handle ? NULL : dlerror();
	size_t len = strlen(name);

	if (handle) {
		*ret_handle = handle;
		return 0;
	}
	/* the name of a copy tells nobody anything */
	if (why && strncmp(why, name, len) == 0 && why[len] == ':') {
		why += len + 1 + (why[len + 1] == ' ');
	}
	return err_set(
		err, -ENOENT, "it cannot be loaded: %s", why ? why : "the loader gave no reason");
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

int loader_open(const char *path, int fd, struct err *err, struct buf *descriptor,
	const formy_plugin **ret_plugin)
{
	const formy_plugin *plugin = NULL;
	char name[PATH_MAX];
	struct buf json = {0};
	bool beside = false;
	void *handle = NULL;
	int result;

	result = check_file(path, fd, &beside, err);
	if (result == 0 && (fd < 0 || beside)) {
		/* the loader takes a name without a slash for a library of the system */
		result = realpath(path, name)
			? 0
			: err_set(err, -errno, "it cannot be read: %s", strerror(errno));
	} else {
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	}
	if (result == 0) {
		result = load(name, err, &handle);
	}
	if (result < 0) {
		return result;
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

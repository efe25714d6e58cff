/* The plugin files of a worker, and what is known of each.
 *
 * The registry records, it runs nothing: whoever owns it scans the folders, has every file that is
 * PLUGIN_FOUND probed, and records the answer. It owns its files and their descriptors, which stay
 * where they are until registry_destroy(). One thread. */
#ifndef FORMY_PLUGIN_REGISTRY_H
#define FORMY_PLUGIN_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct descriptor;
struct descriptor_engine;
struct descriptor_mode;
struct err;
struct registry;

enum plugin_state {
	PLUGIN_FOUND,       /* not probed yet */
	PLUGIN_READY,       /* can be used */
	PLUGIN_OFF,         /* no mode or engine of it is enabled */
	PLUGIN_CANNOT_LOAD, /* the loader failed, perhaps for another file's sake: tried again */
	PLUGIN_REFUSED,     /* it breaks a rule of the ABI, or clashes with another */
	PLUGIN_CRASHED,     /* it ended or hung its probe */
	PLUGIN_QUARANTINED, /* it killed too many executors */
};

/* Which file it was when it was found: another one of the same name differs in this. */
struct plugin_identity {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t changed_ns; /* its modification time */
};

struct plugin_file {
	char *path; /* as found: folder/name.so */
	struct plugin_identity identity;
	enum plugin_state state;
	char *reason;                  /* a sentence; NULL when found, ready or off */
	struct descriptor *descriptor; /* NULL as long as no probe gave one */
};

int registry_create(struct registry **ret_registry);

/* Takes NULL. */
void registry_destroy(struct registry *registry);

/* Adds the plugin files of a folder, sorted by name: regular files *.so, not those whose name
 * begins with a dot or that another folder before gave under the same real path. A folder that is
 * missing is -ENOENT; a folder or a number of files that cannot be taken is another negative errno;
 * either with a sentence. */
int registry_scan(struct registry *registry, const char *folder, struct err *err);

/* Are both, found at two times, the same unchanged file under the same path? */
bool plugin_file_same(const struct plugin_file *a, const struct plugin_file *b);

size_t registry_count(const struct registry *registry);
struct plugin_file *registry_at(struct registry *registry, size_t index);

/* Records a probe's answer: the registry then owns the descriptor. The file is PLUGIN_READY, or
 * PLUGIN_REFUSED together with every other file of the same plugin id. */
void registry_set_descriptor(
	struct registry *registry, struct plugin_file *file, struct descriptor *descriptor);

/* Records another state and why; reason may be NULL. A descriptor is kept. 0 or -ENOMEM: then the
 * state is set and the reason lost. */
int registry_set_state(struct plugin_file *file, enum plugin_state state, const char *reason);

/* The plugin that serves a mode: the one whose id is `wanted` or, when that is NULL, the only one
 * that has the mode. Only ready and off ones count. 0; -ENOENT when there is none, and -ENOTUNIQ
 * when there are several, with a sentence that names the files and what to do. ret_mode may be
 * NULL. */
int registry_find_mode(const struct registry *registry, const char *mode, const char *wanted,
	struct err *err, struct plugin_file **ret_file, const struct descriptor_mode **ret_mode);

/* The same for an engine's type, of which there can be only one. ret_engine may be NULL. */
int registry_find_engine(const struct registry *registry, const char *type, struct err *err,
	struct plugin_file **ret_file, const struct descriptor_engine **ret_engine);

/* "ready", "cannot-load", ... and back from what a probe says: PLUGIN_CRASHED for another text. */
const char *plugin_state_name(enum plugin_state state);
enum plugin_state plugin_state_of_name(const char *name);

#endif

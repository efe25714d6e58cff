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
struct plugin_version;
struct registry;

enum plugin_state {
	PLUGIN_FOUND,       /* not probed yet */
	PLUGIN_READY,       /* can be used */
	PLUGIN_OFF,         /* nothing of it is used */
	PLUGIN_CANNOT_LOAD, /* the loader failed, perhaps for another file's sake: tried again */
	PLUGIN_REFUSED,     /* it breaks a rule of the ABI, or clashes with another */
	PLUGIN_CRASHED,     /* it ended or hung its probe */
	PLUGIN_QUARANTINED, /* it killed too many executors */
};

struct plugin_file {
	char *path;                          /* as found: folder/name.so */
	struct plugin_version *version;      /* what lies there; NULL: nothing that may be read */
	struct plugin_version *kept;         /* what lay there before and serves on, as the new one
	                                   cannot; NULL: none */
	enum plugin_state state;             /* of what lies there */
	char *reason;                        /* a sentence; NULL when found or ready */
	const struct descriptor *descriptor; /* of what serves, or would; NULL: none */
	bool clashes;                        /* another file has its id */
};

/* Files that changed less than this ago may still be written. */
#define REGISTRY_SETTLE_MS 300

/* Which files of a folder a scan takes. */
enum registry_scan {
	SCAN_ALL,     /* all that are there, and those that could not be used are probed again */
	SCAN_SETTLED, /* not those that changed just now: they may still be written */
};

int registry_create(struct registry **ret_registry);

/* Takes NULL. */
void registry_destroy(struct registry *registry);

/* Adds the plugin files of a folder, sorted by name: *.so, not those whose name begins with a dot
 * or that another folder before gave under the same real path. What must not be loaded is
 * PLUGIN_REFUSED. What `previous`, NULL at the start, knows already and is unchanged is taken over
 * with what was found then; what has changed is PLUGIN_FOUND. A folder that is missing is -ENOENT; a
 * folder or a number of files that cannot be taken is another negative errno; either with a
 * sentence. */
int registry_scan(struct registry *registry, const struct registry *previous, const char *folder,
	enum registry_scan how, struct err *err);

/* Files were left out, or as they were, because they changed just now. */
bool registry_is_unsettled(const struct registry *registry);

/* Do both know the same versions of the same files, in the same states? */
bool registry_same(const struct registry *a, const struct registry *b);

/* Has the plugin a version that can be started: the one that lies there, or the one before? */
struct plugin_version *plugin_file_serving(const struct plugin_file *file);

size_t registry_count(const struct registry *registry);
struct plugin_file *registry_at(struct registry *registry, size_t index);

/* NULL when there is none. */
const struct plugin_file *registry_find_path(const struct registry *registry, const char *path);

/* Records a probe's answer: the file's version then owns the descriptor. The file is PLUGIN_READY,
 * or PLUGIN_REFUSED together with every other file of the same plugin id. */
void registry_set_descriptor(
	struct registry *registry, struct plugin_file *file, struct descriptor *descriptor);

/* Records that a probe gave no descriptor. The version that lay there before goes on, if there is
 * one. reason may be NULL; without memory it is lost. */
void registry_set_failed(struct registry *registry, struct plugin_file *file,
	enum plugin_state state, const char *reason);

/* Sets a file's state and why; reason may be NULL. 0 or -ENOMEM: then the state is set and the
 * reason lost. */
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

/* What to do about a state, as the end of a sentence that begins with the reason; "": nothing. */
const char *plugin_state_hint(enum plugin_state state);

#endif

/* One version of a plugin file: which file it was, a private copy of it, what its probe found.
 *
 * Executors load the copy and never the file, so that whoever overwrites, moves or removes the file
 * changes nothing for those that run and those that take their place. Versions are counted: each
 * registry that knows one holds it. One thread. */
#ifndef FORMY_PLUGIN_VERSION_H
#define FORMY_PLUGIN_VERSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "plugin/registry.h"

struct descriptor;

/* Which file it was when it was found: another one of the same name differs in this. */
struct plugin_identity {
	uint64_t device;
	uint64_t inode;
	int64_t size;
	int64_t changed_ns; /* when its content or its rights changed, whichever was later */
};

struct plugin_version {
	unsigned holders;
	struct plugin_identity identity;
	int fd;                  /* the copy; of a file above LIMIT_PLUGIN_COPY: the file itself */
	enum plugin_state state; /* what its probe found; PLUGIN_FOUND: not probed yet */
	char *reason;            /* a sentence; NULL when found or ready */
	struct descriptor *descriptor; /* NULL as long as no probe gave one */

	char crashed_task[LIMIT_TASK_ID + 1]; /* the last one that it crashed on */
	unsigned crashed_tasks;               /* different ones, in a row */
	bool quarantined;
};

/* Copies the file that is open at fd, which stays the caller's. 0; -EAGAIN when the file changed
 * meanwhile; or another negative errno. */
int version_create(int fd, struct plugin_version **ret_version);
struct plugin_version *version_hold(struct plugin_version *version); /* takes NULL */
void version_release(struct plugin_version *version);                /* takes NULL */

struct plugin_identity version_identity(const struct stat *st);
bool version_same_identity(const struct plugin_identity *a, const struct plugin_identity *b);

/* Records what the probe found; reason may be NULL. Without memory the reason is lost. */
void version_set_state(struct plugin_version *version, enum plugin_state state, const char *reason);

/* Its executor died on this task: true when that was one too many, and it is quarantined now. */
bool version_crashed(struct plugin_version *version, const char *task_id);

/* An executor of it answered, whatever the answer. */
void version_answered(struct plugin_version *version);

/* Ends its quarantine. */
void version_absolve(struct plugin_version *version);

#endif

/* What this worker can do, as of one reading of its configuration and its plugins.
 *
 * A catalog holds the configuration, what the probes found, and a struct mode for every enabled
 * mode that a plugin serves. It is counted: whoever holds a mode, as jobs and executors do, holds
 * its whole catalog, so that after a reload what runs ends with what it began with. Loop's thread only. */
#ifndef FORMY_DAEMON_CATALOG_H
#define FORMY_DAEMON_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "config/config.h"
#include "daemon/job.h"
#include "daemon/route.h"
#include "task/queue.h"

struct buf;
struct descriptor_mode;
struct err;
struct registry;
struct plugin_file;

#define MODE_SANDBOX_TEXT 160

#define MODE_ROUTES (LIMIT_MODE_ENGINES + 2)

struct mode {
	struct catalog *catalog; /* that it is a part of; not held by itself */
	const char *name;
	const struct config_mode *config;
	const struct descriptor_mode *description;
	const struct plugin_file *plugin;
	struct route routes[MODE_ROUTES]; /* the first is the mode's own engine, or none */
	size_t route_count;
	struct route *fallback;             /* one of them; NULL: none */
	const struct config_engine *helper; /* NULL: none */
	const struct plugin_file *helper_plugin;
	unsigned max_attempts;
	uint32_t retry_delay_ms;

	struct job_list waiting;
	unsigned running;                /* jobs in slots, or publishing */
	uint64_t mean_us;                /* of a task in an executor, lately; 0: none has ended */
	uint64_t blocked_until_ms;       /* its executors do not start: no new one before */
	unsigned failed_starts;          /* in a row */
	char sandbox[MODE_SANDBOX_TEXT]; /* what confines its executors; "": none has told */
};

struct catalog {
	unsigned holders;
	struct config *config;
	struct registry *registry;
	struct mode *modes[LIMIT_MODES];
	size_t mode_count;
};

/* A catalog with an empty registry and no modes yet, held once; it takes the caller's hold on the
 * configuration, in failure too. NULL: no memory. */
struct catalog *catalog_create(struct config *config);

/* Once the registry knows its files: adds every enabled mode that can be served. What keeps one
 * from it is added to problems, as "file:line: why". */
void catalog_add_modes(struct catalog *catalog, struct config_problems *problems);

/* What was said of an enabled mode that cannot be served, without the place; NULL: nothing. */
const char *catalog_find_problem(const struct config_problems *problems, const char *mode);
struct catalog *catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* takes NULL */

/* What the configuration says of all tasks. */
struct queue_policy catalog_queue_policy(const struct catalog *catalog);

struct mode *catalog_find_mode(const struct catalog *catalog, const char *name);

/* Whether one of its engines, its helper too, is in this file. */
bool mode_uses_engine(const struct mode *mode, const struct plugin_file *file);

/* The id of the plugin that serves it. */
const char *mode_plugin_id(const struct mode *mode);

struct mode *mode_hold(struct mode *mode);
void mode_release(struct mode *mode); /* takes NULL */

/* An executor of the mode did (not) open its plugins: when it may be tried again. */
void mode_started(struct mode *mode);
void mode_failed_to_start(struct mode *mode);

/* An executor told what confines it, and what the kernel lacks for that: noted, and said once. */
void mode_confined(struct mode *mode, const char *in_force, const char *lacks);

/* A task took so long in an executor, which answered. */
void mode_measure(struct mode *mode, uint64_t took_us);

#endif

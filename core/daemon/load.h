/* Loading a catalog: the plugin folders are scanned, every file is probed, modes find plugins. */
#ifndef FORMY_DAEMON_LOAD_H
#define FORMY_DAEMON_LOAD_H

#include <uv.h>

#include "image/store.h"
#include "plugin/registry.h"

struct catalog;
struct config_problems;
struct err;
struct load;

/* problems: folders that cannot be read, and enabled modes that cannot be served. */
typedef void load_done_fn(const struct config_problems *problems, void *arg);

/* Finds formy-executor: beside the running program, or where it is installed. 0, or a negative
 * errno with a sentence. */
int load_find_executor(char path[STORE_PATH_SIZE], struct err *err);

/* Calls back once, never from within this call; the catalog must live until then. previous, NULL at
 * the start, is the one in force: what it knows of files that are unchanged is taken over. 0 or a
 * negative errno, and then there is no callback. */
int load_begin(uv_loop_t *loop, const char *program, const struct catalog *previous,
	struct catalog *catalog, enum registry_scan how, load_done_fn *done, void *arg,
	struct load **ret_load);

/* Gives up: no callback comes. Takes NULL. */
void load_cancel(struct load *load);

/* Logs what was found: a line a problem, and one for each file. With a previous catalog, which may
 * be NULL, only what is not as it was there. */
void load_report(const struct catalog *previous, const struct catalog *catalog,
	const struct config_problems *problems);

#endif

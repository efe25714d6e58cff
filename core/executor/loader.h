/* Loads plugins. The only place with dlopen(), and in this program only.
 *
 * A loaded plugin stays until the process ends: unloading is not safe, as libraries leave threads
 * and destructors behind. */
#ifndef FORMY_EXECUTOR_LOADER_H
#define FORMY_EXECUTOR_LOADER_H

#include <stdbool.h>

#include "formy/plugin.h"

struct buf;
struct err;

/* Loads a plugin and checks its description whole. descriptor, which may be NULL, gets it as JSON.
 * What is loaded is what is open at fd, which stays open until all plugins are loaded, or the file itself: when fd is
 * negative, and for a plugin that finds libraries of its own beside itself ($ORIGIN).
 * Returns 0; or, with a sentence: -ELIBBAD when the file breaks a rule of the ABI, and another
 * negative errno when it cannot be loaded, perhaps for another file's sake. */
int loader_open(const char *path, int fd, struct err *err, struct buf *descriptor,
	const formy_plugin **ret_plugin);

/* NULL when the plugin has none of that name. */
const formy_mode *loader_find_mode(const formy_plugin *plugin, const char *name);
const formy_engine *loader_find_engine(const formy_plugin *plugin, const char *type);

/* Whether the engine has an operation. */
bool loader_has_operation(const formy_engine *engine, const char *operation);

#endif

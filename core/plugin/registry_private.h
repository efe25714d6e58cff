/* What the two files of the registry share. */
#ifndef FORMY_PLUGIN_REGISTRY_PRIVATE_H
#define FORMY_PLUGIN_REGISTRY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "plugin/registry.h"

struct registry {
	struct plugin_file *entries[LIMIT_PLUGINS];
	size_t count;
	bool unsettled;
};

/* Sets a file's state by what is known of its versions, and refuses it when another has its id. */
void registry_settle_state(struct registry *registry, struct plugin_file *file);

#endif

/* The rest of a plugin whose one engine is bad, by the name of run. */
#ifndef FORMY_TESTS_BAD_ENGINE_H
#define FORMY_TESTS_BAD_ENGINE_H

#include "formy/plugin.h"

static formy_status bad_run(
	const formy_host *host, void *state, const char *operation, formy_task *task);

static const char *const bad_operations[] = {"A", NULL};

static const formy_engine bad_engine = {
	.size = sizeof(bad_engine),
	.type = BAD_ID,
	.title = "Bad",
	.operations = bad_operations,
	.run = bad_run,
};

static const formy_engine *const bad_engines[] = {&bad_engine, NULL};

static const formy_plugin bad_plugin = {
	.size = sizeof(bad_plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = BAD_ID,
	.version = "1",
	.engines = bad_engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &bad_plugin;
}

#endif

/* The rest of a plugin whose one part is bad: a mode BAD without pictures, by the name of run. */
#ifndef FORMY_TESTS_BAD_H
#define FORMY_TESTS_BAD_H

#include "formy/plugin.h"

#ifndef BAD_ID
#define BAD_ID "bad"
#endif
#ifndef BAD_FLAGS
#define BAD_FLAGS FORMY_MODE_NO_OUTPUT
#endif
#ifndef BAD_INPUTS
#define BAD_INPUTS "[]"
#endif
#ifndef BAD_PARAMS
#define BAD_PARAMS "{}"
#endif
#ifndef BAD_NAME
#define BAD_NAME "BAD"
#endif
#ifndef BAD_MINOR
#define BAD_MINOR FORMY_ABI_MINOR
#endif
#ifndef BAD_EXTENSION
#define BAD_EXTENSION NULL
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof(formy_plugin)
#endif

static formy_status bad_run(const formy_host *host, void *state, formy_task *task);

static const formy_mode bad_mode = {
	.size = sizeof(bad_mode),
	.flags = BAD_FLAGS,
	.name = BAD_NAME,
	.title = "Bad",
	.inputs = BAD_INPUTS,
	.params = BAD_PARAMS,
	.run = bad_run,
};

static const formy_mode *const bad_modes[] = {&bad_mode, NULL};

static const formy_plugin bad_plugin = {
	.size = BAD_SIZE,
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = BAD_MINOR,
	.needs_minor = BAD_MINOR,
	.id = BAD_ID,
	.version = "1",
	.modes = bad_modes,
	.extension = BAD_EXTENSION,
};

#ifndef BAD_ENTRY
const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &bad_plugin;
}
#endif

#ifndef BAD_RUN
static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return FORMY_OK;
}
#endif

#endif

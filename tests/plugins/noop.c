/* Mode NOOP: takes nothing, does nothing, gives nothing. What a task costs beside its plugin. */
#include "formy/plugin.h"

static formy_status noop_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return FORMY_OK;
}

static const formy_mode noop = {
	.size = sizeof(noop),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "NOOP",
	.title = "Nothing",
	.inputs = "[]",
	.params = "{}",
	.run = noop_run,
};

static const formy_mode *const modes[] = {&noop, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "noop",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

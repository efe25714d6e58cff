/* An engine that writes where it may not; the mode that calls it is not to blame. */
#include "formy/plugin.h"

static formy_status engine_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	(void)host;
	(void)state;
	(void)operation;
	(void)task;
	*(volatile int *)(uintptr_t)16 = 1;
	return FORMY_OK;
}

static const char *const operations[] = {"PAINT", NULL};

static const formy_engine engine = {
	.size = sizeof(engine),
	.type = "segv_engine",
	.title = "Crashes",
	.operations = operations,
	.run = engine_run,
};

static const formy_engine *const engines[] = {&engine, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = BAD_ID,
	.version = "1",
	.engines = engines,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

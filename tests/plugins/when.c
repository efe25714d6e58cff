/* Mode WHEN: notes in its facts when it was called, by the monotonic clock. */
#include <stdio.h>
#include <time.h>

#include "formy/plugin.h"

static formy_status when_run(const formy_host *host, void *state, formy_task *task)
{
	struct timespec now;
	char facts[64];

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(facts, sizeof(facts), "{\"ran_at_ns\":%lld}",
		(long long)now.tv_sec * 1000000000 + now.tv_nsec);
	return host->facts(task, facts);
}

static const formy_mode when = {
	.size = sizeof(when),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "WHEN",
	.title = "The time of its call",
	.inputs = "[]",
	.params = "{}",
	.run = when_run,
};

static const formy_mode *const modes[] = {&when, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "when",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

/* Mode WHICH: takes config.ms milliseconds and tells as a fact which version of the plugin
 * ran: WHICH. */
#include "formy/plugin.h"

#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>

static formy_status which_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	int ms = json_object_get_int(json_object_object_get(config, "ms"));
	char facts[64];

	(void)state;
	json_object_put(config);
	if (ms > 0) {
		(void)poll(NULL, 0, ms);
	}
	(void)snprintf(facts, sizeof(facts), "{\"which\": %d}", WHICH);
	return host->facts(task, facts);
}

static const formy_mode which = {
	.size = sizeof(which),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "WHICH",
	.title = "Tells its version",
	.inputs = "[]",
	.params = "{\"ms\": {\"type\": \"integer\", \"min\": 0, \"max\": 600000, \"default\": 0}}",
	.run = which_run,
};

static const formy_mode *const modes[] = {&which, NULL};

#define TEXT(number) #number
#define TEXT_OF(number) TEXT(number)

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "which",
	.version = TEXT_OF(WHICH),
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

/* Mode FAIL: fails with config.status, and with config.code and config.message if they are given,
 * in the first config.times attempts; then it succeeds. It makes no picture. */
#include "formy/plugin.h"

#include <json-c/json.h>

static formy_status fail_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	const char *code = json_object_get_string(json_object_object_get(config, "code"));
	const char *message = json_object_get_string(json_object_object_get(config, "message"));
	formy_status status = json_object_get_int(json_object_object_get(config, "status"));
	int64_t times = json_object_get_int64(json_object_object_get(config, "times"));

	(void)state;
	if (host->attempt(task) > times) {
		status = FORMY_OK;
	} else if (code || message) {
		(void)host->fail(task, status, code, message, "by the test's wish");
	}
	json_object_put(config);
	return status;
}

static const formy_mode fail = {
	.size = sizeof(fail),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "FAIL",
	.title = "Fails",
	.inputs = "[]",
	.params = "{\"status\": {\"type\": \"integer\", \"min\": -999, \"max\": 0, \"default\": "
		  "-302},"
		  " \"times\": {\"type\": \"integer\", \"min\": 0, \"default\": 1000},"
		  " \"code\": {\"type\": \"string\"}, \"message\": {\"type\": \"string\"}}",
	.run = fail_run,
};

static const formy_mode *const modes[] = {&fail, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "fail",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

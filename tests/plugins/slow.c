/* Mode SLOW: takes config.ms milliseconds, tells its progress, and stops when it is cancelled
 * unless config.deaf is set. It makes no picture. */
#include "formy/plugin.h"

#include <json-c/json.h>
#include <poll.h>
#include <stdbool.h>
#include <time.h>

#define STEP_MS 5

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static formy_status slow_run(const formy_host *host, void *state, formy_task *task)
{
	struct json_object *config = json_tokener_parse(host->params(task));
	int64_t ms = json_object_get_int64(json_object_object_get(config, "ms"));
	bool deaf = json_object_get_boolean(json_object_object_get(config, "deaf"));
	int64_t start = now_ms();
	int64_t passed;

	(void)state;
	json_object_put(config);
	while ((passed = now_ms() - start) < ms) {
		int64_t left = ms - passed;

		if (!deaf && host->cancelled(task)) {
			return FORMY_E_CANCELLED;
		}
		host->progress(task, (int32_t)(passed * 1000 / ms), "Waiting");
		(void)poll(NULL, 0, (int)(left < STEP_MS ? left : STEP_MS));
	}
	return FORMY_OK;
}

static const formy_mode slow = {
	.size = sizeof(slow),
	.flags = FORMY_MODE_NO_OUTPUT,
	.name = "SLOW",
	.title = "Waits",
	.inputs = "[]",
	.params =
		"{\"ms\": {\"type\": \"integer\", \"min\": 0, \"max\": 600000, \"default\": 1000},"
		" \"deaf\": {\"type\": \"boolean\", \"default\": false}}",
	.run = slow_run,
};

static const formy_mode *const modes[] = {&slow, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "slow",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

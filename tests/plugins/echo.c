/* Mode ECHO: the result is the source, as the host has decoded it. */
#include "formy/plugin.h"

static formy_status echo_run(const formy_host *host, void *state, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	formy_status status = host->input(task, "source", &source);

	(void)state;
	return status == FORMY_OK ? host->result(task, "output", &source) : status;
}

static const formy_mode echo = {
	.size = sizeof(echo),
	.name = "ECHO",
	.title = "Gives back what it was given",
	.inputs = "[{\"role\": \"source\", \"member\": \"source_image\", \"required\": true},"
		  " {\"role\": \"reference\", \"members\": [\"reference_image\"],"
		  "  \"reference\": true}]",
	.params = "{\"edge_blur\": {\"type\": \"number\", \"min\": 0, \"max\": 10, \"default\": 2},"
		  " \"color\": {\"type\": \"string\", \"enum\": [\"red\", \"blue\"]},"
		  " \"deep\": {\"type\": \"boolean\", \"default\": false}}",
	.run = echo_run,
};

static const formy_mode *const modes[] = {&echo, NULL};

static const formy_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = FORMY_ABI_MAJOR,
	.abi_minor = FORMY_ABI_MINOR,
	.needs_minor = FORMY_ABI_MINOR,
	.id = "echo",
	.version = "1",
	.license = "MIT",
	.modes = modes,
};

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return &plugin;
}

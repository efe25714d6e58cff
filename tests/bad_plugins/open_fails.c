/* Cannot be opened, and says why. */
#define BAD_RUN
#define BAD_ENTRY
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return FORMY_OK;
}

static formy_status open_mode(const formy_host *host, const char *config, void **state)
{
	(void)config;
	(void)state;
	host->log(NULL, FORMY_LOG_ERROR, "the data files are not there");
	return FORMY_E_INTERNAL;
}

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	static formy_mode mode;
	static const formy_mode *const modes[] = {&mode, NULL};
	static formy_plugin plugin;

	mode = bad_mode;
	mode.open = open_mode;
	plugin = bad_plugin;
	plugin.modes = modes;
	return &plugin;
}

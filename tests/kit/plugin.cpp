// A plugin in C++11, built against what is installed and nothing else.
#include <formy/plugin.h>

namespace
{

formy_status run(const formy_host *host, void *, formy_task *task)
{
	return host->facts(task, "{\"language\": \"C++11\"}");
}

formy_mode make_mode()
{
	formy_mode mode = {};

	mode.size = sizeof(mode);
	mode.flags = FORMY_MODE_NO_OUTPUT;
	mode.name = "IN_CPP";
	mode.title = "In C++";
	mode.inputs = "[]";
	mode.params = "{}";
	mode.run = run;
	return mode;
}

formy_plugin make_plugin()
{
	static const formy_mode mode = make_mode();
	static const formy_mode *const modes[] = {&mode, nullptr};
	formy_plugin plugin = {};

	plugin.size = sizeof(plugin);
	plugin.abi_major = FORMY_ABI_MAJOR;
	plugin.abi_minor = FORMY_ABI_MINOR;
	plugin.needs_minor = FORMY_ABI_MINOR;
	plugin.id = "in_cpp";
	plugin.version = "1";
	plugin.modes = modes;
	return plugin;
}

} // namespace

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	static const formy_plugin plugin = make_plugin();

	return &plugin;
}

/* formy/plugin.h by itself, as a plugin in C99 sees it. */
#include "formy/plugin.h"

#include "formy/extensions.h"

int plugin_can_ask(const formy_host *host);

int plugin_can_ask(const formy_host *host)
{
	return FORMY_HAS(formy_host, host, extension) ? 1 : 0;
}

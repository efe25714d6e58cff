/* A shared library, and no plugin. */
#include "formy/plugin.h"

FORMY_EXPORT int formy_plugin_count(void);

int formy_plugin_count(void)
{
	return 0;
}

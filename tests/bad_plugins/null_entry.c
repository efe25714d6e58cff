/* Its entry returns NULL. */
#include "formy/plugin.h"

const formy_plugin *FORMY_PLUGIN_ENTRY(void)
{
	return NULL;
}

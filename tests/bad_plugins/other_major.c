/* Built for another major number of the ABI. */
#include "formy/plugin.h"

FORMY_EXPORT const void *formy_plugin_9(void);

const void *formy_plugin_9(void)
{
	return NULL;
}

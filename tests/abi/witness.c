/* Mentions every type of the plugin ABI, also those that are only reached by extension(): what is
 * not mentioned here is not in the baseline. Lines are only ever added. */
#include "formy/extensions.h"
#include "formy/plugin.h"

#define WITNESS(type)                                                                              \
	FORMY_EXPORT const void *witness_##type(const type *p);                                    \
	const void *witness_##type(const type *p)                                                  \
	{                                                                                          \
		return p;                                                                          \
	}

WITNESS(formy_blob)
WITNESS(formy_engine)
WITNESS(formy_host)
WITNESS(formy_image)
WITNESS(formy_mode)
WITNESS(formy_named_image)
WITNESS(formy_plugin)
WITNESS(formy_request)
WITNESS(formy_status)
WITNESS(formy_memo)
WITNESS(formy_later)
WITNESS(formy_places)
FORMY_EXPORT const formy_plugin *witness_entry(const formy_plugin *(*entry)(void));

const formy_plugin *witness_entry(const formy_plugin *(*entry)(void))
{
	return entry();
}

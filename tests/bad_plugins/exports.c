/* Exports more than its entry: a name that another library may have, too. */
#include "bad.h"

FORMY_EXPORT int helper_count;
FORMY_EXPORT int helper(void);

int helper(void)
{
	return helper_count;
}

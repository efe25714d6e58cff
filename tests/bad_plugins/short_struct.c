/* Says that its description is shorter than it is. */
#define BAD_SIZE (offsetof(formy_plugin, modes))
#include "bad.h"

/* Built for a newer minor number of the ABI. */
#define BAD_MINOR (FORMY_ABI_MINOR + 1)
#include "bad.h"

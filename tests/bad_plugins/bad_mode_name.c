/* A mode whose name is not allowed. */
#define BAD_NAME "bad mode"
#include "bad.h"

/* Returns success, and gives no picture though its mode makes one. */
#define BAD_FLAGS 0
#include "bad.h"

/* Its parameters are no JSON. */
#define BAD_PARAMS "{\"edge_blur\": {\"type\": \"number\",}"
#include "bad.h"

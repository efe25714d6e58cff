/* A parameter of a type that there is not. */
#define BAD_PARAMS "{\"edge_blur\": {\"type\": \"float\"}}"
#include "bad.h"

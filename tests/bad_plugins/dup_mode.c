/* Built twice, under two ids: both have mode TWICE. */
#define BAD_NAME "TWICE"
#include "bad.h"

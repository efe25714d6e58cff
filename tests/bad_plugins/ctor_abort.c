/* Ends its process while it is being loaded. */
#include <stdlib.h>

#include "bad.h"

__attribute__((constructor)) static void end_process(void)
{
	abort();
}

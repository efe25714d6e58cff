/* Never comes back from being loaded. */
#include <unistd.h>

#include "bad.h"

__attribute__((constructor)) static void wait_for_ever(void)
{
	for (;;) {
		(void)pause();
	}
}

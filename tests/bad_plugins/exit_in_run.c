/* Ends its process as if all were well. */
#define BAD_RUN
#include <stdlib.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	exit(0);
}

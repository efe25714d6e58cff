/* Changes the working directory, which is not its own. */
#define BAD_RUN
#include <unistd.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return chdir("/usr") == 0 ? FORMY_OK : FORMY_E_INTERNAL;
}

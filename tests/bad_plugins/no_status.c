/* Returns a number that is no status. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return 7;
}

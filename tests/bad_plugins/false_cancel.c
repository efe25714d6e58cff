/* Says that it was cancelled when nobody did that. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	return FORMY_E_CANCELLED;
}

/* Wants more memory than a task may have, and then more than there is. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)state;
	if (host->alloc(task, UINT64_MAX) || host->alloc(task, (uint64_t)3 << 30)) {
		return FORMY_E_INTERNAL;
	}
	return host->alloc(task, (uint64_t)1 << 20) ? FORMY_E_NOMEM : FORMY_E_INTERNAL;
}

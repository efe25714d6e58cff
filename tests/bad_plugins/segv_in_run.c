/* Writes where it may not. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	*(volatile int *)(uintptr_t)16 = 1;
	return FORMY_OK;
}

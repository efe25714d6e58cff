/* Tells its progress a million times, back and forth. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)state;
	for (int32_t i = 0; i < 1000000; i++) {
		host->progress(task, i % 379 * 7919 % 3000 - 1000, i % 2 ? "Up" : "Down");
	}
	return FORMY_OK;
}

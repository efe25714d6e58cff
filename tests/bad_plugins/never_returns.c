/* Is deaf, and never done. */
#define BAD_RUN
#include <unistd.h>

#include "bad.h"

static volatile int awake;

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	while (!awake) {
		(void)pause();
	}
	return FORMY_OK;
}

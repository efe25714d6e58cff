/* Opens ten files a task, and closes none. */
#define BAD_RUN
#include <fcntl.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	for (int i = 0; i < 10; i++) {
		(void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	return FORMY_OK;
}

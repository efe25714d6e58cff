/* Works on, whoever wants it to stop. */
#include <poll.h>

#include "bad_engine.h"

#define LONG_MS 1000000

static formy_status bad_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};

	(void)state;
	(void)operation;
	if (host->input(task, "source", &source) == FORMY_OK && source.width > 1000) {
		(void)poll(NULL, 0, LONG_MS);
	}
	return FORMY_OK;
}

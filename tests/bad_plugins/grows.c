/* Takes a megabyte in each run, and frees none. */
#define BAD_RUN
#include <stdlib.h>
#include <string.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	static char *lost;

	(void)host;
	(void)state;
	(void)task;
	lost = malloc(1 << 20);
	if (lost) {
		memset(lost, 1, 1 << 20);
	}
	return FORMY_OK;
}

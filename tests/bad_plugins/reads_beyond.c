/* Takes the host's table for larger than it says: calls what a later host may have. */
#define BAD_RUN
#include "bad.h"

struct later {
	formy_host host;
	int32_t (*appended)(formy_task *task);
};

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	const struct later *later = (const void *)host;

	(void)state;
	return later->appended ? later->appended(task) : FORMY_OK;
}

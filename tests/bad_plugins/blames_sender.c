/* Says that the sender did it, whatever its engine answers. */
#define BAD_RUN
#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	const formy_request request = {.size = sizeof(request), .operation = "A"};
	formy_image image = {.size = sizeof(image)};

	(void)state;
	if (host->call(task, &request) != FORMY_OK ||
		host->reply(task, "output", &image) != FORMY_OK) {
		return FORMY_E_PARAMS;
	}
	return FORMY_OK;
}

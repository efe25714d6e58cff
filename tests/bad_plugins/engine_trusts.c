/* Reads the source without a look at whether there is one. */
#include "bad_engine.h"

static formy_status bad_run(
	const formy_host *host, void *state, const char *operation, formy_task *task)
{
	formy_image source = {.size = sizeof(source)};
	volatile uint8_t first;

	(void)state;
	(void)operation;
	(void)host->input(task, "source", &source);
	first = source.pixels[0];
	(void)first;
	return host->result(task, "output", &source);
}

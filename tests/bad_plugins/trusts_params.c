/* Takes all items of a list for numbers, which no description can say. */
#define BAD_RUN
#define BAD_PARAMS "{\"points\": {\"type\": \"array\", \"min_items\": 1, \"max_items\": 4}}"
#include <signal.h>
#include <string.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	const char *list = strchr(host->params(task), '[');

	(void)state;
	if (list && list[1 + strspn(list + 1, "-+.,eE 0123456789")] != ']') {
		(void)raise(SIGSEGV);
	}
	return FORMY_OK;
}

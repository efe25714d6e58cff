/* Prints and logs more than anybody reads, and not in UTF-8. */
#define BAD_RUN
#include <stdio.h>

#include "bad.h"

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		(void)printf("line %d \xff\xfe of very many\n", i);
		host->log(task, FORMY_LOG_WARNING, "too \xff much\nand more");
	}
	return host->fail(task, FORMY_E_ENGINE, "\xc3", "broken \xc3\x28 words", NULL);
}

/* Sets a handler for a signal, and leaves it. */
#define BAD_RUN
#include <signal.h>

#include "bad.h"

static void on_signal(int number)
{
	(void)number;
}

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	(void)host;
	(void)state;
	(void)task;
	(void)signal(SIGUSR1, on_signal);
	return FORMY_OK;
}

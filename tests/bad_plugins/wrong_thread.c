/* Calls from a thread what only run()'s own thread may call. */
#define BAD_RUN
#include <pthread.h>

#include "bad.h"

struct call {
	const formy_host *host;
	formy_task *task;
	formy_status status;
};

static void *call_facts(void *arg)
{
	struct call *call = arg;

	call->status = call->host->facts(call->task, "{}");
	return NULL;
}

static formy_status bad_run(const formy_host *host, void *state, formy_task *task)
{
	struct call call = {host, task, FORMY_OK};
	pthread_t thread;

	(void)state;
	if (pthread_create(&thread, NULL, call_facts, &call) != 0) {
		return FORMY_OK;
	}
	(void)pthread_join(thread, NULL);
	return call.status;
}

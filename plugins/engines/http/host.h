/* The host's extensions that these engines use, and what is done where a host has them not. */
#ifndef FORMY_ENGINES_HOST_H
#define FORMY_ENGINES_HOST_H

#include <formy/plugin.h>
#include <stdbool.h>

/* The memo of the task, borrowed until the next call; NULL: none. Setting NULL forgets it. */
const char *host_memo(const formy_host *host, formy_task *task);
formy_status host_set_memo(const formy_host *host, formy_task *task, const char *text);

/* The task waits: for some seconds, or until the engine is there again. status: what is returned
 * where the host cannot do that. */
formy_status host_retry_after(const formy_host *host, formy_task *task, int64_t seconds,
	const char *code, const char *message, const char *details);
formy_status host_down(const formy_host *host, formy_task *task, formy_status status,
	const char *code, const char *message, const char *details);

/* Places at a server that the executors of this worker share: whether one was had, giving it back,
 * how many are taken. */
bool host_take(const formy_host *host, formy_task *task, const char *resource, uint32_t limit);
void host_give(const formy_host *host, formy_task *task, const char *resource);
uint32_t host_taken(const formy_host *host, formy_task *task, const char *resource);

#endif

/* Waiting for a task before the eyes of a person. */
#ifndef FORMY_CLI_WAIT_H
#define FORMY_CLI_WAIT_H

#include <stdint.h>

#include <formy/client.h>

struct cli;

/* Shows how the task goes until it has ended, Ctrl-C comes, or the time is over (0: never). Returns
 * EXIT_OK with the ended task, which is the caller's; or says why there is none and returns the
 * exit code. */
int wait_for_task(struct cli *cli, formy_client *client, const char *id, uint32_t timeout_ms,
	formy_task_info **ret_task);

#endif

/* The commands that change one task by its id: cancel, retry, delete. */
#ifndef FORMY_CLI_CHANGE_TASK_H
#define FORMY_CLI_CHANGE_TASK_H

#include <formy/client.h>

struct args;
struct cli;

/* Has libformy change the task that the first operand names, and says what became of it: status in
 * JSON, "<id> is <says>" for a person. Returns the exit code. */
int change_task(struct cli *cli, const struct args *args,
	int (*change)(formy_client *client, const char *id), const char *status, const char *says);

#endif

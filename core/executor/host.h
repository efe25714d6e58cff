/* The table of functions that plugins call. */
#ifndef FORMY_EXECUTOR_HOST_H
#define FORMY_EXECUTOR_HOST_H

#include <stdbool.h>

#include "formy/plugin.h"

struct formy_task;

/* Lines logged without a task go to the channel, and the last of them that was a warning or an
 * error is kept for host_last_words(). Once a process. */
void host_init(int channel, unsigned log_level);

const formy_host *host_table(void);

/* [run] functions belong to the thread that runs the task, and to the time while it runs. False,
 * with a line in the log, for any other call. */
bool host_may_call(struct formy_task *task, const char *function);

/* What was last logged without a task, as a plugin does that cannot open; "" if nothing was. */
const char *host_last_words(void);

#endif

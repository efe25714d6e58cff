/* formy-executor --inspect: the same as serving, and a look at what a plugin leaves behind.
 *
 * For `formy plugin check`. What is found goes to the channel as lines of the log that begin with
 * INSPECT_MARK. When nobody inspects, all of this does nothing. */
#ifndef FORMY_EXECUTOR_INSPECT_H
#define FORMY_EXECUTOR_INSPECT_H

#include <stdint.h>

#include "formy/plugin.h"

#define INSPECT_MARK "inspect: "

/* This process inspects: before anything else. */
void inspect_begin(int channel);

/* The host is done with itself: the state of the process is now what has to stay. */
void inspect_start(void);

/* The table for a plugin: a copy of which not one byte more than its size can be read. */
const formy_host *inspect_table(const formy_host *host);

void inspect_progress(int32_t permille);

/* After a run: tells what is not as it was. */
void inspect_job(void);

#endif

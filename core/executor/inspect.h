/* formy-executor --inspect: the same as serving, and a look at what a plugin leaves behind.
 *
 * For `formy plugin check`. What is found goes to the channel as lines of the log that begin with
 * INSPECT_MARK (wire/inspect.h). When nobody inspects, all of this does nothing. */
#ifndef FORMY_EXECUTOR_INSPECT_H
#define FORMY_EXECUTOR_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "formy/plugin.h"

/* This process inspects: before anything else. */
void inspect_begin(int channel);

/* The host is done with itself: the state of the process is now what has to stay. */
void inspect_start(void);

/* The table for a plugin: a copy of which not one byte more than its size can be read. */
const formy_host *inspect_table(const formy_host *host);

/* The half of a plugin on trial that a path names (executor/fake.h), or NULL. Never one when nobody
 * inspects. */
const formy_plugin *inspect_find(const char *path);

/* Asks a plugin for an extension that there is not. */
void inspect_extension(const formy_plugin *plugin);

void inspect_progress(int32_t permille);

/* After a run: tells what is not as it was. The pictures of the task are open still. */
void inspect_job(size_t pictures);

#endif

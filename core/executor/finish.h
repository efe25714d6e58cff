/* What becomes of a task when run() has returned: files in the scratch folder, and an outcome. */
#ifndef FORMY_EXECUTOR_FINISH_H
#define FORMY_EXECUTOR_FINISH_H

#include "base/buf.h"
#include "formy/plugin.h"

struct msg_outcome;

#define FINISH_NAME_SIZE 48

/* What an outcome's texts point into, beside the task. A zeroed one is ready. */
struct finish {
	char output[FINISH_NAME_SIZE];
	char thumbnail[FINISH_NAME_SIZE];
	char comparison[FINISH_NAME_SIZE];
	struct buf metadata;
};

/* Turns what run() returned into an outcome; when it is a success, writes the result first, with
 * its thumbnail and, when the task has pictures, the comparison. mode_flags: the mode's. The
 * outcome's texts live as long as the task's job and finish, which finish_clear() empties. */
void finish_task(formy_task *task, formy_status status, uint32_t mode_flags, const char *scratch,
	struct finish *finish, struct msg_outcome *ret_outcome);

/* The same for an engine's check(): the facts that it gave are the metadata. */
void finish_check(formy_task *task, formy_status status, struct finish *finish,
	struct msg_outcome *ret_outcome);

void finish_clear(struct finish *finish);

#endif

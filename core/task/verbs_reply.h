/* Replies of Redis made into tasks, for verbs.c and verbs_list.c. */
#ifndef FORMY_TASK_VERBS_REPLY_H
#define FORMY_TASK_VERBS_REPLY_H

#include "task/task.h"

struct redisReply;

/* Decodes the answer to HGETALL. 0, -ENOMEM, or -EPROTO when it is none. */
int verbs_reply_task(const char *id, const struct redisReply *reply, struct task *ret_task);

#endif

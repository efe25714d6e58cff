/* A task as the public interface shows it, made from a decoded hash. */
#ifndef FORMY_CLIENT_TASK_INFO_H
#define FORMY_CLIENT_TASK_INFO_H

#include <formy/client.h>

#include "task/state.h"

struct json_object;
struct task;

/* Takes the task over, also when it fails; frees nothing that is not in it. 0 or -ENOMEM. */
int task_info_make(struct task *task, formy_task_info **ret_info);

/* The object behind info->json; borrowed. */
struct json_object *task_info_json(const formy_task_info *info);

formy_task_status task_info_status(enum task_status status);

/* The internal name of a status of the contract. 0, or -EINVAL. */
int task_info_status_of(formy_task_status status, enum task_status *ret_status);

#endif

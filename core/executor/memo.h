/* A task's memo on its way to Redis, by way of the supervisor, which alone knows it. */
#ifndef FORMY_EXECUTOR_MEMO_H
#define FORMY_EXECUTOR_MEMO_H

#include "formy/plugin.h"

/* The set() of formy.memo/1. */
formy_status memo_keep(formy_task *task, const char *text);

#endif

/* The scripts of lua/, as embed.cmake compiles them in. */
#ifndef FORMY_TASK_SCRIPTS_H
#define FORMY_TASK_SCRIPTS_H

#include "redis/script.h"

/* the worker's */
extern const struct script script_take;
extern const struct script script_turn;
extern const struct script script_beat;
extern const struct script script_release;
extern const struct script script_release_token;
extern const struct script script_reap;
extern const struct script script_bye;
extern const struct script script_clean;
extern const struct script script_memo;

/* a client's */
extern const struct script script_enqueue;
extern const struct script script_cancel;
extern const struct script script_retry;
extern const struct script script_delete;
extern const struct script script_list;
extern const struct script script_stats;

#endif

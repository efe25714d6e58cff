/* The descriptions of all commands, each defined in the file of its name. */
#ifndef FORMY_CLI_COMMANDS_H
#define FORMY_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command cmd_submit;
extern const struct command cmd_get;
extern const struct command cmd_list;
extern const struct command cmd_cancel;
extern const struct command cmd_retry;
extern const struct command cmd_delete;
extern const struct command cmd_watch;
extern const struct command cmd_stats;
extern const struct command cmd_worker_list;
extern const struct command cmd_engine_list;
extern const struct command cmd_engine_check;
extern const struct command cmd_image_put;
extern const struct command cmd_image_get;
extern const struct command cmd_plugin_list;
extern const struct command cmd_plugin_check;
extern const struct command cmd_plugin_new;
extern const struct command cmd_plugin_release;
extern const struct command cmd_health;
extern const struct command cmd_doctor;
extern const struct command cmd_help;
extern const struct command cmd_version;

#endif

/* A task's config, put together from --config and --set. */
#ifndef FORMY_CLI_TASK_CONFIG_H
#define FORMY_CLI_TASK_CONFIG_H

struct args;
struct err;
struct json_object;

/* Takes every --config JSON and --set NAME=VALUE in the order of the command line; a later one
 * wins. A VALUE that is JSON has that type (true, 0.8, [1, 2]), any other is a string. Returns 0,
 * -EINVAL with a sentence, or -ENOMEM; *ret_config is an object, the caller's. */
int task_config_make(const struct args *args, struct err *err, struct json_object **ret_config);

#endif

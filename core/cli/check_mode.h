/* The cases that a mode goes through in `formy plugin check`, each in a process of its own. */
#ifndef FORMY_CLI_CHECK_MODE_H
#define FORMY_CLI_CHECK_MODE_H

#include <stdbool.h>

struct check_target;
struct descriptor_mode;

/* Told of each case as it ends; problem is NULL when it went well. */
typedef void check_told(void *arg, const char *mode, const char *name, const char *problem);

void check_mode(const struct check_target *target, const struct descriptor_mode *mode,
	check_told *told, void *arg);

#endif

/* Starts formy-executor, as a worker does. */
#ifndef FORMY_CLI_EXECUTOR_H
#define FORMY_CLI_EXECUTOR_H

#include <sys/types.h>

struct err;

#define EXECUTOR_PATH_SIZE 4096

struct executor_start {
	const char *const *argv; /* the program's path first, ended by NULL */
	int channel;             /* becomes CHANNEL_FD */
	int control;             /* becomes CONTROL_FD; -1: none */
	int output;              /* what it prints goes there; -1: nowhere */
};

/* Beside this program in a build tree, in the folder for helpers once it is installed. path has
 * EXECUTOR_PATH_SIZE bytes. 0, or a negative errno with a sentence. */
int executor_find(char *path, struct err *err);

/* Starts it in a process group of its own. 0 or a negative errno. */
int executor_spawn(const struct executor_start *start, pid_t *ret_pid);

#endif

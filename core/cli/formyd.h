/* formyd as a program that answers and ends: its checks of the configuration, plugins and engines. */
#ifndef FORMY_CLI_FORMYD_H
#define FORMY_CLI_FORMYD_H

#include <stdbool.h>

struct buf;

#define FORMYD_PATH_SIZE 4096

/* Beside this program in a build tree, in its folder once it is installed. 0 or -ENOENT. */
int formyd_find(char path[FORMYD_PATH_SIZE]);

/* Runs it with arguments, ended by NULL, until it ends by itself. What it prints goes to out, at
 * most some hundred kilobytes; errors: what it says on standard error, too, which else goes where
 * ours goes. *ret_status is as of waitpid(). 0 or a negative errno. */
int formyd_run(const char *path, const char *const *arguments, bool errors, struct buf *out,
	int *ret_status);

#endif

#include "cli/executor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "wire/channel.h"
#include "wire/control.h"

#define PROGRAM "formy-executor"

extern char **environ;

int executor_find(char *path, struct err *err)
{
	if (fs_find_helper(path, EXECUTOR_PATH_SIZE, PROGRAM, FORMY_LIBEXEC_NEAR,
		    FORMY_LIBEXEC_DIR) == 0) {
		return 0;
	}
	return err_set(err, -ENOENT, "%s is neither beside this program nor in %s; install formyd",
		PROGRAM, FORMY_LIBEXEC_DIR);
}

/* channel and control are above CONTROL_FD. */
static int add_files(posix_spawn_file_actions_t *actions, const struct executor_start *start)
{
	int error =
		posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!error) {
		error = start->output < 0
			? posix_spawn_file_actions_addopen(
				  actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
			: posix_spawn_file_actions_adddup2(actions, start->output, STDERR_FILENO);
	}
	if (!error) {
		error = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	}
	if (!error) {
		error = posix_spawn_file_actions_adddup2(actions, start->channel, CHANNEL_FD);
	}
	if (!error && start->control >= 0) {
		error = posix_spawn_file_actions_adddup2(actions, start->control, CONTROL_FD);
	}
	return error;
}

int executor_spawn(const struct executor_start *start, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error = posix_spawn_file_actions_init(&actions);

	if (error) {
		return -error;
	}
	error = posix_spawnattr_init(&attributes);
	if (error) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -error;
	}
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	error = add_files(&actions, start);
	if (!error) {
		error = posix_spawnattr_setsigdefault(&attributes, &defaults);
	}
	if (!error) {
		error = posix_spawnattr_setflags(
			&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	}
	if (!error) {
		error = posix_spawnp(ret_pid, start->argv[0], &actions, &attributes,
			(char *const *)start->argv, environ);
	}
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -error;
}

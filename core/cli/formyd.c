#include "cli/formyd.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"

#define OUTPUT_MAX (512 * 1024)
#define ARGUMENTS_MAX 10

int formyd_find(char path[FORMYD_PATH_SIZE])
{
	char folder[FORMYD_PATH_SIZE];

	if (fs_program_dir(folder, sizeof(folder)) == 0 &&
		fs_join(path, FORMYD_PATH_SIZE, folder, "formyd") == 0 && access(path, X_OK) == 0) {
		return 0;
	}
	return fs_join(path, FORMYD_PATH_SIZE, FORMY_SBIN_DIR, "formyd") == 0 &&
			access(path, X_OK) == 0
		? 0
		: -ENOENT;
}

static int spawn(
	const char *path, const char *const *arguments, int output, bool errors, pid_t *ret_pid)
{
	char *argv[ARGUMENTS_MAX + 2] = {(char *)"formyd"};
	posix_spawn_file_actions_t actions;
	size_t count = 0;
	int error;

	while (arguments[count]) {
		if (count == ARGUMENTS_MAX) {
			return E2BIG;
		}
		argv[count + 1] = (char *)arguments[count];
		count++;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (error) {
		return error;
	}
	error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (!error && errors) {
		error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	}
	if (!error) {
		error = posix_spawn(ret_pid, path, &actions, NULL, argv, environ);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

int formyd_run(const char *path, const char *const *arguments, bool errors, struct buf *out,
	int *ret_status)
{
	char piece[4096];
	int ends[2];
	ssize_t got;
	pid_t pid;
	int error;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	error = spawn(path, arguments, ends[1], errors, &pid);
	fs_close(ends[1]);
	while (!error &&
		((got = read(ends[0], piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR))) {
		if (got > 0 && out->len < OUTPUT_MAX) {
			buf_add(out, piece, (size_t)got);
		}
	}
	fs_close(ends[0]);
	while (!error && waitpid(pid, ret_status, 0) < 0 && errno == EINTR) {
	}
	return -error;
}

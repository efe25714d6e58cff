#include "executor_case.h"

#include "lib/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "wire/channel.h"

extern char **environ;

static int move_up(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	assert_true(moved >= 10);
	fs_close(fd);
	return moved;
}

void executor_start(struct executor_case *run, const char *probe)
{
	char *const serving[] = {EXECUTOR, NULL};
	char *const probing[] = {EXECUTOR, "--probe", (char *)(uintptr_t)probe, NULL};
	posix_spawn_file_actions_t actions;
	int control = -1;
	int ends[2];

	memset(run, 0, sizeof(*run));
	(void)strcpy(run->scratch, "/tmp/formy-test-XXXXXX");
	assert_non_null(mkdtemp(run->scratch));
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(control_create(&run->control, &control), 0);
	/* dup2 onto itself would keep close-on-exec: the numbers are moved out of the way */
	run->channel = move_up(ends[0]);
	ends[1] = move_up(ends[1]);
	control = move_up(control);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], CHANNEL_FD), 0);
	if (!probe) {
		assert_int_equal(
			posix_spawn_file_actions_adddup2(&actions, control, CONTROL_FD), 0);
	}
	assert_int_equal(posix_spawn(&run->pid, EXECUTOR, &actions, NULL, probe ? probing : serving,
				 environ),
		0);
	(void)posix_spawn_file_actions_destroy(&actions);
	fs_close(ends[1]);
	fs_close(control);
}

void executor_send(struct executor_case *run, const struct msg *msg, const int *fds, size_t count)
{
	struct buf packet = {0};

	assert_int_equal(msg_encode(msg, &packet), 0);
	assert_int_equal(channel_send(run->channel, &packet, fds, count), 0);
	buf_finish(&packet);
	for (size_t i = 0; i < count; i++) {
		fs_close(fds[i]);
	}
}

void executor_setup(struct executor_case *run, const char *mode, const char *plugin,
	const char *engine_type, const char *engine)
{
	struct msg msg = {.type = MSG_SETUP};

	msg.setup = (struct msg_setup){
		.protocol = MSG_PROTOCOL,
		.mode = mode,
		.mode_config = "{}",
		.plugin_path = plugin,
		.engine_name = engine ? "test" : NULL,
		.engine_type = engine_type,
		.engine_path = engine,
		.engine_config = engine ? "{}" : NULL,
		.scratch = run->scratch,
		.max_upload_size = 1 << 20,
		.max_pixels = 1 << 20,
		.threads = 1,
	};
	executor_send(run, &msg, NULL, 0);
}

void executor_open(struct executor_case *run, const char *mode, const char *plugin)
{
	executor_start(run, NULL);
	executor_setup(run, mode, plugin, NULL, NULL);
	assert_int_equal(executor_receive(run), MSG_READY);
}

void executor_job(struct executor_case *run, const char *config, const char *roles, const int *fds,
	size_t count)
{
	struct msg msg = {.type = MSG_JOB};

	msg.job = (struct msg_job){
		.job = ++run->jobs,
		.task_id = "task_20261124_abcdefghij",
		.attempt = 1,
		.time_ms = EXECUTOR_PATIENCE_MS,
		.config = config,
		.roles = roles,
	};
	executor_send(run, &msg, fds, count);
}

/* Notes what comes beside the answers. */
static bool is_aside(struct executor_case *run)
{
	if (run->msg.type == MSG_LOG) {
		run->logs++;
		(void)text_copy(run->log, sizeof(run->log), run->msg.log.text);
		return true;
	}
	if (run->msg.type == MSG_CONFINED) {
		return true;
	}
	if (run->msg.type == MSG_PROGRESS) {
		run->progresses++;
		assert_true(run->msg.progress.permille >= run->permille);
		assert_true(run->msg.progress.permille <= 1000);
		assert_int_equal(run->msg.progress.job, run->jobs);
		run->permille = run->msg.progress.permille;
		run->part = run->msg.progress.part;
		if (run->first_permille == 0) {
			run->first_permille = run->permille;
		}
		return true;
	}
	return false;
}

int executor_receive(struct executor_case *run)
{
	uint64_t deadline = clock_mono_ms() + EXECUTOR_PATIENCE_MS;

	run->logs = 0;
	run->progresses = 0;
	run->first_permille = 0;
	run->permille = 0;
	for (;;) {
		struct pollfd ready = {.fd = run->channel, .events = POLLIN};
		uint64_t now = clock_mono_ms();
		ssize_t len;

		assert_true(now < deadline);
		if (poll(&ready, 1, (int)(deadline - now)) <= 0) {
			continue;
		}
		len = channel_receive(
			run->channel, run->packet, sizeof(run->packet), 0, NULL, 0, NULL);
		if (len == 0 || len == -ECONNRESET) {
			return 0;
		}
		assert_true(len > 0);
		assert_int_equal(msg_decode(run->packet, (size_t)len, &run->msg), 0);
		if (!is_aside(run)) {
			return (int)run->msg.type;
		}
	}
}

void executor_expect(struct executor_case *run, int64_t status)
{
	assert_int_equal(executor_receive(run), MSG_OUTCOME);
	assert_int_equal(run->msg.outcome.job, run->jobs);
	if (run->msg.outcome.status != status && run->msg.outcome.message) {
		print_error("%s (%s)\n", run->msg.outcome.message,
			run->msg.outcome.details ? run->msg.outcome.details : "");
	}
	assert_int_equal(run->msg.outcome.status, status);
}

int executor_wait(struct executor_case *run)
{
	uint64_t deadline = clock_mono_ms() + EXECUTOR_PATIENCE_MS;
	int status = 0;
	pid_t pid;

	/* no pidfd: valgrind does not know them */
	while ((pid = waitpid(run->pid, &status, WNOHANG)) == 0) {
		assert_true(clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 2);
	}
	assert_int_equal(pid, run->pid);
	run->pid = 0;
	return status;
}

void executor_finish(struct executor_case *run)
{
	if (run->pid > 0) {
		(void)kill(run->pid, SIGKILL);
		(void)executor_wait(run);
	}
	fs_close(run->channel);
	run->channel = -1;
	control_unmap(run->control);
	run->control = NULL;
	assert_int_equal(fs_remove_tree(run->scratch), 0);
}

void executor_close(struct executor_case *run)
{
	int status;

	fs_close(run->channel);
	run->channel = -1;
	status = executor_wait(run);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	executor_finish(run);
}

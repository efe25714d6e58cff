#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "plugin/descriptor.h"
#include "wire/channel.h"
#include "wire/msg.h"

#define PROBE_DEADLINE_MS 10000
#define PROGRAM "formy-executor"
#define PATH_SIZE 4096

/* Beside this program in a build tree, in the folder for helpers once it is installed. */
static int find_executor(char path[PATH_SIZE], struct err *err)
{
	char folder[PATH_SIZE];

	if (fs_program_dir(folder, sizeof(folder)) == 0 &&
		fs_join(path, PATH_SIZE, folder, PROGRAM) == 0 && access(path, X_OK) == 0) {
		return 0;
	}
	if (fs_join(path, PATH_SIZE, FORMY_LIBEXEC_DIR, PROGRAM) == 0 && access(path, X_OK) == 0) {
		return 0;
	}
	return err_set(err, -ENOENT, "%s is neither beside this program nor in %s; install formyd",
		PROGRAM, FORMY_LIBEXEC_DIR);
}

/* The loader takes a name without a slash for a library of the system. */
static int find_plugin(const char *name, char path[PATH_SIZE], struct err *err)
{
	char *real = realpath(name, NULL);
	struct stat st;
	int result = 0;

	if (!real || stat(real, &st) < 0) {
		result = err_set(err, -errno, "%s cannot be read: %s", name, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		result = err_set(err, -EINVAL, "%s is no file; name a plugin's .so", name);
	} else if (!text_copy(path, PATH_SIZE, real)) {
		result = err_set(err, -ENAMETOOLONG, "%s: the path is too long", name);
	}
	free(real);
	return result;
}

/* Starts the probe in a process group of its own. */
static int start(
	const char *executor, const char *plugin, bool show_output, int channel, pid_t *ret_pid)
{
	char *const argv[] = {(char *)PROGRAM, (char *)"--probe", (char *)plugin, NULL};
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
	error = posix_spawn_file_actions_adddup2(&actions, channel, CHANNEL_FD);
	if (!error) {
		error = posix_spawn_file_actions_addopen(
			&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	}
	if (!error && !show_output) {
		error = posix_spawn_file_actions_addopen(
			&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	}
	if (!error) {
		error = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	}
	if (!error) {
		error = posix_spawnattr_setsigdefault(&attributes, &defaults);
	}
	if (!error) {
		error = posix_spawnattr_setflags(
			&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	}
	if (!error) {
		error = posix_spawn(ret_pid, executor, &actions, &attributes, argv, environ);
	}
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -error;
}

/* Waits for the answer or the end of the process, whichever comes first; an answer that was sent
 * before the end counts. Returns the packet's length, 0 without an answer, -ETIMEDOUT. */
static ssize_t await_packet(pid_t pid, int channel, char *packet)
{
	uint64_t deadline = clock_mono_ms() + PROBE_DEADLINE_MS;
	struct pollfd polled[] = {
		{.fd = channel, .events = POLLIN},
		{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
	};
	ssize_t len = -ETIMEDOUT;
	uint64_t now;

	while ((now = clock_mono_ms()) < deadline) {
		int ready = poll(polled, 2, (int)(deadline - now));

		if (ready < 0 && errno != EINTR) {
			len = -errno;
			break;
		}
		if (ready <= 0) {
			continue;
		}
		len = channel_receive(channel, packet, LIMIT_FRAME, MSG_DONTWAIT, NULL, 0, NULL);
		if (len == -EAGAIN && polled[1].revents) {
			len = 0;
		}
		if (len != -EAGAIN) {
			break;
		}
		len = -ETIMEDOUT;
	}
	fs_close(polled[1].fd);
	return len;
}

/* How a process without an answer ended. */
static void explain_end(struct err *reason, int status)
{
	if (WIFSIGNALED(status)) {
		(void)err_set(reason, -EINVAL, "it crashes when it is loaded: signal %d, %s",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else {
		(void)err_set(reason, -EINVAL,
			"it ends the process that loads it, with exit code %d",
			WEXITSTATUS(status));
	}
}

static int read_answer(const char *packet, size_t len, struct probe *probe)
{
	struct msg msg;
	size_t json_len;
	int result = msg_decode(packet, len, &msg);

	if (result < 0 || msg.type != MSG_PROBED) {
		(void)err_set(&probe->reason, -EINVAL, "its probe gave no sensible answer");
		return 0;
	}
	if (!msg.probed.descriptor) {
		(void)err_set(&probe->reason, -EINVAL, "%s",
			msg.probed.reason ? msg.probed.reason : "its probe refused it");
		return 0;
	}
	json_len = strlen(msg.probed.descriptor);
	result = descriptor_from_json(
		msg.probed.descriptor, json_len, &probe->reason, &probe->descriptor);
	if (result == 0) {
		buf_add(&probe->json, msg.probed.descriptor, json_len);
	}
	return result == -ENOMEM || buf_failed(&probe->json) ? -ENOMEM : 0;
}

/* Gets the answer out of a running probe, and ends it. */
static int judge(pid_t pid, int channel, struct probe *probe)
{
	char *packet = malloc(LIMIT_FRAME);
	ssize_t len = packet ? await_packet(pid, channel, packet) : -ENOMEM;
	int result = 0;
	int status = 0;

	if (len != 0) {
		/* the whole group: the plugin may have started others */
		(void)kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (len == 0) {
		(void)kill(-pid, SIGKILL);
		explain_end(&probe->reason, status);
	} else if (len == -ETIMEDOUT) {
		(void)err_set(&probe->reason, -EINVAL,
			"it hangs when it is loaded: no answer after %d s",
			PROBE_DEADLINE_MS / 1000);
	} else if (len == -EPROTO) {
		(void)err_set(&probe->reason, -EINVAL, "its probe gave no sensible answer");
	} else if (len < 0) {
		result = (int)len;
	} else {
		result = read_answer(packet, (size_t)len, probe);
	}
	free(packet);
	return result;
}

int probe_plugin(const char *path, bool show_output, struct err *err, struct probe *ret_probe)
{
	char executor[PATH_SIZE];
	char plugin[PATH_SIZE];
	int ends[2];
	pid_t pid;
	int result;

	*ret_probe = (struct probe){0};
	result = find_plugin(path, plugin, err);
	if (result == 0) {
		result = find_executor(executor, err);
	}
	if (result < 0) {
		return result;
	}
	result = channel_pair(ends);
	if (result < 0) {
		return err_set(err, result, "no socket: %s", strerror(-result));
	}
	result = start(executor, plugin, show_output, ends[1], &pid);
	fs_close(ends[1]);
	if (result < 0) {
		(void)err_set(err, result, "%s cannot be started: %s", executor, strerror(-result));
	} else {
		result = judge(pid, ends[0], ret_probe);
		if (result < 0) {
			(void)err_set(
				err, result, "%s cannot be probed: %s", path, strerror(-result));
		}
	}
	fs_close(ends[0]);
	return result;
}

void probe_finish(struct probe *probe)
{
	descriptor_destroy(probe->descriptor);
	buf_finish(&probe->json);
	probe->descriptor = NULL;
}

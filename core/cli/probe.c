#include "cli/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
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
#include "cli/executor.h"
#include "plugin/descriptor.h"
#include "wire/channel.h"
#include "wire/msg.h"

#define PROBE_DEADLINE_MS 10000

/* The loader takes a name without a slash for a library of the system. */
int probe_find_plugin(const char *name, char *path, struct err *err)
{
	char *real = realpath(name, NULL);
	struct stat st;
	int result = 0;

	if (!real || stat(real, &st) < 0) {
		result = err_set(err, -errno, "%s cannot be read: %s", name, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		result = err_set(err, -EINVAL, "%s is no file; name a plugin's .so", name);
	} else if (!text_copy(path, EXECUTOR_PATH_SIZE, real)) {
		result = err_set(err, -ENAMETOOLONG, "%s: the path is too long", name);
	}
	free(real);
	return result;
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
	char executor[EXECUTOR_PATH_SIZE];
	char plugin[EXECUTOR_PATH_SIZE];
	const char *const arguments[] = {executor, "--probe", plugin, NULL};
	struct executor_start start = {
		.control = -1,
		.output = show_output ? STDERR_FILENO : -1,
	};
	int ends[2];
	pid_t pid;
	int result;

	*ret_probe = (struct probe){0};
	result = probe_find_plugin(path, plugin, err);
	if (result == 0) {
		result = executor_find(executor, err);
	}
	if (result < 0) {
		return result;
	}
	result = channel_pair(ends);
	if (result < 0) {
		return err_set(err, result, "no socket: %s", strerror(-result));
	}
	start.argv = arguments;
	start.channel = ends[1];
	result = executor_spawn(&start, &pid);
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

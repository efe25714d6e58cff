#include "executor/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "executor/confine.h"
#include "executor/executor.h"
#include "executor/finish.h"
#include "executor/host.h"
#include "executor/inspect.h"
#include "executor/open.h"
#include "executor/sandbox.h"
#include "executor/speak.h"
#include "executor/task.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/msg.h"

#define LEAK_WARNING 256 /* open descriptors that no plugin needs */
#define LEAK_LOOKS 8     /* one look in so many tasks */
#define STOP_MS 5000     /* for a task that was told to stop, and for its files */
#define LEAK_RESERVE 64  /* kept free, for the pictures of a task and for libraries */

/* As channel_receive, but waits on a socket that does not. */
static ssize_t receive(int channel, unsigned char *packet, int *fds, size_t *ret_count)
{
	for (;;) {
		struct pollfd ready = {.fd = channel, .events = POLLIN};
		ssize_t len = channel_receive(
			channel, packet, LIMIT_FRAME, 0, fds, LIMIT_TASK_INPUTS, ret_count);

		if (len != -EAGAIN) {
			return len;
		}
		if (poll(&ready, 1, -1) < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

static formy_status check_engine(struct executor *ex)
{
	const struct engine_part *main = &ex->engines[ENGINE_MAIN];

	if (!main->engine || !main->engine->check) {
		return FORMY_OK;
	}
	return main->engine->check(host_table(), main->state, &ex->task);
}

/* A plugin that leaves descriptors open makes the next task fail that brings one: the log is told
 * of it early, and the process ends before. True when it has to end. */
static bool has_leaked(struct executor *ex)
{
	char line[160];
	int lowest;

	/* the lowest free one is given out first: a look at one tells that most have few open */
	if (ex->leak_told == 0 && ex->task.job % LEAK_LOOKS != 0) {
		return false;
	}
	if (fcntl(LEAK_WARNING - 1, F_GETFD) < 0) {
		return false;
	}
	lowest = fcntl(ex->channel, F_DUPFD_CLOEXEC, 0);
	if (lowest < 0) {
		return true;
	}
	fs_close(lowest);
	if (lowest < LEAK_WARNING || lowest < 2 * ex->leak_told) {
		return lowest > SANDBOX_DESCRIPTORS - LEAK_RESERVE;
	}
	ex->leak_told = lowest;
	(void)snprintf(line, sizeof(line),
		"The plugin leaves descriptors open: %d are. At %d this process ends and another "
		"takes its place.",
		lowest, SANDBOX_DESCRIPTORS - LEAK_RESERVE);
	speak_log(ex->channel, LOG_LEVEL_WARNING, 0, line);
	return lowest > SANDBOX_DESCRIPTORS - LEAK_RESERVE;
}

/* Runs a job and answers. *ret_last: it was the last one that this process can take. */
static int run_job(struct executor *ex, const struct msg_job *job, const int *fds, size_t count,
	bool *ret_last)
{
	struct msg answer = {.type = MSG_OUTCOME};
	uint64_t start;
	uint64_t ran;
	formy_status status;
	int result;

	if (task_begin(&ex->task, job, fds, count) < 0) {
		return EX_PROTOCOL;
	}
	confine_processor_time(job->time_ms + STOP_MS, ex->processors);
	start = clock_mono_us();
	if (job->check) {
		finish_check(&ex->task, check_engine(ex), &ex->finish, &answer.outcome);
	} else {
		status = ex->mode->run(host_table(), ex->mode_state, &ex->task);
		ran = clock_mono_us() - start;
		finish_task(&ex->task, status, ex->mode->flags, ex->setup.scratch, &ex->finish,
			&answer.outcome);
		answer.outcome.run_us = ran;
		inspect_job(ex->task.input_count);
	}
	*ret_last = has_leaked(ex);
	answer.outcome.last = *ret_last;
	result = speak(ex->channel, &answer);
	finish_clear(&ex->finish);
	task_end(&ex->task);
	return result < 0 && result != -EPIPE ? EX_OSERR : 0;
}

/* The next descriptor of those that came, or -1. */
static int take(int *fds, size_t count, size_t *next)
{
	return *next < count ? fds[(*next)++] : -1;
}

static int receive_setup(struct executor *ex)
{
	const struct msg_setup *setup = &ex->setup;
	int fds[LIMIT_TASK_INPUTS];
	size_t count = 0;
	size_t next = 0;
	struct msg msg;
	ssize_t len = receive(ex->channel, ex->setup_packet, fds, &count);
	uint64_t copies;

	ex->places_fd = -1;
	if (len == 0) {
		return -1;
	}
	if (len < 0 || msg_decode(ex->setup_packet, (size_t)len, &msg) < 0 ||
		msg.type != MSG_SETUP || msg.setup.protocol != MSG_PROTOCOL) {
		while (len > 0 && count > 0) {
			fs_close(fds[--count]);
		}
		return EX_PROTOCOL;
	}
	ex->setup = msg.setup;
	copies = setup->copies;
	ex->plugin_copy = copies & MSG_COPY_PLUGIN ? take(fds, count, &next) : -1;
	ex->engines[ENGINE_MAIN] = (struct engine_part){
		.name = setup->engine_name,
		.type = setup->engine_type,
		.path = setup->engine_path,
		.config = setup->engine_config,
		.copy = copies & MSG_COPY_ENGINE ? take(fds, count, &next) : -1,
	};
	ex->engines[ENGINE_HELPER] = (struct engine_part){
		.name = setup->helper_name,
		.type = setup->helper_type,
		.path = setup->helper_path,
		.config = setup->helper_config,
		.copy = copies & MSG_COPY_HELPER ? take(fds, count, &next) : -1,
	};
	ex->places_fd = take(fds, count, &next);
	while (next < count) {
		fs_close(fds[next++]);
	}
	for (size_t i = 0; i < TASK_ENGINES; i++) {
		const struct engine_part *part = &ex->engines[i];

		if (part->name && (!part->type || !part->path || !part->config)) {
			return EX_PROTOCOL;
		}
	}
	return 0;
}

static int serve_jobs(struct executor *ex)
{
	for (;;) {
		int fds[LIMIT_TASK_INPUTS];
		size_t count = 0;
		struct msg msg;
		bool last = false;
		int status;
		ssize_t len = receive(ex->channel, ex->packet, fds, &count);

		if (len == 0 || len == -ECONNRESET) {
			return 0;
		}
		if (len > 0 && msg_decode(ex->packet, (size_t)len, &msg) == 0 &&
			msg.type == MSG_KEPT) {
			/* of a memo whose task waited no longer for it */
			continue;
		}
		if (len < 0 || msg_decode(ex->packet, (size_t)len, &msg) < 0 ||
			msg.type != MSG_JOB) {
			while (len > 0 && count > 0) {
				fs_close(fds[--count]);
			}
			return EX_PROTOCOL;
		}
		status = run_job(ex, &msg.job, fds, count, &last);
		if (status != 0 || last) {
			return status;
		}
	}
}

int serve_run(int channel, int control_fd)
{
	struct executor *ex = calloc(1, sizeof(*ex));
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	bool served = false;
	int status;

	if (!ex) {
		return EX_OSERR;
	}
	ex->channel = channel;
	ex->places_fd = -1;
	ex->control = control_map(control_fd);
	ex->processors = (uint64_t)(processors > 0 ? processors : 1);
	status = receive_setup(ex);
	if (status == 0) {
		status = open_all(ex);
		served = status == 0;
	}
	if (status == 0) {
		status = serve_jobs(ex);
	}
	if (status == EX_PROTOCOL) {
		(void)fputs("formy-executor: the worker sent what makes no sense; are formyd and "
			    "formy-executor of one version?\n",
			stderr);
	}
	open_undo(ex);
	if (served) {
		task_finish(&ex->task);
	}
	buf_finish(&ex->finish.metadata);
	control_unmap(ex->control);
	free(ex);
	return status < 0 ? 0 : status;
}

#include "executor/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "executor/confine.h"
#include "executor/finish.h"
#include "executor/host.h"
#include "executor/inspect.h"
#include "executor/loader.h"
#include "executor/sandbox.h"
#include "executor/speak.h"
#include "executor/task.h"
#include "executor/text.h"
#include "pixels/pixels.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/msg.h"

#define LEAK_WARNING 256 /* open descriptors that no plugin needs */
#define STOP_MS 5000     /* for a task that was told to stop, and for its files */
#define LEAK_RESERVE 64  /* kept free, for the pictures of a task and for libraries */

struct engine_part {
	const char *name; /* NULL: the mode has none */
	const char *type;
	const char *path;
	const char *config;
	int copy; /* of the file; -1: none came */
	const formy_plugin *plugin;
	const formy_engine *engine;
	void *state;
	bool open;
};

struct executor {
	int channel;
	const struct control_page *control;
	unsigned char setup_packet[LIMIT_FRAME]; /* what setup's texts point into */
	unsigned char packet[LIMIT_FRAME];
	struct msg_setup setup;
	int plugin_copy; /* -1: none came */
	const formy_plugin *plugin;
	const formy_mode *mode;
	struct engine_part engines[TASK_ENGINES];
	int places_fd;
	void *mode_state;
	bool mode_open;
	formy_task task;
	struct finish finish;
	uint64_t processors;
	int leak_told; /* the number of descriptors at which the log was told of a leak */
};

static void warn_of_pixels(const char *text)
{
	host_table()->log(NULL, FORMY_LOG_DEBUG, text);
}

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

/* Says why the mode cannot be served. */
static int refuse(struct executor *ex, const char *code, const char *message)
{
	struct msg msg = {.type = MSG_REFUSED, .refused = {.code = code, .message = message}};

	(void)speak(ex->channel, &msg);
	return EX_UNAVAILABLE;
}

static int refuse_file(struct executor *ex, const char *code, const char *path, const char *why)
{
	char message[ERR_TEXT_MAX];

	(void)snprintf(message, sizeof(message), "%.200s: %.280s", path, why);
	return refuse(ex, code, message);
}

static int refuse_open(struct executor *ex, const char *code, const char *what, formy_status status)
{
	char message[ERR_TEXT_MAX];
	const char *words = host_last_words();

	(void)snprintf(message, sizeof(message), "%.100s cannot be opened (%d)%s%.300s", what,
		(int)status, words[0] ? ": " : "", words);
	return refuse(ex, code, message);
}

static int load(const char *path, int copy, struct err *err, const formy_plugin **ret_plugin)
{
	const formy_plugin *fake = inspect_find(path);
	int result = fake ? 0 : loader_open(path, copy, err, NULL, ret_plugin);

	if (fake) {
		*ret_plugin = fake;
	} else if (result == 0) {
		inspect_extension(*ret_plugin);
	}
	return result;
}

/* Opens the engine and the helper that the mode has. */
static int open_engine(struct executor *ex, struct engine_part *part)
{
	struct err err = {0};
	formy_status status;

	if (!part->name) {
		return 0;
	}
	if (load(part->path, part->copy, &err, &part->plugin) < 0) {
		return refuse_file(ex, "ENGINE_NOT_AVAILABLE", part->path, err.text);
	}
	part->engine = loader_find_engine(part->plugin, part->type);
	if (!part->engine) {
		return refuse_file(ex, "ENGINE_NOT_AVAILABLE", part->path,
			"it has no engine of the type any more that it had when it was probed");
	}
	if (part->engine->open) {
		status = part->engine->open(host_table(), part->config, &part->state);
		if (status != FORMY_OK) {
			return refuse_open(ex, "ENGINE_NOT_AVAILABLE", part->name, status);
		}
	}
	part->open = true;
	return 0;
}

static int open_mode(struct executor *ex)
{
	struct err err = {0};
	formy_status status;

	if (load(ex->setup.plugin_path, ex->plugin_copy, &err, &ex->plugin) < 0) {
		return refuse_file(ex, "PIPELINE_INIT_FAILED", ex->setup.plugin_path, err.text);
	}
	ex->mode = loader_find_mode(ex->plugin, ex->setup.mode);
	if (!ex->mode) {
		return refuse_file(ex, "PIPELINE_INIT_FAILED", ex->setup.plugin_path,
			"it has not the mode any more that it had when it was probed");
	}
	if (ex->mode->open) {
		status = ex->mode->open(host_table(), ex->setup.mode_config, &ex->mode_state);
		if (status != FORMY_OK) {
			return refuse_open(ex,
				status == FORMY_E_PARAMS ? "PIPELINE_CONFIG_ERROR"
							 : "PIPELINE_INIT_FAILED",
				ex->setup.mode, status);
		}
	}
	ex->mode_open = true;
	return 0;
}

/* A mode that takes and makes no pictures does without the image library. */
static bool needs_pixels(const formy_mode *mode)
{
	return !(mode->flags & FORMY_MODE_NO_OUTPUT) ||
		strcspn(mode->inputs, "{") != strlen(mode->inputs);
}

/* Puts the walls up and tells of them, while there is nothing of a plugin in this process. */
static int confine_self(struct executor *ex)
{
	const struct msg_setup *setup = &ex->setup;
	const struct confinement how = {
		.profile = setup->sandbox <= SANDBOX_OFF ? (enum sandbox_profile)setup->sandbox
							 : SANDBOX_STRICT,
		.granted = (uint32_t)setup->granted & SANDBOX_GRANTS,
		.plugins = {setup->plugin_path, setup->engine_path, setup->helper_path},
		.configs = {setup->mode_config, setup->engine_config, setup->helper_config},
		.scratch = setup->scratch,
		.memory = setup->memory,
		.file_size = limit_of_file(setup->max_pixels),
	};
	struct msg msg = {.type = MSG_CONFINED};
	struct buf in_force = {0};
	struct buf lacks = {0};
	struct err err = {0};
	int status = 0;

	if (confine(&how, &in_force, &lacks, &err) < 0) {
		status = refuse(ex, "PIPELINE_INIT_FAILED", err.text);
	} else {
		msg.confined.in_force = buf_cstr(&in_force);
		msg.confined.lacks = buf_cstr(&lacks);
		status =
			msg.confined.in_force && msg.confined.lacks && speak(ex->channel, &msg) == 0
			? 0
			: EX_OSERR;
	}
	buf_finish(&in_force);
	buf_finish(&lacks);
	return status;
}

/* Whatever a plugin says, an engine's key is not in it. */
static int hide_key(const struct engine_part *part)
{
	struct json_object *config = NULL;
	const char *key = NULL;
	int result = 0;

	if (part->name &&
		json_parse(part->config, strlen(part->config), LIMIT_FRAME, NULL, &config) == 0 &&
		json_get_string(config, "api_key", &key) == 0) {
		result = text_hide(key);
	}
	json_object_put(config);
	return result < 0 ? EX_OSERR : 0;
}

static int open_all(struct executor *ex)
{
	struct msg ready = {.type = MSG_READY};
	struct task_setting setting;
	struct err err = {0};
	int status = 0;

	host_init(ex->channel, (unsigned)ex->setup.log_level);
	status = confine_self(ex);
	if (status == 0) {
		inspect_start();
	}
	for (size_t i = 0; i < TASK_ENGINES && status == 0; i++) {
		status = hide_key(&ex->engines[i]);
	}
	for (size_t i = 0; i < TASK_ENGINES && status == 0; i++) {
		status = open_engine(ex, &ex->engines[i]);
	}
	if (status == 0) {
		status = open_mode(ex);
	}
	/* all until here: the loader takes two names that are the same for one library */
	fs_close(ex->plugin_copy);
	for (size_t i = 0; i < TASK_ENGINES; i++) {
		fs_close(ex->engines[i].copy);
	}
	if (status != 0) {
		return status;
	}
	if (needs_pixels(ex->mode) &&
		pixels_init((unsigned)ex->setup.threads, warn_of_pixels, &err) < 0) {
		return refuse(ex, "PIPELINE_INIT_FAILED", err.text);
	}
	setting = (struct task_setting){
		.channel = ex->channel,
		.control = ex->control,
		.max_upload_size = ex->setup.max_upload_size,
		.max_pixels = ex->setup.max_pixels,
		.log_level = (unsigned)ex->setup.log_level,
		.mode = ex->setup.mode,
		.places_fd = ex->places_fd,
	};
	for (size_t i = 0; i < TASK_ENGINES; i++) {
		const struct engine_part *part = &ex->engines[i];

		setting.engines[i] =
			(struct task_engine_setting){part->engine, part->name, part->state};
	}
	if (task_init(&ex->task, &setting) < 0) {
		return EX_OSERR;
	}
	ready.ready = (struct msg_ready){
		.protocol = MSG_PROTOCOL,
		.plugin_version = ex->plugin->version,
		.engine_version = ex->engines[0].plugin ? ex->engines[0].plugin->version : NULL,
	};
	return speak(ex->channel, &ready) < 0 ? EX_OSERR : 0;
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
	confine_processor_time((job->time_ms + STOP_MS) * ex->processors);
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

static void close_all(struct executor *ex)
{
	if (ex->mode_open && ex->mode->close) {
		ex->mode->close(ex->mode_state);
	}
	for (size_t i = TASK_ENGINES; i > 0; i--) {
		const struct engine_part *part = &ex->engines[i - 1];

		if (part->open && part->engine->close) {
			part->engine->close(part->state);
		}
	}
	fs_close(ex->places_fd);
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
	close_all(ex);
	if (served) {
		task_finish(&ex->task);
	}
	buf_finish(&ex->finish.metadata);
	control_unmap(ex->control);
	free(ex);
	return status < 0 ? 0 : status;
}

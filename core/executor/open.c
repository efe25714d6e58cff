#include "executor/open.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "executor/confine.h"
#include "executor/executor.h"
#include "executor/host.h"
#include "executor/inspect.h"
#include "executor/loader.h"
#include "executor/sandbox.h"
#include "executor/speak.h"
#include "executor/text.h"
#include "pixels/pixels.h"

static void warn_of_pixels(const char *text)
{
	host_table()->log(NULL, FORMY_LOG_DEBUG, text);
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

int open_all(struct executor *ex)
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

void open_undo(struct executor *ex)
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

#include "executor/host.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "executor/call.h"
#include "executor/extensions.h"
#include "executor/inspect.h"
#include "executor/speak.h"
#include "executor/task.h"
#include "executor/text.h"
#include "image/sniff.h"
#include "wire/control.h"

/* Logging without a task has nothing else to find its way by. */
static struct {
	int channel;
	unsigned log_level;
	char last_words[LIMIT_ERROR_MESSAGE];
} process;

bool host_may_call(formy_task *task, const char *function)
{
	char line[160];

	if (task && task->active && pthread_equal(pthread_self(), task->thread)) {
		return true;
	}
	(void)snprintf(line, sizeof(line), "The plugin called %s() %s; the call is refused.",
		function,
		task && task->active ? "on another thread than run()'s" : "when no task runs");
	if (task) {
		task_log(task, FORMY_LOG_ERROR, line);
	} else {
		speak_log(process.channel, LOG_LEVEL_ERROR, 0, line);
	}
	return false;
}

/* Fills a plugin's struct, if it is as large as it has to be. */
static formy_status give_image(formy_task *task, const struct pixels *pixels, formy_image *out)
{
	if (!out || out->size < sizeof(*out)) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin asked for a picture in a way that is not allowed.",
			"size is not set to sizeof(formy_image)");
	}
	out->format = pixels->channels;
	out->width = pixels->width;
	out->height = pixels->height;
	out->stride = pixels->stride;
	out->pixels = pixels->data;
	return FORMY_OK;
}

/* A picture of a role: of the request in an engine, else of the task. */
static formy_status find_input(formy_task *task, const char *role, struct pixels *ret_pixels)
{
	const struct pixels *decoded = NULL;
	formy_status status;

	if (task->request) {
		return call_find_image(task, role, ret_pixels);
	}
	status = task_decode_input(task, role, &decoded);
	if (status == FORMY_OK) {
		*ret_pixels = *decoded;
	}
	return status;
}

static void host_log(formy_task *task, int32_t level, const char *text)
{
	if (task) {
		task_log(task, level, text);
		return;
	}
	if (level < FORMY_LOG_DEBUG || level > FORMY_LOG_ERROR) {
		level = FORMY_LOG_INFO;
	}
	if (level >= FORMY_LOG_WARNING) {
		text_clean(process.last_words, sizeof(process.last_words), text);
	}
	if ((unsigned)level >= process.log_level) {
		speak_log(process.channel, (enum log_level)level, 0, text);
	}
}

static int32_t host_cancelled(formy_task *task)
{
	if (!task || !task->active) {
		return 1;
	}
	return task->setting.control && control_stopped(task->setting.control, task->job) != 0;
}

static void host_progress(formy_task *task, int32_t permille, const char *step)
{
	inspect_progress(permille);
	if (task) {
		progress_report(&task->progress, permille, step);
	}
}

static uint32_t host_time_left_ms(formy_task *task)
{
	uint64_t now = clock_mono_ms();

	if (!task || !task->active || now >= task->deadline_ms) {
		return 0;
	}
	return task->deadline_ms - now > UINT32_MAX ? UINT32_MAX
						    : (uint32_t)(task->deadline_ms - now);
}

static uint32_t host_attempt(formy_task *task)
{
	return host_may_call(task, "attempt") ? task->attempt : 1;
}

static const char *host_params(formy_task *task)
{
	if (!host_may_call(task, "params")) {
		return "{}";
	}
	return task->request ? task->request_params : task->config;
}

static void *host_alloc(formy_task *task, uint64_t n)
{
	return task && task->active ? arena_alloc(&task->arena, n) : NULL;
}

static formy_status host_input(formy_task *task, const char *role, formy_image *out)
{
	struct pixels pixels;
	formy_status status;

	if (!host_may_call(task, "input")) {
		return FORMY_E_INTERNAL;
	}
	status = find_input(task, role, &pixels);
	return status == FORMY_OK ? give_image(task, &pixels, out) : status;
}

static formy_status host_input_bytes(
	formy_task *task, const char *role, const char *media_type, formy_blob *out)
{
	struct pixels_encoding how = {.type = image_type_of_media(media_type)};
	struct err err = {0};
	struct pixels pixels;
	struct buf *room;
	formy_status status;
	int result;

	if (!host_may_call(task, "input_bytes")) {
		return FORMY_E_INTERNAL;
	}
	if (!how.type || !out || out->size < sizeof(*out)) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin asked for an encoded picture in a way that is not allowed.",
			media_type);
	}
	status = find_input(task, role, &pixels);
	if (status != FORMY_OK) {
		return status;
	}
	if (task->encoded_count == TASK_ENCODED) {
		return task_fail(task, FORMY_E_NOMEM, NULL,
			"The plugin asked for too many encoded pictures.", NULL);
	}
	room = &task->encoded[task->encoded_count];
	*room = (struct buf){0};
	result = pixels_encode(&pixels, &how, &err, room);
	if (result < 0) {
		buf_finish(room);
		return task_fail(task, result == -ENOMEM ? FORMY_E_NOMEM : FORMY_E_INTERNAL, NULL,
			"A picture could not be encoded.", err.text);
	}
	task->encoded_count++;
	out->reserved = 0;
	out->data = room->data;
	out->len = room->len;
	out->media_type = image_type_media(how.type);
	return FORMY_OK;
}

static formy_status host_call(formy_task *task, const formy_request *request)
{
	return host_may_call(task, "call") ? call_engine(task, request) : FORMY_E_INTERNAL;
}

static formy_status host_reply(formy_task *task, const char *role, formy_image *out)
{
	const struct pixels *pixels;

	if (!host_may_call(task, "reply")) {
		return FORMY_E_INTERNAL;
	}
	pixels = task->request ? NULL : task_find_picture(&task->answer, role);
	return pixels ? give_image(task, pixels, out) : FORMY_E_MISSING;
}

static const char *host_reply_facts(formy_task *task)
{
	const char *text = NULL;

	if (host_may_call(task, "reply_facts") && !task->request && task->answer_facts) {
		text = json_text(task->answer_facts);
	}
	return text ? text : "{}";
}

static formy_status host_result(formy_task *task, const char *role, const formy_image *image)
{
	struct pixels pixels;
	formy_status status;

	if (!host_may_call(task, "result")) {
		return FORMY_E_INTERNAL;
	}
	status = task_take_image(task, image, &pixels);
	if (status != FORMY_OK) {
		return status;
	}
	return task_put_picture(
		task, task->request ? &task->answer : &task->results, role, &pixels);
}

static formy_status host_result_bytes(formy_task *task, const char *role, const formy_blob *blob)
{
	const struct pixels *pixels = NULL;
	struct err err = {0};
	int result;

	if (!host_may_call(task, "result_bytes")) {
		return FORMY_E_INTERNAL;
	}
	if (!blob || blob->size < sizeof(*blob) || !blob->data || blob->len > SIZE_MAX) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin handed over an encoded picture that is none.", NULL);
	}
	result = task_decode_bytes(task, blob->data, (size_t)blob->len, &err, &pixels);
	if (result < 0) {
		return task_fail(task, result == -ENOMEM ? FORMY_E_NOMEM : FORMY_E_ENGINE,
			result == -ENOMEM ? NULL : "ENGINE_RESPONSE_ERROR",
			"The engine's answer is no picture that can be used.", err.text);
	}
	return task_put_picture(task, task->request ? &task->answer : &task->results, role, pixels);
}

static formy_status host_facts(formy_task *task, const char *json)
{
	if (!host_may_call(task, "facts")) {
		return FORMY_E_INTERNAL;
	}
	return task_add_facts(task, json, task->request ? &task->answer_facts : &task->facts);
}

static formy_status host_fail(formy_task *task, formy_status status, const char *code,
	const char *message, const char *details)
{
	/* a failure with the number of a success is a failure of the plugin */
	formy_status failed = status < 0 ? status : FORMY_E_INTERNAL;

	return host_may_call(task, "fail") ? task_fail(task, failed, code, message, details)
					   : failed;
}

const formy_host *host_table(void)
{
	static const formy_host host = {
		.size = sizeof(host),
		.abi_minor = FORMY_ABI_MINOR,
		.version = FORMY_VERSION,
		.extension = extension_find,
		.log = host_log,
		.cancelled = host_cancelled,
		.progress = host_progress,
		.time_left_ms = host_time_left_ms,
		.attempt = host_attempt,
		.params = host_params,
		.alloc = host_alloc,
		.input = host_input,
		.input_bytes = host_input_bytes,
		.call = host_call,
		.reply = host_reply,
		.reply_facts = host_reply_facts,
		.result = host_result,
		.result_bytes = host_result_bytes,
		.facts = host_facts,
		.fail = host_fail,
	};

	/* of a copy nobody could take more than it has */
	static const formy_host *given;

	if (!given) {
		given = inspect_table(&host);
	}
	return given;
}

void host_init(int channel, unsigned log_level)
{
	process.channel = channel;
	process.log_level = log_level;
	process.last_words[0] = '\0';
}

const char *host_last_words(void)
{
	return process.last_words;
}

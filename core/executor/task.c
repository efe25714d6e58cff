#include "executor/task.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/log.h"
#include "executor/speak.h"
#include "executor/text.h"
#include "wire/msg.h"

#define MAX_LOG_LINES 1000 /* of one task */

int task_init(struct formy_task *task, const struct task_setting *setting)
{
	int result;

	*task = (struct formy_task){
		.setting = *setting, .thread = pthread_self(), .places.fd = setting->places_fd};
	result = arena_init(&task->arena, LIMIT_TASK_MEMORY);
	if (result == 0) {
		result = progress_init(&task->progress, setting->channel);
	}
	return result;
}

void task_finish(struct formy_task *task)
{
	task_end(task);
	progress_finish(&task->progress);
	arena_finish(&task->arena);
}

/* Splits "source,background" into the inputs' roles. */
static int take_roles(struct formy_task *task, const char *roles, const int *fds, size_t count)
{
	const char *at = roles;

	for (size_t i = 0; i < count; i++) {
		struct task_input *input = &task->inputs[i];
		size_t len = strcspn(at, ",");

		if (!ident_is_name(at, len)) {
			return -EPROTO;
		}
		memcpy(input->role, at, len);
		input->role[len] = '\0';
		input->fd = fds[i];
		input->pixels = NULL;
		input->status = FORMY_OK;
		task->input_count++;
		at += len;
		if (*at == ',') {
			at++;
		}
	}
	return *at == '\0' ? 0 : -EPROTO;
}

int task_begin(struct formy_task *task, const struct msg_job *job, const int *fds, size_t count)
{
	int result = count > LIMIT_TASK_INPUTS ? -EPROTO : take_roles(task, job->roles, fds, count);

	/* those that became no input are still to be closed */
	for (size_t i = task->input_count; i < count; i++) {
		fs_close(fds[i]);
	}
	if (result < 0 || !text_copy(task->id, sizeof(task->id), job->task_id) || job->job == 0) {
		task_end(task);
		return -EPROTO;
	}
	task->job = job->job;
	task->attempt = job->attempt > UINT32_MAX ? UINT32_MAX : (uint32_t)job->attempt;
	task->deadline_ms = clock_mono_ms() + job->time_ms;
	task->config = job->config;
	task->unknown = job->unknown;
	task->request = NULL;
	task->failure.status = FORMY_OK;
	task->log_lines = 0;
	task->engine_used = false;
	task->down.status = FORMY_OK;
	task->later_ms = 0;
	(void)text_copy(task->memo, sizeof(task->memo), job->memo ? job->memo : "");
	progress_begin(&task->progress, job->job);
	task->active = true;
	return 0;
}

void task_end(struct formy_task *task)
{
	task->active = false;
	place_give_all(&task->places);
	progress_begin(&task->progress, 0);
	for (size_t i = 0; i < task->input_count; i++) {
		fs_close(task->inputs[i].fd);
	}
	task->input_count = 0;
	for (size_t i = 0; i < task->decoded_count; i++) {
		pixels_finish(task->decoded[i]);
		free(task->decoded[i]);
	}
	task->decoded_count = 0;
	for (size_t i = 0; i < task->encoded_count; i++) {
		buf_finish(&task->encoded[i]);
	}
	task->encoded_count = 0;
	task->results.count = 0;
	task->answer.count = 0;
	json_object_put(task->facts);
	json_object_put(task->answer_facts);
	json_object_put(task->engine_facts);
	json_object_put(task->whole_params);
	task->whole_params = NULL;
	task->facts = NULL;
	task->answer_facts = NULL;
	task->engine_facts = NULL;
	task->request = NULL;
	task->config = NULL;
	task->unknown = NULL;
	arena_clear(&task->arena);
}

void task_set_failure(struct task_failure *failure, formy_status status, const char *code,
	const char *message, const char *details)
{
	text_clean(failure->code, sizeof(failure->code), code);
	text_clean(failure->message, sizeof(failure->message), message);
	text_clean(failure->details, sizeof(failure->details), details);
	failure->status = status;
}

formy_status task_fail(struct formy_task *task, formy_status status, const char *code,
	const char *message, const char *details)
{
	task_set_failure(&task->failure, status, code, message, details);
	return status;
}

void task_log(struct formy_task *task, int32_t level, const char *text)
{
	unsigned line;

	if (level < FORMY_LOG_DEBUG || level > FORMY_LOG_ERROR) {
		level = FORMY_LOG_INFO;
	}
	if ((unsigned)level < task->setting.log_level) {
		return;
	}
	line = atomic_fetch_add(&task->log_lines, 1);
	if (line == MAX_LOG_LINES) {
		level = FORMY_LOG_WARNING;
		text = "The plugin logs too much; further lines of this task are dropped.";
	}
	if (line <= MAX_LOG_LINES) {
		speak_log(task->setting.channel, (enum log_level)level,
			task->active ? task->job : 0, text);
	}
}

/* Adds the members of one object to another. */
static int merge(struct json_object *to, struct json_object *from)
{
	json_object_object_foreach(from, name, value)
	{
		struct json_object *own = json_object_get(value);

		if (json_object_object_add(to, name, own) < 0) {
			json_object_put(own);
			return -ENOMEM;
		}
	}
	return 0;
}

static int parse_facts(const char *text, struct err *err, struct json_object **ret_facts)
{
	size_t len = strnlen(text, LIMIT_TASK_FACTS + 1);
	char *clean = NULL;
	int result;

	if (len <= LIMIT_TASK_FACTS && text_has_secret(text)) {
		clean = malloc(len + 1);
		if (!clean) {
			return -ENOMEM;
		}
		text_clean(clean, len + 1, text);
		text = clean;
		len = strlen(text);
	}
	result = json_parse(text, len, LIMIT_TASK_FACTS, err, ret_facts);
	free(clean);
	return result;
}

formy_status task_add_facts(struct formy_task *task, const char *json, struct json_object **facts)
{
	struct json_object *more = NULL;
	struct json_object *whole = *facts ? *facts : json_object_new_object();
	formy_status status = FORMY_OK;
	struct err err = {0};
	int result = parse_facts(json ? json : "", &err, &more);

	if (result == 0 && !json_object_is_type(more, json_type_object)) {
		result = err_set(&err, -EINVAL, "facts must be a JSON object");
	}
	if (result == 0 && whole) {
		result = merge(whole, more);
	}
	if (result == 0 && whole && strlen(json_text(whole)) > LIMIT_TASK_FACTS) {
		result = err_set(&err, -EFBIG, "more than %d bytes of facts", LIMIT_TASK_FACTS);
	}
	if (!whole || result == -ENOMEM) {
		status = FORMY_E_NOMEM;
	} else if (result < 0) {
		status = task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin gave facts about its result that cannot be kept.", err.text);
	}
	json_object_put(more);
	*facts = whole;
	return status;
}

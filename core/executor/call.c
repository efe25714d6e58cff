#include "executor/call.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "executor/host.h"
#include "executor/loader.h"
#include "executor/task.h"
#include "wire/msg.h"

/* Checks what the pipeline asks for. On failure the words are set. */
static formy_status check_request(formy_task *task, const formy_request *request)
{
	const struct task_engine_setting *asked;
	char message[LIMIT_ERROR_MESSAGE];

	if (task->request) {
		return task_fail(task, FORMY_E_UNSUPPORTED, "INTERNAL_ERROR",
			"The engine called an engine, which is not allowed.", NULL);
	}
	if (!request || request->size < sizeof(*request) || !request->operation) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin called its engine in a way that is not allowed.",
			"size is not set to sizeof(formy_request), or there is no operation");
	}
	if (request->engine && strcmp(request->engine, "helper") != 0) {
		return task_fail(task, FORMY_E_UNSUPPORTED, "INTERNAL_ERROR",
			"The plugin called an engine that no mode has.", request->engine);
	}
	asked = &task->setting.engines[request->engine ? ENGINE_HELPER : ENGINE_MAIN];
	if (!asked->engine) {
		const char *option = request->engine ? "helper" : "engine";

		(void)snprintf(message, sizeof(message),
			"Mode %s has no %s; set %s in mode \"%s\" of formy.conf.",
			task->setting.mode, option, option, task->setting.mode);
		return task_fail(task, FORMY_E_UNSUPPORTED, "ENGINE_NOT_AVAILABLE", message, NULL);
	}
	if (!loader_has_operation(asked->engine, request->operation)) {
		(void)snprintf(message, sizeof(message),
			"The engine \"%s\" cannot do %.64s; choose another engine for mode %s.",
			asked->name, request->operation, task->setting.mode);
		return task_fail(task, FORMY_E_UNSUPPORTED, "ENGINE_NOT_AVAILABLE", message, NULL);
	}
	return FORMY_OK;
}

/* Adds the members of a JSON text, or NULL for none, that the object has not. 0 or -ENOMEM. */
static int add_absent(struct json_object *to, const char *json)
{
	struct json_object *from = NULL;
	int result = json ? json_parse(json, strlen(json), LIMIT_TASK_DATA, NULL, &from) : 0;

	if (result < 0 || !from) {
		return result;
	}
	json_object_object_foreach(from, name, value)
	{
		if (result == 0 && !json_object_object_get_ex(to, name, NULL)) {
			struct json_object *own = json_object_get(value);

			result = json_object_object_add(to, name, own);
			if (result < 0) {
				json_object_put(own);
			}
		}
	}
	json_object_put(from);
	return result < 0 ? -ENOMEM : 0;
}

/* What params() of the engine gives: the request's, and what else the engine wants. */
static formy_status take_params(
	formy_task *task, const struct task_engine_setting *asked, const char *params)
{
	struct json_object *object = NULL;
	struct err err = {0};
	int result = json_parse(
		params, strnlen(params, LIMIT_TASK_DATA + 1), LIMIT_TASK_DATA, &err, &object);

	if (result == 0 && !json_object_is_type(object, json_type_object)) {
		result = err_set(&err, -EINVAL, "they are no object");
	}
	if (result < 0) {
		json_object_put(object);
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin gave its engine parameters that are no JSON object.", err.text);
	}
	task->request_params = params;
	if (!(asked->engine->flags & FORMY_ENGINE_WHOLE_CONFIG)) {
		json_object_put(object);
		return FORMY_OK;
	}
	json_object_put(task->whole_params);
	task->whole_params = object;
	if (add_absent(object, task->config) < 0 || add_absent(object, task->unknown) < 0 ||
		!json_text(object)) {
		return task_fail(task, FORMY_E_NOMEM, NULL, NULL, NULL);
	}
	task->request_params = json_text(object);
	return FORMY_OK;
}

/* The facts of all answers go into the metadata, those of a later call over those of an earlier. */
static formy_status keep_facts(formy_task *task)
{
	const char *text = task->answer_facts ? json_text(task->answer_facts) : NULL;

	return text ? task_add_facts(task, text, &task->engine_facts) : FORMY_OK;
}

formy_status call_engine(formy_task *task, const formy_request *request)
{
	const struct task_engine_setting *asked;
	formy_status status = check_request(task, request);

	task->answer.count = task->request ? task->answer.count : 0;
	if (status != FORMY_OK) {
		return status;
	}
	json_object_put(task->answer_facts);
	task->answer_facts = NULL;
	task->serving = request->engine ? ENGINE_HELPER : ENGINE_MAIN;
	asked = &task->setting.engines[task->serving];
	status = take_params(task, asked, request->params ? request->params : "{}");
	if (status != FORMY_OK) {
		return status;
	}
	task->engine_used = task->engine_used || task->serving == ENGINE_MAIN;
	task->request = request;
	task->failure.status = FORMY_OK;
	progress_map(&task->progress, request->progress_from, request->progress_to);
	progress_enter(&task->progress, request->engine ? MSG_PART_HELPER : MSG_PART_ENGINE);
	status = asked->engine->run(host_table(), asked->state, request->operation, task);
	progress_enter(&task->progress, MSG_PART_MODE);
	task->request = NULL;
	progress_map(&task->progress, 0, 1000);
	if (status > 0) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The engine returned a number that is no status.", NULL);
	}
	return status == FORMY_OK && task->serving == ENGINE_MAIN ? keep_facts(task) : status;
}

formy_status call_find_image(formy_task *task, const char *role, struct pixels *ret_pixels)
{
	const formy_named_image *const *images = task->request->images;

	for (size_t i = 0; role && images && images[i]; i++) {
		if (images[i]->size >= sizeof(*images[i]) && images[i]->role &&
			strcmp(images[i]->role, role) == 0) {
			return task_view_image(task, images[i]->image, ret_pixels);
		}
	}
	return FORMY_E_MISSING;
}

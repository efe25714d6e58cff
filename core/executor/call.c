#include "executor/call.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "executor/host.h"
#include "executor/loader.h"
#include "executor/task.h"

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

static formy_status check_params(formy_task *task, const char *params)
{
	struct json_object *object = NULL;
	struct err err = {0};
	int result = json_parse(
		params, strnlen(params, LIMIT_TASK_DATA + 1), LIMIT_TASK_DATA, &err, &object);

	if (result == 0 && !json_object_is_type(object, json_type_object)) {
		result = err_set(&err, -EINVAL, "they are no object");
	}
	json_object_put(object);
	if (result < 0) {
		return task_fail(task, FORMY_E_INTERNAL, "INTERNAL_ERROR",
			"The plugin gave its engine parameters that are no JSON object.", err.text);
	}
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
	task->request_params = request->params ? request->params : "{}";
	status = check_params(task, task->request_params);
	if (status != FORMY_OK) {
		return status;
	}
	task->serving = request->engine ? ENGINE_HELPER : ENGINE_MAIN;
	task->engine_used = task->engine_used || task->serving == ENGINE_MAIN;
	asked = &task->setting.engines[task->serving];
	task->request = request;
	task->failure.status = FORMY_OK;
	progress_map(&task->progress, request->progress_from, request->progress_to);
	status = asked->engine->run(host_table(), asked->state, request->operation, task);
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

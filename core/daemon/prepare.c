#include "daemon/prepare.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/catalog.h"
#include "daemon/job.h"
#include "daemon/route.h"
#include "formy/plugin.h"
#include "plugin/descriptor.h"
#include "plugin/params.h"
#include "task/outcome.h"
#include "task/queue.h"
#include "task/task.h"

/* config.engine, where the mode itself has no such parameter: one of those that it allows. */
static int take_engine(
	struct job *job, struct json_object *config, struct params_problem *ret_problem)
{
	struct mode *mode = job->mode;
	struct json_object *value = json_member(config, "engine");
	const char *name =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	const struct route *route;

	if (!value || descriptor_find_param(mode->description, "engine")) {
		return 0;
	}
	route = name ? route_find(mode, name) : NULL;
	/* the fallback is there for trouble, not to be chosen, unless it is allowed by name */
	if (!route || !mode->config->engines_allowed ||
		!(route == &mode->routes[0] || config_mode_allows(mode->config, name))) {
		ret_problem->code = "INVALID_CONFIG";
		(void)snprintf(ret_problem->message, sizeof(ret_problem->message),
			"config.engine is not one that a task of mode %s may choose: %.200s.",
			mode->name,
			mode->config->engines_allowed ? mode->config->engines_allowed
						      : "there are none");
		return -EINVAL;
	}
	(void)text_copy(job->engine_wanted, sizeof(job->engine_wanted), name);
	json_object_object_del(config, "engine");
	return 0;
}

static bool takes_unknown(const struct mode *mode)
{
	bool takes = false;

	for (size_t i = 0; i < mode->route_count; i++) {
		takes = takes || mode->routes[i].whole_config;
	}
	return takes;
}

static void warn_of_unknown(const struct job *job, struct json_object *unknown)
{
	struct buf names = {0};

	json_object_object_foreach(unknown, name, value)
	{
		(void)value;
		buf_printf(&names, "%s%.64s", names.len > 0 ? ", " : "", name);
	}
	log_warning("config has members that the mode does not know", LOG_S("task", job->id),
		LOG_S("mode", job->mode->name), LOG_S("members", buf_cstr(&names)));
	buf_finish(&names);
}

/* They go to the engine that asks for them, or the log tells that they go nowhere. */
static int keep_unknown(struct job *job, struct json_object *unknown)
{
	if (json_object_object_length(unknown) == 0) {
		return 0;
	}
	if (!takes_unknown(job->mode)) {
		warn_of_unknown(job, unknown);
		return 0;
	}
	job->unknown = strdup(json_text(unknown));
	return job->unknown ? 0 : -ENOMEM;
}

int prepare_job(struct job *job, const struct queue_task *task, struct err *err,
	struct outcome *ret_outcome)
{
	struct params_problem problem = {0};
	struct task_request request = {0};
	struct params_inputs inputs = {0};
	struct json_object *config = NULL;
	struct json_object *unknown = json_object_new_object();
	const char *code = NULL;
	int result;

	if (!unknown) {
		result = -ENOMEM;
		goto out;
	}
	result = task_request_parse(task->data.data, task->data.len, err, &code, &request);
	if (result < 0) {
		goto out;
	}
	if (request.timeout_ms > 0 && request.timeout_ms < job->timeout_ms) {
		job->timeout_ms = request.timeout_ms;
	}
	if (!descriptor_find_param(job->mode->description, "timeout")) {
		json_object_object_del(request.config, "timeout");
	}
	result = take_engine(job, request.config, &problem);
	if (result == 0) {
		result = params_check(
			job->mode->description, request.config, unknown, &problem, &config);
	}
	if (result == 0) {
		result = params_find_inputs(job->mode->description,
			json_member(request.data, "source_image"),
			json_member(request.data, "reference_image"), config, &problem, &inputs);
	}
	if (result < 0) {
		code = problem.code;
		(void)err_set(err, result, "%s", problem.message);
		goto out;
	}
	for (size_t i = 0; i < inputs.count && i < LIMIT_TASK_INPUTS; i++) {
		struct job_input *input = &job->inputs[job->input_count++];

		(void)text_copy(input->role, sizeof(input->role), inputs.items[i].role);
		(void)text_copy(input->image_id, sizeof(input->image_id), inputs.items[i].image_id);
	}
	job->config = strdup(json_text(config));
	result = job->config ? keep_unknown(job, unknown) : -ENOMEM;
out:
	if (result < 0) {
		ret_outcome->status = result == -ENOMEM ? FORMY_E_NOMEM : FORMY_E_PARAMS;
		ret_outcome->code = result == -ENOMEM ? NULL : code;
		ret_outcome->message = result == -ENOMEM ? NULL : err->text;
	}
	json_object_put(unknown);
	json_object_put(config);
	task_request_finish(&request);
	return result;
}

#include "runninghub.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/path.h"

/* A value for a node; takes value over. */
static bool add_node(struct json_object *list, const char *place, struct json_object *value)
{
	const char *dot = strchr(place, '.');
	struct json_object *node = json_object_new_object();

	if (!node || !value || !dot) {
		json_object_put(node);
		json_object_put(value);
		return false;
	}
	json_object_object_add(
		node, "nodeId", json_object_new_string_len(place, (int)(dot - place)));
	json_object_object_add(node, "fieldName", json_object_new_string(dot + 1));
	json_object_object_add(node, "fieldValue", value);
	return json_object_array_add(list, node) == 0;
}

static formy_status upload(struct runninghub *engine, struct job *job, const char *role,
	const char *place, const formy_blob *blob, struct json_object *list)
{
	char file[LIMIT_ROLE_NAME + 8];
	const char *key = engine->remote.setting.api_key;
	const struct http_part parts[] = {
		{"file", blob->data, (size_t)blob->len, file, blob->media_type},
		{"apiKey", key, strlen(key), NULL, NULL},
		{"fileType", "input", 5, NULL, NULL},
	};
	const char *const headers[] = {engine->bearer, NULL};
	struct runninghub_call call = {.request = {.stage = HTTP_UPLOAD, .parts = parts}};
	const char *name;
	formy_status status = FORMY_OK;

	(void)snprintf(file, sizeof(file), "%.32s.png", role);
	/* an upload runs nothing: it may be repeated */
	for (int attempt = 0; attempt < 3; attempt++) {
		/* the newer one has the key in a header alone */
		call.request.part_count = engine->upload_v2 ? 1 : sizeof(parts) / sizeof(parts[0]);
		call.request.headers = engine->upload_v2 ? headers : NULL;
		runninghub_call_send(engine, &call,
			engine->upload_v2 ? "/openapi/v2/media/upload/binary"
					  : "/task/openapi/upload");
		if ((call.fault != FAULT_UNKNOWN && call.fault != FAULT_SERVER) || attempt == 2 ||
			!http_wait(engine->remote.http, 500u << attempt)) {
			break;
		}
		http_answer_finish(&call.answer);
		json_object_put(call.said);
		call.said = NULL;
		buf_clear(&call.url);
	}
	name = path_text(call.said, "data.fileName");
	if (call.fault == FAULT_NONE && !name) {
		call.fault = FAULT_ANSWER;
	}
	/* what is not known of an upload does no harm */
	call.fault = call.fault == FAULT_UNKNOWN ? FAULT_SERVER : call.fault;
	if (call.fault != FAULT_NONE) {
		status = runninghub_call_fail(
			engine, job, &call, "RunningHub did not take a picture.");
	} else if (!add_node(list, place, json_object_new_string(name))) {
		status = FORMY_E_NOMEM;
	}
	runninghub_call_finish(&call);
	return status;
}

static bool is_place(const char *text)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	return digits > 0 && text[digits] == '.' && text[digits + 1];
}

static bool is_role(struct job *job, const char *name)
{
	static const char *const ours[] = {"source", "reference", "background", "mask"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcmp(job_role(job, name), ours[i]) == 0) {
			return true;
		}
	}
	return false;
}

static formy_status bind_one(struct runninghub *engine, struct job *job, const char *name,
	const char *place, struct json_object *list)
{
	struct json_object *value = json_member(job->params, name);
	char message[160];
	formy_status status;
	formy_blob blob;

	if (is_role(job, name)) {
		status = job_picture(job, name, &blob);
		if (status == FORMY_OK) {
			return upload(engine, job, name, place, &blob, list);
		}
		if (status == FORMY_E_MISSING) {
			(void)snprintf(message, sizeof(message),
				"The mode's workflow needs a picture \"%.40s\", which the task "
				"lacks.",
				job_role(job, name));
			status = job_refuse(job, status, "MISSING_REQUIRED_PARAM", message, NULL);
		}
		return status;
	}
	if (json_object_is_type(value, json_type_array) ||
		json_object_is_type(value, json_type_object)) {
		(void)snprintf(message, sizeof(message),
			"config.%.40s must be a text, a number, true or false.", name);
		return job_refuse(job, FORMY_E_PARAMS, "INVALID_CONFIG", message, NULL);
	}
	if (value && !add_node(list, place, json_object_get(value))) {
		return FORMY_E_NOMEM;
	}
	return FORMY_OK;
}

static formy_status bind_all(struct runninghub *engine, struct job *job, struct json_object *list)
{
	json_object_object_foreach(engine->mode, name, value)
	{
		const char *place = json_object_is_type(value, json_type_string)
			? json_object_get_string(value)
			: NULL;
		formy_status status =
			is_place(place) ? bind_one(engine, job, name, place, list) : FORMY_OK;

		if (status != FORMY_OK) {
			return status;
		}
	}
	return FORMY_OK;
}

/* Sends the task, once. */
static formy_status create(
	struct runninghub *engine, struct job *job, struct json_object *body, char id[ONCE_ID_SIZE])
{
	struct runninghub_call call = {.request = {.stage = HTTP_SUBMIT, .json = json_text(body)},
		.code = RUNNINGHUB_NONE};
	struct buf why = {0};
	const char *given;
	formy_status status = once_sending(job);

	if (status != FORMY_OK) {
		return status;
	}
	runninghub_call_send(engine, &call, "/task/openapi/create");
	given = path_text(call.said, "data.taskId");
	if (call.fault == FAULT_NONE && given) {
		(void)text_copy(id, ONCE_ID_SIZE, given);
		status = once_sent(job, id);
	} else if (call.fault == FAULT_UNKNOWN) {
		fault_explain(&call.answer, &why);
		status = once_unknown(job, buf_failed(&why) ? NULL : buf_cstr(&why));
	} else {
		if (call.fault == FAULT_NONE) {
			call.fault = FAULT_ANSWER;
		}
		once_forget(job);
		status = runninghub_call_fail(engine, job, &call,
			call.fault == FAULT_CONTENT
				? "RunningHub refuses the picture or the prompt for its content."
				: "RunningHub did not take the task.");
	}
	runninghub_call_finish(&call);
	buf_finish(&why);
	return status;
}

formy_status runninghub_submit(struct runninghub *engine, struct job *job, char id[ONCE_ID_SIZE])
{
	struct json_object *body = runninghub_new_body(engine);
	struct json_object *list = json_object_new_array();
	formy_status status = FORMY_E_NOMEM;

	if (body && list) {
		job->host->progress(job->task, 50, "Uploading to RunningHub");
		status = bind_all(engine, job, list);
	}
	if (status == FORMY_OK) {
		json_object_object_add(
			body, "workflowId", json_object_new_string(engine->workflow_id));
		json_object_object_add(body, "nodeInfoList", json_object_get(list));
		if (engine->instance_type) {
			json_object_object_add(body, "instanceType",
				json_object_new_string(engine->instance_type));
		}
		status = create(engine, job, body, id);
	}
	json_object_put(list);
	json_object_put(body);
	return status;
}

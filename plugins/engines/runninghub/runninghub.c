#include "runninghub.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/once.h"
#include "http/path.h"

#define CODE_NONE INT64_MIN
#define CODE_RUNNING 804
#define CODE_FAILED 805
#define CODE_QUEUED 813
#define CANCEL_MS 500 /* the executor has two seconds, and hears of a cancel within one */

/* One call and what came of it. */
struct call {
	struct http_request request;
	struct http_answer answer;
	struct json_object *said;
	struct buf url;
	enum fault fault;
	int64_t code; /* CODE_NONE: the answer has none */
};

enum fault runninghub_fault(int64_t code)
{
	switch (code) {
	case 0:
	case 200:
		return FAULT_NONE;
	case 301:
	case 380:
	case 412:
	case 433:
	case 435:
	case 436:
	case 803:
	case 808:
	case 809:
	case 810:
	case 811:
	case 1007:
	case 1008:
	case 1014:
		return FAULT_REQUEST;
	case 801:
	case 802:
	case 806:
	case 1002:
		return FAULT_AUTH;
	case 416:
	case 812:
		return FAULT_MONEY;
	case 415:
	case 421:
	case 1003:
	case 1011:
	case 1520:
		return FAULT_CAPACITY;
	case 500:
	case 1005:
	case 1010:
	case 1012:
	case 1015:
		return FAULT_SERVER;
	case 1501:
	case 1505:
		return FAULT_CONTENT;
	case 1006:
	case 1504:
		return FAULT_UNKNOWN;
	default:
		return FAULT_ANSWER;
	}
}

static void call_finish(struct call *call)
{
	http_answer_finish(&call->answer);
	json_object_put(call->said);
	buf_finish(&call->url);
	*call = (struct call){.code = CODE_NONE};
}

/* All answers are 200 with a code, which is a number or a text. */
static void call_send(struct runninghub *engine, struct call *call, const char *path)
{
	const char *code;

	buf_printf(&call->url, "%s%s", buf_cstr(&engine->base), path);
	call->request.url = buf_failed(&call->url) ? "" : buf_cstr(&call->url);
	call->request.max_bytes = LIMIT_ANSWER_JSON;
	http_send(engine->http, &call->request, &call->answer);
	call->fault = fault_of(&call->answer);
	call->said = job_parse(&call->answer);
	code = path_text(call->said, "code");
	call->code = code ? strtoll(code, NULL, 10) : CODE_NONE;
	if (call->fault == FAULT_NONE) {
		call->fault = code ? runninghub_fault(call->code) : FAULT_ANSWER;
	}
}

static formy_status call_fail(
	struct runninghub *engine, struct job *job, struct call *call, const char *message)
{
	if (call->fault == FAULT_CAPACITY && call->answer.retry_after_s < 0) {
		call->answer.retry_after_s = engine->capacity_wait_s;
	}
	if (call->fault == FAULT_STOPPED || call->fault == FAULT_LATE ||
		call->fault == FAULT_NO_MEMORY) {
		return job_fail(job, call->fault, message, NULL, -1);
	}
	return job_fail_answer(job, call->fault, message, &call->request, &call->answer);
}

/* A body with the key, which the service wants in it. */
static struct json_object *new_body(struct runninghub *engine)
{
	struct json_object *body = json_object_new_object();

	if (body) {
		json_object_object_add(
			body, "apiKey", json_object_new_string(engine->setting.api_key));
	}
	return body;
}

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
	const char *key = engine->setting.api_key;
	const struct http_part parts[] = {
		{"file", blob->data, (size_t)blob->len, file, blob->media_type},
		{"apiKey", key, strlen(key), NULL, NULL},
		{"fileType", "input", 5, NULL, NULL},
	};
	const char *const headers[] = {engine->bearer, NULL};
	struct call call = {.request = {.stage = HTTP_UPLOAD, .parts = parts}};
	const char *name;
	formy_status status = FORMY_OK;

	(void)snprintf(file, sizeof(file), "%.32s.png", role);
	/* an upload runs nothing: it may be repeated */
	for (int attempt = 0; attempt < 3; attempt++) {
		/* the newer one has the key in a header alone */
		call.request.part_count = engine->upload_v2 ? 1 : sizeof(parts) / sizeof(parts[0]);
		call.request.headers = engine->upload_v2 ? headers : NULL;
		call_send(engine, &call,
			engine->upload_v2 ? "/openapi/v2/media/upload/binary"
					  : "/task/openapi/upload");
		if ((call.fault != FAULT_UNKNOWN && call.fault != FAULT_SERVER) || attempt == 2 ||
			!http_wait(engine->http, 500u << attempt)) {
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
		status = call_fail(engine, job, &call, "RunningHub did not take a picture.");
	} else if (!add_node(list, place, json_object_new_string(name))) {
		status = FORMY_E_NOMEM;
	}
	call_finish(&call);
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
	struct call call = {
		.request = {.stage = HTTP_SUBMIT, .json = json_text(body)}, .code = CODE_NONE};
	struct buf why = {0};
	const char *given;
	formy_status status = once_sending(job);

	if (status != FORMY_OK) {
		return status;
	}
	call_send(engine, &call, "/task/openapi/create");
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
		status = call_fail(engine, job, &call,
			call.fault == FAULT_CONTENT
				? "RunningHub refuses the picture or the prompt for its content."
				: "RunningHub did not take the task.");
	}
	call_finish(&call);
	buf_finish(&why);
	return status;
}

static formy_status submit(struct runninghub *engine, struct job *job, char id[ONCE_ID_SIZE])
{
	struct json_object *body = new_body(engine);
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

static void cancel(struct runninghub *engine, struct job *job, struct json_object *body)
{
	struct call call = {
		.request = {.stage = HTTP_POLL, .json = json_text(body), .most_ms = CANCEL_MS}};

	/* the task's own cancel would end this call, too */
	http_begin(engine->http, job->host, NULL);
	call_send(engine, &call, "/task/openapi/cancel");
	http_begin(engine->http, job->host, job->task);
	call_finish(&call);
}

static struct json_object *find_result(struct runninghub *engine, struct json_object *data)
{
	size_t count =
		json_object_is_type(data, json_type_array) ? json_object_array_length(data) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_array_get_idx(data, i);
		const char *node = path_text(one, "nodeId");

		if (path_text(one, "fileUrl") &&
			(!engine->output_node ||
				(node && strcmp(node, engine->output_node) == 0))) {
			return one;
		}
	}
	return NULL;
}

static formy_status take_result(struct runninghub *engine, struct job *job, struct call *call)
{
	static const char *const costs[] = {"taskCostTime", "consumeCoins", "consumeMoney"};
	struct json_object *result = find_result(engine, json_member(call->said, "data"));

	if (!result) {
		return job_fail_answer(job, FAULT_ANSWER,
			"RunningHub gave no picture of the mode's output_node.", &call->request,
			&call->answer);
	}
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		job_fact(job, costs[i], json_object_get(json_member(result, costs[i])));
	}
	return job_give_url(job, path_text(result, "fileUrl"));
}

static formy_status fail_as_service(struct job *job, struct json_object *said)
{
	struct json_object *reason = path_find(said, "data.failedReason");
	const char *node = path_text(reason, "node_name");
	const char *words = path_text(reason, "exception_message");
	char message[LIMIT_ERROR_MESSAGE];

	(void)snprintf(message, sizeof(message), "RunningHub failed%s%.80s: %.300s",
		node ? " at node " : "", node ? node : "", words ? words : "it gave no reason");
	return job_refuse(job, FORMY_E_ENGINE, "PROCESSING_FAILED", message,
		path_text(reason, "exception_type"));
}

/* Asks until the task has ended. */
static formy_status follow(struct runninghub *engine, struct job *job, struct json_object *body)
{
	formy_status status = FORMY_OK;
	unsigned odd = 0;
	bool ended = false;

	for (int32_t polls = 0; !ended; polls++) {
		struct call call = {.request = {.stage = HTTP_POLL, .json = json_text(body)}};

		call_send(engine, &call, "/task/openapi/outputs");
		/* what stands between may answer for a while */
		odd = call.fault == FAULT_ANSWER && call.code == CODE_NONE ? odd + 1 : 0;
		ended = true;
		if (call.code == CODE_FAILED) {
			status = fail_as_service(job, call.said);
		} else if (call.fault == FAULT_NONE) {
			status = take_result(engine, job, &call);
		} else if (call.code == CODE_RUNNING || call.code == CODE_QUEUED ||
			call.fault == FAULT_UNKNOWN || call.fault == FAULT_NOT_SENT ||
			call.fault == FAULT_SERVER || call.fault == FAULT_CAPACITY ||
			(odd > 0 && odd < JOB_ODD_ANSWERS)) {
			/* what cannot be asked now goes on all the same */
			job->host->progress(job->task, 950 - 850 / (1 + polls / 4),
				call.code == CODE_QUEUED ? "Waiting in RunningHub's queue"
							 : "RunningHub is working");
			ended = !http_wait(engine->http, (uint32_t)engine->poll_every_s * 1000);
			if (ended) {
				call.fault = http_should_stop(engine->http) == HTTP_LATE
					? FAULT_LATE
					: FAULT_STOPPED;
			}
		}
		if (ended && (call.fault == FAULT_STOPPED || call.fault == FAULT_LATE)) {
			cancel(engine, job, body);
			status = call_fail(engine, job, &call, "RunningHub took too long.");
		} else if (ended && call.fault != FAULT_NONE && call.code != CODE_FAILED) {
			status = call_fail(engine, job, &call, "RunningHub lost the task.");
		}
		call_finish(&call);
	}
	return status;
}

formy_status runninghub_run(struct runninghub *engine, struct job *job)
{
	struct json_object *body = new_body(engine);
	char id[ONCE_ID_SIZE] = "";
	formy_status status = body ? once_recall(job, id) : FORMY_E_NOMEM;

	if (status == FORMY_OK && !id[0]) {
		status = submit(engine, job, id);
	}
	if (id[0]) {
		json_object_object_add(body, "taskId", json_object_new_string(id));
	}
	if (status != FORMY_OK && id[0]) {
		/* it was cancelled while it was sent, or its id could not be kept */
		cancel(engine, job, body);
	} else if (status == FORMY_OK) {
		job_fact(job, "task_id", json_object_new_string(id));
		status = follow(engine, job, body);
		job_settle(job, status);
	}
	json_object_put(body);
	return status;
}

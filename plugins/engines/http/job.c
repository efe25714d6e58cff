#include "http/job.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/host.h"
#include "http/picture.h"
#include "http/redact.h"

const char *const job_codes[FAULTS] = {
	[FAULT_NOT_SENT] = "ENGINE_CONNECTION_FAILED",
	[FAULT_UNKNOWN] = "ENGINE_TIMEOUT",
	[FAULT_CAPACITY] = "RESOURCE_LIMIT_EXCEEDED",
	[FAULT_CONTENT] = "PROCESSING_FAILED",
	[FAULT_AUTH] = "ENGINE_AUTH_FAILED",
	[FAULT_MONEY] = "INSUFFICIENT_CREDITS",
	[FAULT_REQUEST] = "ENGINE_RESPONSE_ERROR",
	[FAULT_SERVER] = "ENGINE_RESPONSE_ERROR",
	[FAULT_ANSWER] = "ENGINE_RESPONSE_ERROR",
	[FAULT_LATE] = "ENGINE_TIMEOUT",
};

static const formy_status statuses[FAULTS] = {
	[FAULT_NOT_SENT] = FORMY_E_UNREACHABLE,
	[FAULT_UNKNOWN] = FORMY_E_ENGINE,
	[FAULT_CAPACITY] = FORMY_E_BUSY,
	[FAULT_CONTENT] = FORMY_E_INPUT,
	[FAULT_AUTH] = FORMY_E_ENGINE,
	[FAULT_MONEY] = FORMY_E_ENGINE,
	[FAULT_REQUEST] = FORMY_E_ENGINE,
	[FAULT_SERVER] = FORMY_E_UNREACHABLE,
	[FAULT_ANSWER] = FORMY_E_ENGINE,
	[FAULT_STOPPED] = FORMY_E_CANCELLED,
	[FAULT_LATE] = FORMY_E_TIMEOUT,
	[FAULT_NO_MEMORY] = FORMY_E_NOMEM,
};

#define CAPACITY_WAIT_S 30

formy_status job_begin_check(struct job *job, const formy_host *host, formy_task *task,
	struct http *http, const struct http_setting *setting)
{
	*job = (struct job){
		.host = host,
		.task = task,
		.http = http,
		.setting = setting,
		.codes = job_codes,
		.operation = "",
	};
	http_begin(http, host, task);
	return FORMY_OK;
}

formy_status job_begin(struct job *job, const formy_host *host, formy_task *task,
	const char *operation, struct http *http, const struct http_setting *setting)
{
	(void)job_begin_check(job, host, task, http, setting);
	job->operation = operation;
	job->params = json_tokener_parse(host->params(task));
	return job->params ? FORMY_OK : FORMY_E_NOMEM;
}

void job_finish(struct job *job)
{
	http_begin(job->http, job->host, NULL);
	json_object_put(job->params);
	job->params = NULL;
}

formy_status job_fail(
	struct job *job, enum fault fault, const char *message, const char *details, int64_t wait_s)
{
	const char *code = job->codes[fault];
	char safe_message[LIMIT_ERROR_MESSAGE];
	char safe_details[LIMIT_ERROR_DETAILS];

	redact(job->setting, message, safe_message, sizeof(safe_message));
	redact(job->setting, details ? details : "", safe_details, sizeof(safe_details));
	switch (fault) {
	case FAULT_STOPPED:
		return FORMY_E_CANCELLED;
	case FAULT_NOT_SENT:
	case FAULT_AUTH:
	case FAULT_MONEY:
		return host_down(job->host, job->task, statuses[fault], code, safe_message,
			details ? safe_details : NULL);
	case FAULT_CAPACITY:
		return host_retry_after(job->host, job->task, wait_s > 0 ? wait_s : CAPACITY_WAIT_S,
			code, safe_message, details ? safe_details : NULL);
	default:
		return job->host->fail(job->task, statuses[fault], code, safe_message,
			details ? safe_details : NULL);
	}
}

/* "POST http://host/prompt: Connection refused" */
static void describe(
	const struct http_request *request, const struct http_answer *answer, struct buf *out)
{
	/* the query may hold what is nobody's business */
	buf_printf(out, "%s %.*s: ",
		request->method                           ? request->method
			: request->json || request->parts ? "POST"
							  : "GET",
		(int)strcspn(request->url, "?"), request->url);
	fault_explain(answer, out);
}

formy_status job_fail_check(struct job *job, enum fault fault, const struct http_request *request,
	const struct http_answer *answer)
{
	struct buf why = {0};
	formy_status status;

	describe(request, answer, &why);
	status = job_refuse(job, FORMY_E_UNREACHABLE, job->codes[fault],
		buf_failed(&why) ? "The service cannot be used now." : buf_cstr(&why), NULL);
	buf_finish(&why);
	return status;
}

formy_status job_fail_answer(struct job *job, enum fault fault, const char *message,
	const struct http_request *request, const struct http_answer *answer)
{
	struct buf details = {0};
	formy_status status;

	describe(request, answer, &details);
	status = job_fail(job, fault, message, buf_failed(&details) ? NULL : buf_cstr(&details),
		answer->retry_after_s);
	buf_finish(&details);
	return status;
}

formy_status job_refuse(struct job *job, formy_status status, const char *code, const char *message,
	const char *details)
{
	char safe_message[LIMIT_ERROR_MESSAGE];
	char safe_details[LIMIT_ERROR_DETAILS];

	redact(job->setting, message, safe_message, sizeof(safe_message));
	redact(job->setting, details ? details : "", safe_details, sizeof(safe_details));
	return job->host->fail(
		job->task, status, code, safe_message, details ? safe_details : NULL);
}

struct json_object *job_parse(const struct http_answer *answer)
{
	struct json_object *value = NULL;

	if (answer->end != HTTP_ANSWERED ||
		json_parse(answer->body.data ? answer->body.data : "", answer->body.len,
			answer->body.len, NULL, &value) < 0) {
		return NULL;
	}
	if (!json_object_is_type(value, json_type_object)) {
		json_object_put(value);
		return NULL;
	}
	return value;
}

const char *job_role(const struct job *job, const char *role)
{
	static const struct {
		const char *operation;
		const char *theirs;
		const char *ours;
	} names[] = {
		{"HEAD_SWAP", "head_image", "source"},
		{"HEAD_SWAP", "cloth_image", "reference"},
		{"BACKGROUND_CHANGE", "model_image", "source"},
		{"BACKGROUND_CHANGE", "bg_image", "background"},
		{"POSE_CHANGE", "raw_image", "source"},
		{"POSE_CHANGE", "pose_image", "reference"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].operation, job->operation) == 0 &&
			strcmp(names[i].theirs, role) == 0) {
			return names[i].ours;
		}
	}
	return role;
}

formy_status job_picture(struct job *job, const char *role, formy_blob *ret_blob)
{
	*ret_blob = (formy_blob){.size = sizeof(*ret_blob)};
	return job->host->input_bytes(job->task, job_role(job, role), "image/png", ret_blob);
}

struct json_object *job_recall(struct job *job)
{
	const char *text = host_memo(job->host, job->task);
	struct json_object *memo = NULL;

	if (!text || json_parse(text, strlen(text), LIMIT_TASK_FACTS, NULL, &memo) < 0) {
		return NULL;
	}
	return memo;
}

formy_status job_remember(struct job *job, struct json_object *memo)
{
	const char *text = memo ? json_text(memo) : NULL;

	return memo && !text ? FORMY_E_NOMEM : host_set_memo(job->host, job->task, text);
}

void job_settle(struct job *job, formy_status status)
{
	bool waits = status / 100 == FORMY_E_BUSY / 100;

	if (status != FORMY_OK && status != FORMY_E_CANCELLED && !waits) {
		(void)job_remember(job, NULL);
	}
}

formy_status job_give(struct job *job, const void *data, size_t len)
{
	const char *type = picture_type(data, len);
	const formy_blob blob = {
		.size = sizeof(blob), .data = data, .len = len, .media_type = type};

	if (!type) {
		return job_fail(job, FAULT_ANSWER,
			"The engine's answer is no picture: neither PNG, JPEG nor WebP.", NULL, -1);
	}
	return job->host->result_bytes(job->task, "output", &blob);
}

formy_status job_give_base64(struct job *job, const char *text)
{
	struct buf bytes = {0};
	formy_status status;

	if (picture_decode(text, strlen(text), &bytes) < 0) {
		status = job_fail(
			job, FAULT_ANSWER, "The engine's answer is broken base64.", NULL, -1);
	} else {
		status = job_give(job, bytes.data, bytes.len);
	}
	buf_finish(&bytes);
	return status;
}

formy_status job_give_url(struct job *job, const char *url)
{
	const char *data = picture_of_data_url(url);
	const struct http_request request = {.url = url,
		.stage = HTTP_DOWNLOAD,
		.max_bytes = job->setting->max_bytes,
		.foreign = true,
		.follow = true};
	struct http_answer answer = {0};
	enum fault fault;
	formy_status status;

	if (data) {
		return job_give_base64(job, data);
	}
	for (int attempt = 0;; attempt++) {
		http_send(job->http, &request, &answer);
		fault = fault_of(&answer);
		/* it is paid for: a fetch that failed costs nothing to try again */
		if (attempt == 3 ||
			(fault != FAULT_NOT_SENT && fault != FAULT_UNKNOWN &&
				fault != FAULT_SERVER && fault != FAULT_CAPACITY) ||
			!http_wait(job->http, 500u << attempt)) {
			break;
		}
	}
	if (fault == FAULT_NONE) {
		status = job_give(job, answer.body.data, answer.body.len);
	} else if (fault == FAULT_STOPPED || fault == FAULT_LATE || fault == FAULT_NO_MEMORY) {
		status = job_fail(job, fault, "The result could not be fetched.", NULL, -1);
	} else {
		status = job_fail_answer(job, FAULT_ANSWER,
			"The engine made a result that cannot be fetched.", &request, &answer);
	}
	http_answer_finish(&answer);
	return status;
}

void job_fact(struct job *job, const char *name, struct json_object *value)
{
	struct json_object *facts = json_object_new_object();

	if (facts && value && json_object_object_add(facts, name, value) == 0) {
		const char *text = json_text(facts);

		/* a result without a fact is better than none */
		(void)(text ? job->host->facts(job->task, text) : FORMY_OK);
	} else {
		json_object_put(value);
	}
	json_object_put(facts);
}

void job_log(struct job *job, int32_t level, const char *format, ...)
{
	char line[LIMIT_PLUGIN_LOG_LINE];
	char safe[LIMIT_PLUGIN_LOG_LINE];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	redact(job->setting, line, safe, sizeof(safe));
	job->host->log(job->task, level, safe);
}

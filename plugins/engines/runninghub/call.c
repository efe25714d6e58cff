#include "runninghub.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/path.h"

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

void runninghub_call_finish(struct runninghub_call *call)
{
	http_answer_finish(&call->answer);
	json_object_put(call->said);
	buf_finish(&call->url);
	*call = (struct runninghub_call){.code = RUNNINGHUB_NONE};
}

void runninghub_call_send(struct runninghub *engine, struct runninghub_call *call, const char *path)
{
	const char *code;

	buf_printf(&call->url, "%s%s", buf_cstr(&engine->base), path);
	call->request.url = buf_failed(&call->url) ? "" : buf_cstr(&call->url);
	call->request.max_bytes = LIMIT_ANSWER_JSON;
	http_send(engine->remote.http, &call->request, &call->answer);
	call->fault = fault_of(&call->answer);
	call->said = job_parse(&call->answer);
	code = path_text(call->said, "code");
	call->code = code ? strtoll(code, NULL, 10) : RUNNINGHUB_NONE;
	if (call->fault == FAULT_NONE) {
		call->fault = code ? runninghub_fault(call->code) : FAULT_ANSWER;
	}
}

formy_status runninghub_call_fail(struct runninghub *engine, struct job *job,
	struct runninghub_call *call, const char *message)
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

struct json_object *runninghub_new_body(struct runninghub *engine)
{
	struct json_object *body = json_object_new_object();

	if (body) {
		json_object_object_add(
			body, "apiKey", json_object_new_string(engine->remote.setting.api_key));
	}
	return body;
}

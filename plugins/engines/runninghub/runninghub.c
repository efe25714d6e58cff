#include "runninghub.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/path.h"

#define CANCEL_MS 500 /* the executor has two seconds, and hears of a cancel within one */

static void cancel(struct runninghub *engine, struct job *job, struct json_object *body)
{
	struct runninghub_call call = {
		.request = {.stage = HTTP_POLL, .json = json_text(body), .most_ms = CANCEL_MS}};

	/* the task's own cancel would end this call, too */
	http_begin(engine->remote.http, job->host, NULL);
	runninghub_call_send(engine, &call, "/task/openapi/cancel");
	http_begin(engine->remote.http, job->host, job->task);
	runninghub_call_finish(&call);
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

static formy_status take_result(
	struct runninghub *engine, struct job *job, struct runninghub_call *call)
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
		struct runninghub_call call = {
			.request = {.stage = HTTP_POLL, .json = json_text(body)}};

		runninghub_call_send(engine, &call, "/task/openapi/outputs");
		/* what stands between may answer for a while */
		odd = call.fault == FAULT_ANSWER && call.code == RUNNINGHUB_NONE ? odd + 1 : 0;
		ended = true;
		if (call.code == RUNNINGHUB_FAILED) {
			status = fail_as_service(job, call.said);
		} else if (call.fault == FAULT_NONE) {
			status = take_result(engine, job, &call);
		} else if (call.code == RUNNINGHUB_RUNNING || call.code == RUNNINGHUB_QUEUED ||
			call.fault == FAULT_UNKNOWN || call.fault == FAULT_NOT_SENT ||
			call.fault == FAULT_SERVER || call.fault == FAULT_CAPACITY ||
			(odd > 0 && odd < JOB_ODD_ANSWERS)) {
			/* what cannot be asked now goes on all the same */
			job->host->progress(job->task, 950 - 850 / (1 + polls / 4),
				call.code == RUNNINGHUB_QUEUED ? "Waiting in RunningHub's queue"
							       : "RunningHub is working");
			ended = !http_wait(
				engine->remote.http, (uint32_t)engine->poll_every_s * 1000);
			if (ended) {
				call.fault = http_should_stop(engine->remote.http) == HTTP_LATE
					? FAULT_LATE
					: FAULT_STOPPED;
			}
		}
		if (ended && (call.fault == FAULT_STOPPED || call.fault == FAULT_LATE)) {
			cancel(engine, job, body);
			status = runninghub_call_fail(
				engine, job, &call, "RunningHub took too long.");
		} else if (ended && call.fault != FAULT_NONE && call.code != RUNNINGHUB_FAILED) {
			status = runninghub_call_fail(
				engine, job, &call, "RunningHub lost the task.");
		}
		runninghub_call_finish(&call);
	}
	return status;
}

formy_status runninghub_run(struct runninghub *engine, struct job *job)
{
	struct json_object *body = runninghub_new_body(engine);
	char id[ONCE_ID_SIZE] = "";
	formy_status status = body ? once_recall(job, id) : FORMY_E_NOMEM;

	if (status == FORMY_OK && !id[0]) {
		status = runninghub_submit(engine, job, id);
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

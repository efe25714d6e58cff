#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "comfyui.h"
#include "http/path.h"

/* The words of a refusal: of the first node that has one, else the whole. */
static void explain_refusal(struct comfyui *engine, struct json_object *said, struct buf *out)
{
	struct json_object *nodes = json_member(said, "node_errors");
	const char *message = path_text(said, "error.message");
	const char *details = path_text(said, "error.details");

	if (json_object_is_type(nodes, json_type_object)) {
		json_object_object_foreach(nodes, id, node)
		{
			const char *what = path_text(node, "errors.0.message");
			const char *more = path_text(node, "errors.0.details");

			buf_printf(out, "node %.40s (%.80s): %.200s %.200s", id,
				workflow_title(&engine->workflow, id), what ? what : "refused",
				more ? more : "");
			return;
		}
	}
	buf_printf(out, "%.200s %.200s", message ? message : "refused without a reason",
		details ? details : "");
}

static bool has_node_errors(struct json_object *said)
{
	struct json_object *errors = json_member(said, "node_errors");

	return json_object_is_type(errors, json_type_object) &&
		json_object_object_length(errors) > 0;
}

static formy_status refuse(struct comfyui *engine, struct job *job, struct json_object *said)
{
	struct buf why = {0};
	formy_status status;

	explain_refusal(engine, said, &why);
	status = job_refuse(job, FORMY_E_ENGINE, "COMFYUI_WORKFLOW_ERROR",
		"ComfyUI does not take the mode's workflow.",
		buf_failed(&why) ? NULL : buf_cstr(&why));
	buf_finish(&why);
	return status;
}

/* What is to be said of a prompt that the server does not have. */
static formy_status say_refused(struct comfyui *engine, struct job *job, enum fault fault,
	struct json_object *said, const struct http_request *request,
	const struct http_answer *answer)
{
	if (fault == FAULT_REQUEST && said && (answer->status == 400 || answer->status == 200)) {
		return refuse(engine, job, said);
	}
	return job_fail_answer(job, fault,
		fault == FAULT_ANSWER ? "ComfyUI answered what makes no sense."
				      : "ComfyUI did not take the task.",
		request, answer);
}

/* What an exchange says of the prompt. A connection that was lost says nothing: the history tells. */
static enum fault judge(
	const struct http_answer *answer, struct json_object *said, const char *given)
{
	enum fault fault = fault_of(answer);

	if (fault == FAULT_UNKNOWN) {
		return FAULT_NONE;
	}
	if (fault == FAULT_NONE && has_node_errors(said)) {
		return FAULT_REQUEST;
	}
	return fault == FAULT_NONE && !given ? FAULT_ANSWER : fault;
}

enum fault prompt_submit(struct comfyui *engine, struct job *job, struct prompt *prompt,
	struct json_object *graph, formy_status *ret_status)
{
	struct http_request request = {.stage = HTTP_SUBMIT, .max_bytes = LIMIT_ANSWER_JSON};
	struct json_object *body = json_object_new_object();
	struct json_object *said = NULL;
	struct http_answer answer = {0};
	struct buf url = {0};
	enum fault fault = FAULT_NO_MEMORY;
	const char *given;

	if (body) {
		json_object_object_add(body, "prompt", json_object_get(graph));
		json_object_object_add(body, "prompt_id", json_object_new_string(prompt->id));
		json_object_object_add(body, "client_id", json_object_new_string(prompt->id));
	}
	buf_printf(&url, "%s/prompt", prompt->server->url);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	request.json = body ? json_text(body) : NULL;
	if (request.json) {
		http_send(engine->remote.http, &request, &answer);
		said = job_parse(&answer);
		fault = judge(&answer, said, path_text(said, "prompt_id"));
	}
	given = path_text(said, "prompt_id");
	*ret_status = FORMY_OK;
	if (fault == FAULT_NONE && given && strcmp(given, prompt->id) != 0) {
		/* a server before 0.3.45 gives ids itself */
		(void)text_copy(prompt->id, sizeof(prompt->id), given);
		*ret_status = prompt_remember(job, prompt);
	}
	if (*ret_status != FORMY_OK ||
		(fault != FAULT_NONE && fault != FAULT_NOT_SENT &&
			(answer.status == 0 || answer.status == 200))) {
		/* a part of it may be there, or all of it */
		cancel_prompt(engine, job, prompt);
	}
	if (fault != FAULT_NONE) {
		/* whoever comes next does not look for it */
		(void)prompt_forget(job, prompt);
	}
	if (fault != FAULT_NONE && fault != FAULT_NOT_SENT) {
		*ret_status = say_refused(engine, job, fault, said, &request, &answer);
	}
	json_object_put(said);
	json_object_put(body);
	http_answer_finish(&answer);
	buf_finish(&url);
	return fault;
}

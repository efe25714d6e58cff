#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "comfyui.h"
#include "http/path.h"

/* GET of a path; NULL when the answer is no JSON object. */
static struct json_object *ask(
	struct comfyui *engine, const struct prompt *prompt, const char *path, uint32_t most_ms)
{
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = 4 * (size_t)LIMIT_ANSWER_JSON, .most_ms = most_ms};
	struct http_answer answer = {0};
	struct json_object *value = NULL;
	struct buf url = {0};

	buf_printf(&url, "%s%s", prompt->server->url, path);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->remote.http, &request, &answer);
	if (fault_of(&answer) == FAULT_NONE) {
		value = job_parse(&answer);
	}
	http_answer_finish(&answer);
	buf_finish(&url);
	return value;
}

static bool in_queue(struct json_object *queue, const char *name, const char *id)
{
	struct json_object *list = json_member(queue, name);

	if (!json_object_is_type(list, json_type_array)) {
		return false;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *one = path_text(json_object_array_get_idx(list, i), "1");

		if (one && strcmp(one, id) == 0) {
			return true;
		}
	}
	return false;
}

static enum prompt_state look_history(struct comfyui *engine, const struct prompt *prompt,
	uint32_t most_ms, struct json_object **ret_entry)
{
	struct json_object *history;
	struct json_object *entry;
	struct buf path = {0};

	buf_printf(&path, "/history/%s", prompt->id);
	history = ask(engine, prompt, buf_failed(&path) ? "" : buf_cstr(&path), most_ms);
	buf_finish(&path);
	entry = json_member(history, prompt->id);
	if (entry) {
		*ret_entry = json_object_get(entry);
	}
	json_object_put(history);
	return entry ? PROMPT_ENDED : history ? PROMPT_GONE : PROMPT_UNKNOWN;
}

enum prompt_state history_look(struct comfyui *engine, const struct prompt *prompt, bool queue,
	uint32_t most_ms, struct json_object **ret_entry)
{
	enum prompt_state state = look_history(engine, prompt, most_ms, ret_entry);
	struct json_object *both;

	if (state != PROMPT_GONE) {
		return state;
	}
	if (!queue) {
		return PROMPT_RUNNING;
	}
	both = ask(engine, prompt, "/queue", most_ms);
	if (!both) {
		return PROMPT_UNKNOWN;
	}
	if (in_queue(both, "queue_running", prompt->id)) {
		state = PROMPT_RUNNING;
	} else if (in_queue(both, "queue_pending", prompt->id)) {
		state = PROMPT_WAITING;
	} else {
		/* it may have ended between the two looks */
		state = look_history(engine, prompt, most_ms, ret_entry);
	}
	json_object_put(both);
	return state;
}

/* The data of a message of that type in the entry's status; NULL when there is none. */
static struct json_object *find_message(struct json_object *entry, const char *type)
{
	struct json_object *messages = path_find(entry, "status.messages");

	if (!json_object_is_type(messages, json_type_array)) {
		return NULL;
	}
	for (size_t i = 0; i < json_object_array_length(messages); i++) {
		struct json_object *one = json_object_array_get_idx(messages, i);
		const char *name = path_text(one, "0");

		if (name && strcmp(name, type) == 0) {
			return path_find(one, "1");
		}
	}
	return NULL;
}

static formy_status fail_as_server(
	struct comfyui *engine, struct job *job, struct json_object *entry)
{
	struct json_object *error = find_message(entry, "execution_error");
	const char *node = path_text(error, "node_id");
	const char *said = path_text(error, "exception_message");
	const char *type = path_text(error, "exception_type");
	struct buf message = {0};
	formy_status status;

	buf_add_text(&message, "ComfyUI failed");
	if (node) {
		buf_printf(&message, " at node %.40s (%.80s)", node,
			workflow_title(&engine->workflow, node));
	}
	buf_printf(&message, ": %.300s", said ? said : "it gave no reason");
	status = job_refuse(job, FORMY_E_ENGINE, "COMFYUI_PROCESSING_FAILED",
		buf_failed(&message) ? "ComfyUI failed." : buf_cstr(&message), type);
	buf_finish(&message);
	return status;
}

/* The first file among a node's pictures. */
static struct json_object *first_file(struct json_object *output)
{
	struct json_object *images = json_member(output, "images");

	if (!json_object_is_type(images, json_type_array)) {
		return NULL;
	}
	for (size_t i = 0; i < json_object_array_length(images); i++) {
		struct json_object *one = json_object_array_get_idx(images, i);

		if (path_text(one, "filename")) {
			return one;
		}
	}
	return NULL;
}

static struct json_object *find_file(const struct workflow *workflow, struct json_object *entry)
{
	struct json_object *outputs = json_member(entry, "outputs");
	struct json_object *preview = NULL;

	if (workflow->output[0] || !json_object_is_type(outputs, json_type_object)) {
		return first_file(json_member(outputs, workflow->output));
	}
	json_object_object_foreach(outputs, node, output)
	{
		struct json_object *file = first_file(output);
		const char *type = path_text(file, "type");

		(void)node;
		if (file && type && strcmp(type, "output") == 0) {
			return file;
		}
		preview = preview ? preview : file;
	}
	return preview;
}

static void add_query(struct buf *url, const char *name, const char *value)
{
	buf_printf(url, "%s=", name);
	http_add_escaped(url, value ? value : "");
}

static formy_status fetch(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	struct json_object *file)
{
	struct http_request request = {.stage = HTTP_DOWNLOAD,
		.max_bytes = engine->remote.setting.max_bytes,
		.follow = true};
	struct http_answer answer = {0};
	struct buf url = {0};
	enum fault fault;
	formy_status status;

	buf_printf(&url, "%s/view?", prompt->server->url);
	add_query(&url, "filename", path_text(file, "filename"));
	add_query(&url, "&subfolder", path_text(file, "subfolder"));
	add_query(&url, "&type", path_text(file, "type"));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	for (int attempt = 0;; attempt++) {
		http_send(engine->remote.http, &request, &answer);
		fault = fault_of(&answer);
		if (fault == FAULT_NONE || fault == FAULT_REQUEST || fault == FAULT_ANSWER ||
			attempt == 4 || !http_wait(engine->remote.http, 250u << attempt)) {
			break;
		}
	}
	if (fault == FAULT_NONE) {
		status = job_give(job, answer.body.data, answer.body.len);
	} else if (fault == FAULT_REQUEST && answer.status == 404) {
		status = job_refuse(job, FORMY_E_ENGINE, "COMFYUI_RESULT_NOT_FOUND",
			"ComfyUI made a picture, but does not have it any more.",
			path_text(file, "filename"));
	} else {
		status = job_fail_answer(job, fault == FAULT_REQUEST ? FAULT_ANSWER : fault,
			"The picture that ComfyUI made cannot be fetched.", &request, &answer);
	}
	http_answer_finish(&answer);
	buf_finish(&url);
	return status;
}

formy_status history_result(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	struct json_object *entry, bool *ret_again)
{
	const char *word = path_text(entry, "status.status_str");
	struct json_object *file;

	*ret_again = false;
	if (find_message(entry, "execution_interrupted")) {
		*ret_again = true;
		return job_refuse(job, FORMY_E_ENGINE, "COMFYUI_PROCESSING_FAILED",
			"Somebody interrupted the workflow on the server.", NULL);
	}
	if (word && strcmp(word, "success") != 0) {
		return fail_as_server(engine, job, entry);
	}
	file = find_file(&engine->workflow, entry);
	if (!file) {
		return job_refuse(job, FORMY_E_ENGINE, "COMFYUI_RESULT_NOT_FOUND",
			"The workflow ended without a picture; is a SaveImage node titled "
			"output:image:1?",
			NULL);
	}
	return fetch(engine, job, prompt, file);
}

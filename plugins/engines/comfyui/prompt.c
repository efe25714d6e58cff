#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/json.h"
#include "comfyui.h"
#include "http/path.h"

#define POLL_FIRST_MS 100
#define POLL_MOST_MS 1000
#define QUEUE_EVERY_MS 2000 /* GET /queue carries whole graphs */

const char *const comfyui_codes[FAULTS] = {
	[FAULT_NOT_SENT] = "COMFYUI_NOT_AVAILABLE",
	[FAULT_UNKNOWN] = "COMFYUI_CONNECTION_TIMEOUT",
	[FAULT_CAPACITY] = "RESOURCE_LIMIT_EXCEEDED",
	[FAULT_CONTENT] = "PROCESSING_FAILED",
	[FAULT_AUTH] = "ENGINE_AUTH_FAILED",
	[FAULT_MONEY] = "INSUFFICIENT_CREDITS",
	[FAULT_REQUEST] = "COMFYUI_WORKFLOW_ERROR",
	[FAULT_SERVER] = "COMFYUI_PROCESSING_FAILED",
	[FAULT_ANSWER] = "ENGINE_RESPONSE_ERROR",
	[FAULT_LATE] = "COMFYUI_CONNECTION_TIMEOUT",
};

static int random_bytes(void *to, size_t len)
{
	return getrandom(to, len, 0) == (ssize_t)len ? 0 : -EIO;
}

static int new_id(char id[PROMPT_ID_SIZE])
{
	uint8_t b[16];

	if (random_bytes(b, sizeof(b)) < 0) {
		return -EIO;
	}
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(id, PROMPT_ID_SIZE,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
	return 0;
}

static formy_status remember(struct job *job, const struct prompt *prompt)
{
	struct json_object *memo = json_object_new_object();
	formy_status status = FORMY_E_NOMEM;

	if (memo) {
		json_object_object_add(memo, "server", json_object_new_string(prompt->server->url));
		json_object_object_add(memo, "prompt_id", json_object_new_string(prompt->id));
		json_object_object_add(memo, "seed", json_object_new_int64(prompt->seed));
		json_object_object_add(
			memo, "resubmitted", json_object_new_int64(prompt->resubmitted));
		status = job_remember(job, memo);
	}
	json_object_put(memo);
	return status;
}

/* What an earlier attempt left, if its server is still ours. */
static bool recall(struct comfyui *engine, struct job *job, struct prompt *prompt)
{
	struct json_object *memo = job_recall(job);
	const char *id = path_text(memo, "prompt_id");
	struct server *server = servers_find(engine, path_text(memo, "server"));
	bool found = id && id[0] && server && text_copy(prompt->id, sizeof(prompt->id), id);

	(void)json_get_int(memo, "resubmitted", &prompt->resubmitted);
	if (found) {
		prompt->server = server;
		prompt->resumed = true;
		(void)json_get_int(memo, "seed", &prompt->seed);
	}
	json_object_put(memo);
	return found;
}

/* Uploads one picture, and names it in the graph as the server calls it. */
static enum fault upload(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	const struct binding *binding, struct json_object *graph, formy_status *ret_status)
{
	char file[PROMPT_ID_SIZE + LIMIT_ROLE_NAME + 8];
	struct http_answer answer = {0};
	struct http_request request = {.stage = HTTP_UPLOAD, .max_bytes = LIMIT_ANSWER_JSON};
	struct json_object *said = NULL;
	struct buf text = {0};
	enum fault fault;
	formy_blob blob;

	*ret_status = job_picture(job, binding->name, &blob);
	if (*ret_status == FORMY_E_MISSING) {
		(void)snprintf(file, sizeof(file), "%s", job_role(job, binding->name));
		buf_printf(
			&text, "The workflow needs a picture \"%s\", which the task lacks.", file);
		*ret_status = job_refuse(job, FORMY_E_MISSING, "MISSING_REQUIRED_PARAM",
			buf_failed(&text) ? file : buf_cstr(&text), NULL);
	}
	if (*ret_status != FORMY_OK) {
		buf_finish(&text);
		return FAULT_NONE;
	}
	(void)snprintf(file, sizeof(file), "%s_%s.png", prompt->id, binding->name);
	const struct http_part parts[] = {
		{"image", blob.data, (size_t)blob.len, file, blob.media_type},
		{"type", "input", 5, NULL, NULL},
		{"subfolder", "formy", 5, NULL, NULL},
		{"overwrite", "true", 4, NULL, NULL},
	};
	request.parts = parts;
	request.part_count = sizeof(parts) / sizeof(parts[0]);
	buf_printf(&text, "%s/upload/image", prompt->server->url);
	request.url = buf_failed(&text) ? "" : buf_cstr(&text);
	http_send(engine->http, &request, &answer);
	fault = fault_of(&answer);
	said = job_parse(&answer);
	if (fault == FAULT_NONE && !path_text(said, "name")) {
		fault = FAULT_ANSWER;
	}
	if (fault == FAULT_NONE) {
		const char *folder = path_text(said, "subfolder");
		struct buf name = {0};

		buf_printf(&name, "%s%s%s", folder ? folder : "", folder && *folder ? "/" : "",
			path_text(said, "name"));
		if (buf_failed(&name) ||
			!workflow_set(graph, binding->node, binding->field,
				json_object_new_string(buf_cstr(&name)))) {
			fault = FAULT_NO_MEMORY;
		}
		buf_finish(&name);
	}
	if (fault != FAULT_NONE) {
		*ret_status = FORMY_E_UNREACHABLE;
		/* nothing runs yet: whatever the server says, another may do it */
		if (fault == FAULT_UNKNOWN || fault == FAULT_SERVER || fault == FAULT_NOT_SENT) {
			fault = FAULT_NOT_SENT;
			job_log(job, FORMY_LOG_WARNING, "An upload to %s failed: %s",
				prompt->server->url, answer.words);
		} else {
			*ret_status = job_fail_answer(
				job, fault, "ComfyUI did not take a picture.", &request, &answer);
		}
	}
	json_object_put(said);
	http_answer_finish(&answer);
	buf_finish(&text);
	return fault;
}

static formy_status set_params(
	struct comfyui *engine, struct job *job, struct prompt *prompt, struct json_object *graph)
{
	uint32_t drawn;
	bool seeded = false;

	if (prompt->seed < 0 && json_get_int(job->params, "seed", &prompt->seed) < 0) {
		if (random_bytes(&drawn, sizeof(drawn)) < 0) {
			return FORMY_E_INTERNAL;
		}
		prompt->seed = drawn;
	}
	for (size_t i = 0; i < engine->workflow.count; i++) {
		const struct binding *binding = &engine->workflow.bindings[i];
		struct json_object *value;

		if (binding->kind != BINDING_PARAM) {
			continue;
		}
		if (strcmp(binding->name, "seed") == 0) {
			value = json_object_new_int64(prompt->seed);
			seeded = true;
		} else {
			value = json_object_get(json_member(job->params, binding->name));
			if (!value) {
				/* the graph's own value stays */
				continue;
			}
		}
		if (!workflow_set(graph, binding->node, binding->field, value)) {
			return FORMY_E_NOMEM;
		}
	}
	if (seeded) {
		job_fact(job, "seed", json_object_new_int64(prompt->seed));
	}
	return FORMY_OK;
}

/* A prefix of its own for all files that are saved: an equal graph would otherwise run nothing and
 * name files of an earlier task. */
static bool set_prefixes(struct json_object *graph, const struct prompt *prompt)
{
	char prefix[PROMPT_ID_SIZE + 8];

	(void)snprintf(prefix, sizeof(prefix), "formy/%s", prompt->id);
	json_object_object_foreach(graph, node, value)
	{
		if (json_object_is_type(
			    json_member(json_member(value, "inputs"), "filename_prefix"),
			    json_type_string) &&
			!workflow_set(
				graph, node, "filename_prefix", json_object_new_string(prefix))) {
			return false;
		}
	}
	return true;
}

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

/* Sends the graph. FAULT_NONE: it is there, or may be there; else the status is what it ends with. */
static enum fault submit(struct comfyui *engine, struct job *job, struct prompt *prompt,
	struct json_object *graph, formy_status *ret_status)
{
	struct http_request request = {.stage = HTTP_SUBMIT, .max_bytes = LIMIT_ANSWER_JSON};
	struct json_object *body = json_object_new_object();
	struct json_object *said = NULL;
	struct http_answer answer = {0};
	struct buf url = {0};
	enum fault fault = FAULT_NO_MEMORY;
	const char *id;

	if (body) {
		json_object_object_add(body, "prompt", json_object_get(graph));
		json_object_object_add(body, "prompt_id", json_object_new_string(prompt->id));
		json_object_object_add(body, "client_id", json_object_new_string(prompt->id));
	}
	buf_printf(&url, "%s/prompt", prompt->server->url);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	request.json = body ? json_text(body) : NULL;
	if (request.json) {
		http_send(engine->http, &request, &answer);
		fault = fault_of(&answer);
	}
	said = job_parse(&answer);
	id = path_text(said, "prompt_id");
	*ret_status = FORMY_OK;
	if (fault == FAULT_UNKNOWN) {
		/* the history will tell */
		fault = FAULT_NONE;
	} else if (fault == FAULT_NONE && has_node_errors(said)) {
		cancel_prompt(engine, job, prompt);
		*ret_status = refuse(engine, job, said);
		fault = FAULT_REQUEST;
	} else if (fault == FAULT_NONE && !id) {
		*ret_status = job_fail_answer(job, FAULT_ANSWER,
			"ComfyUI answered what makes no sense.", &request, &answer);
		fault = FAULT_ANSWER;
	} else if (fault == FAULT_NONE && strcmp(id, prompt->id) != 0) {
		/* a server before 0.3.45 gives ids itself */
		(void)text_copy(prompt->id, sizeof(prompt->id), id);
		*ret_status = remember(job, prompt);
	} else if (fault == FAULT_REQUEST && said && answer.status == 400) {
		*ret_status = refuse(engine, job, said);
	} else if (fault != FAULT_NONE && fault != FAULT_NOT_SENT) {
		*ret_status = job_fail_answer(
			job, fault, "ComfyUI did not take the task.", &request, &answer);
	}
	json_object_put(said);
	json_object_put(body);
	http_answer_finish(&answer);
	buf_finish(&url);
	return fault;
}

/* Prepares and sends the prompt to the server that it names. FAULT_NOT_SENT: try another. */
static enum fault send_prompt(
	struct comfyui *engine, struct job *job, struct prompt *prompt, formy_status *ret_status)
{
	struct json_object *graph = workflow_copy(&engine->workflow);
	enum fault fault = FAULT_NONE;
	struct err err = {""};

	*ret_status = graph && new_id(prompt->id) == 0 ? FORMY_OK : FORMY_E_NOMEM;
	if (*ret_status == FORMY_OK && !prompt->server->checked) {
		fault = preflight(engine, prompt->server, 0, &err);
		prompt->server->checked = fault == FAULT_NONE;
		if (fault == FAULT_UNKNOWN || fault == FAULT_SERVER) {
			fault = FAULT_NOT_SENT;
		}
		if (fault != FAULT_NONE && fault != FAULT_NOT_SENT) {
			*ret_status = job_fail(job, fault,
				"A ComfyUI server lacks what the mode's workflow needs.", err.text,
				-1);
		}
	}
	job->host->progress(job->task, 50, "Uploading to ComfyUI");
	for (size_t i = 0;
		fault == FAULT_NONE && *ret_status == FORMY_OK && i < engine->workflow.count; i++) {
		if (engine->workflow.bindings[i].kind == BINDING_INPUT) {
			fault = upload(engine, job, prompt, &engine->workflow.bindings[i], graph,
				ret_status);
		}
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		*ret_status = set_params(engine, job, prompt, graph);
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK && !set_prefixes(graph, prompt)) {
		*ret_status = FORMY_E_NOMEM;
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		*ret_status = remember(job, prompt);
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		fault = submit(engine, job, prompt, graph, ret_status);
	}
	json_object_put(graph);
	return fault;
}

static void tell(struct job *job, enum prompt_state state, unsigned polls)
{
	/* how far a graph is, nobody knows: nearer and nearer to the end */
	int32_t permille = 950 - (int32_t)(800 / (1 + polls / 20));

	job->host->progress(job->task, permille,
		state == PROMPT_WAITING ? "Waiting in ComfyUI's queue" : "ComfyUI is working");
}

/* Waits until the prompt has ended. False when it is lost: the server has forgotten it, or cannot
 * be reached for too long. */
static bool wait_for(struct comfyui *engine, struct job *job, const struct prompt *prompt,
	struct json_object **ret_entry)
{
	uint32_t pause = POLL_FIRST_MS;
	uint64_t begin_ms = clock_mono_ms();
	uint64_t seen_ms = begin_ms;
	uint64_t queue_ms = prompt->resumed ? 0 : clock_mono_ms();
	enum prompt_state shown = PROMPT_WAITING;
	unsigned gone = 0;

	for (unsigned polls = 0; http_wait(engine->http, pause); polls++) {
		uint64_t now = clock_mono_ms();
		bool queue = gone > 0 || now - queue_ms >= QUEUE_EVERY_MS;
		enum prompt_state state = history_look(engine, prompt, queue, 0, ret_entry);

		if (state == PROMPT_ENDED) {
			return true;
		}
		queue_ms = queue ? now : queue_ms;
		seen_ms = state == PROMPT_UNKNOWN ? seen_ms : clock_mono_ms();
		gone = state == PROMPT_GONE ? gone + 1 : 0;
		shown = queue && state != PROMPT_UNKNOWN ? state : shown;
		tell(job, shown, polls);
		if (gone >= 2 || clock_mono_ms() - seen_ms >= (uint64_t)engine->lost_after_ms) {
			return http_should_stop(engine->http) != HTTP_ANSWERED;
		}
		/* late by a twentieth at most: its place at the server is empty for so long */
		pause = (uint32_t)((now - begin_ms) / 20);
		pause = pause < POLL_FIRST_MS ? POLL_FIRST_MS : pause;
		pause = pause > POLL_MOST_MS ? POLL_MOST_MS : pause;
	}
	return true;
}

/* One prompt from the server that is chosen to its end. *ret_again: it is to be sent once more. */
static formy_status follow(
	struct comfyui *engine, struct job *job, struct prompt *prompt, bool *ret_again)
{
	struct json_object *entry = NULL;
	formy_status status;

	*ret_again = false;
	if (!wait_for(engine, job, prompt, &entry)) {
		*ret_again = true;
		status = job_refuse(job, FORMY_E_UNREACHABLE, "COMFYUI_NOT_AVAILABLE",
			"The ComfyUI server lost the task twice.", prompt->server->url);
	} else if (!entry) {
		cancel_prompt(engine, job, prompt);
		status = job_fail(job,
			http_should_stop(engine->http) == HTTP_LATE ? FAULT_LATE : FAULT_STOPPED,
			"ComfyUI did not end the task in time.", prompt->server->url, -1);
	} else {
		status = history_result(engine, job, prompt, entry, ret_again);
		*ret_again = *ret_again && prompt->resumed;
	}
	json_object_put(entry);
	return status;
}

static formy_status send_somewhere(struct comfyui *engine, struct job *job, struct prompt *prompt)
{
	for (;;) {
		formy_status status = servers_take(engine, job, &prompt->server);
		enum fault fault;

		if (status != FORMY_OK) {
			return status;
		}
		fault = send_prompt(engine, job, prompt, &status);
		if (fault != FAULT_NOT_SENT) {
			return status;
		}
		servers_give(job, prompt->server);
		servers_sick(prompt->server);
		job_log(job, FORMY_LOG_WARNING,
			"ComfyUI at %s did not get the task; trying another", prompt->server->url);
	}
}

formy_status prompt_run(struct comfyui *engine, struct job *job)
{
	struct prompt prompt = {.seed = -1};
	bool again = true;
	formy_status status = FORMY_OK;

	if (recall(engine, job, &prompt)) {
		job_log(job, FORMY_LOG_INFO, "Goes on with prompt %s at %s", prompt.id,
			prompt.server->url);
		status = follow(engine, job, &prompt, &again);
		prompt.resubmitted += again;
	}
	while (again && prompt.resubmitted <= 1) {
		if (prompt.server) {
			job_log(job, FORMY_LOG_WARNING, "%s lost prompt %s; it is sent once more",
				prompt.server->url, prompt.id);
			/* who comes next does not wait for it again */
			prompt.id[0] = '\0';
			status = remember(job, &prompt);
			if (status != FORMY_OK) {
				return status;
			}
		}
		servers_give(job, prompt.server);
		prompt.resumed = false;
		status = send_somewhere(engine, job, &prompt);
		if (status != FORMY_OK) {
			return status;
		}
		status = follow(engine, job, &prompt, &again);
		prompt.resubmitted += again;
	}
	if (status == FORMY_OK) {
		job_fact(job, "server", json_object_new_string(prompt.server->url));
		job_fact(job, "prompt_id", json_object_new_string(prompt.id));
	} else if (status != FORMY_E_CANCELLED) {
		/* a person's retry begins anew */
		(void)job_remember(job, NULL);
	}
	return status;
}

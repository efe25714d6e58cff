#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/json.h"
#include "comfyui.h"
#include "http/path.h"

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
	http_send(engine->remote.http, &request, &answer);
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

/* The task's own seed, which nobody has checked, or one that is drawn. */
static formy_status choose_seed(struct job *job, int64_t *ret_seed)
{
	uint32_t drawn;

	if (json_member(job->params, "seed")) {
		if (json_get_int(job->params, "seed", ret_seed) == 0 && *ret_seed >= 0) {
			return FORMY_OK;
		}
		return job_refuse(job, FORMY_E_PARAMS, "INVALID_CONFIG",
			"config.seed must be a whole number, 0 or more.", NULL);
	}
	if (random_bytes(&drawn, sizeof(drawn)) < 0) {
		return FORMY_E_INTERNAL;
	}
	*ret_seed = drawn;
	return FORMY_OK;
}

/* A list would be a link to another node, and an object is nothing that a widget takes. */
static bool is_plain(struct json_object *value)
{
	return !json_object_is_type(value, json_type_array) &&
		!json_object_is_type(value, json_type_object);
}

static formy_status set_params(
	struct comfyui *engine, struct job *job, struct prompt *prompt, struct json_object *graph)
{
	char message[128];
	formy_status status = prompt->seed < 0 ? choose_seed(job, &prompt->seed) : FORMY_OK;

	for (size_t i = 0; status == FORMY_OK && i < engine->workflow.count; i++) {
		const struct binding *binding = &engine->workflow.bindings[i];
		struct json_object *value = json_member(job->params, binding->name);

		if (binding->kind != BINDING_PARAM) {
			continue;
		}
		if (strcmp(binding->name, "seed") == 0) {
			value = json_object_new_int64(prompt->seed);
		} else if (!value) {
			/* the graph's own value stays */
			continue;
		} else if (!is_plain(value)) {
			(void)snprintf(message, sizeof(message),
				"config.%.40s must be a text, a number, true or false.",
				binding->name);
			return job_refuse(job, FORMY_E_PARAMS, "INVALID_CONFIG", message, NULL);
		} else {
			value = json_object_get(value);
		}
		if (!workflow_set(graph, binding->node, binding->field, value)) {
			status = FORMY_E_NOMEM;
		}
	}
	return status;
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

enum fault prompt_send(
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
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		*ret_status = set_params(engine, job, prompt, graph);
	}
	job->host->progress(job->task, 50, "Uploading to ComfyUI");
	for (size_t i = 0;
		fault == FAULT_NONE && *ret_status == FORMY_OK && i < engine->workflow.count; i++) {
		if (engine->workflow.bindings[i].kind == BINDING_INPUT) {
			fault = upload(engine, job, prompt, &engine->workflow.bindings[i], graph,
				ret_status);
		}
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK && !set_prefixes(graph, prompt)) {
		*ret_status = FORMY_E_NOMEM;
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		*ret_status = prompt_remember(job, prompt);
	}
	if (fault == FAULT_NONE && *ret_status == FORMY_OK) {
		fault = prompt_submit(engine, job, prompt, graph, ret_status);
	}
	json_object_put(graph);
	return fault;
}

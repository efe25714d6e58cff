#include "openai.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/once.h"
#include "http/path.h"
#include "http/template.h"

#define PARTS (JOB_ROLES + OPENAI_EXTRA + 5)

/* A form while it is put together. */
struct form {
	struct http_part parts[PARTS];
	size_t count;
	char names[JOB_ROLES][LIMIT_ROLE_NAME + 8];
};

static void add_text(struct form *form, const char *name, const char *value)
{
	form->parts[form->count++] =
		(struct http_part){.name = name, .data = value, .len = strlen(value)};
}

static formy_status add_image(struct openai *engine, struct job *job, const char *role,
	bool required, size_t at, struct form *form)
{
	char message[160];
	formy_blob blob;
	formy_status status = job_picture(job, role, &blob);

	if (status == FORMY_E_MISSING && !required) {
		return FORMY_OK;
	}
	if (status == FORMY_E_MISSING) {
		(void)snprintf(message, sizeof(message),
			"The mode's images name \"%.40s\", which the task lacks.", role);
		return job_refuse(job, status, "MISSING_REQUIRED_PARAM", message, NULL);
	}
	if (status == FORMY_OK) {
		(void)snprintf(form->names[at], sizeof(form->names[at]), "%.32s.png", role);
		form->parts[form->count++] = (struct http_part){.name = engine->image_field,
			.data = blob.data,
			.len = (size_t)blob.len,
			.file_name = form->names[at],
			.media_type = blob.media_type};
	}
	return status;
}

/* The order of the pictures is the only way to say which is which. */
static formy_status add_images(struct openai *engine, struct job *job, struct form *form)
{
	static const char *const usual[] = {"source", "reference", "background", "pose"};
	size_t listed = engine->images ? json_object_array_length(engine->images) : 0;
	size_t count = listed > 0 ? listed : sizeof(usual) / sizeof(usual[0]);
	formy_status status = FORMY_OK;

	for (size_t i = 0; status == FORMY_OK && i < count && i < JOB_ROLES; i++) {
		const char *role = listed > 0
			? json_object_get_string(json_object_array_get_idx(engine->images, i))
			: usual[i];

		status = add_image(engine, job, role, listed > 0 || i == 0, i, form);
	}
	return status;
}

/* A mask is for the first picture, and of its size: where it is transparent may be painted. */
static formy_status add_mask(struct openai *engine, struct job *job, struct form *form)
{
	const char *first = engine->images
		? json_object_get_string(json_object_array_get_idx(engine->images, 0))
		: "source";
	formy_blob blob;
	formy_status status;

	if (!first || strcmp(job_role(job, first), "source") != 0) {
		return FORMY_OK;
	}
	status = job_picture(job, "mask", &blob);
	if (status == FORMY_OK) {
		form->parts[form->count++] = (struct http_part){.name = "mask",
			.data = blob.data,
			.len = (size_t)blob.len,
			.file_name = "mask.png",
			.media_type = blob.media_type};
	}
	return status == FORMY_E_MISSING ? FORMY_OK : status;
}

/* The nearest of the three sizes that all of these models know. */
static const char *choose_size(struct job *job)
{
	formy_image source = {.size = sizeof(source)};

	if (job->host->input(job->task, "source", &source) != FORMY_OK) {
		return "auto";
	}
	if (source.width * 5ull > source.height * 6ull) {
		return "1536x1024";
	}
	return source.height * 5ull > source.width * 6ull ? "1024x1536" : "1024x1024";
}

static struct json_object *find_param(const char *name, void *arg)
{
	struct job *job = arg;

	return json_object_get(json_member(job->params, name));
}

/* name=value of the engine's section; the text is changed. */
static void add_extra(struct form *form, char *pair)
{
	char *value = strchr(pair, '=');

	*value = '\0';
	add_text(form, pair, value + 1);
}

/* What the service says is wrong beats what the status says. */
static enum fault refine(const struct http_answer *answer, struct json_object *said)
{
	enum fault fault = fault_of(answer);
	const char *code = path_text(said, "error.code");

	if (!code) {
		code = path_text(said, "error.type");
	}
	if (answer->end != HTTP_ANSWERED || fault == FAULT_NONE || !code) {
		return fault;
	}
	if (strcmp(code, "moderation_blocked") == 0 ||
		strcmp(code, "content_policy_violation") == 0) {
		return FAULT_CONTENT;
	}
	return strcmp(code, "insufficient_quota") == 0 ||
			strcmp(code, "billing_hard_limit_reached") == 0
		? FAULT_MONEY
		: fault;
}

static formy_status take_result(struct job *job, const struct http_answer *answer,
	const struct http_request *request, struct json_object *said)
{
	const char *base64 = path_text(said, "data.0.b64_json");
	const char *url = path_text(said, "data.0.url");
	formy_status status;

	job_fact(job, "usage", json_object_get(json_member(said, "usage")));
	if (answer->request_id[0]) {
		job_fact(job, "request_id", json_object_new_string(answer->request_id));
	}
	if (base64) {
		status = job_give_base64(job, base64);
	} else if (url) {
		status = job_give_url(job, url);
	} else {
		status = job_fail_answer(job, FAULT_ANSWER,
			"The service answered without a picture.", request, answer);
	}
	return status;
}

static formy_status take_answer(
	struct job *job, const struct http_request *request, const struct http_answer *answer)
{
	struct json_object *said = job_parse(answer);
	enum fault fault = refine(answer, said);
	struct buf why = {0};
	formy_status status;

	if (fault == FAULT_NONE) {
		status = take_result(job, answer, request, said);
		once_forget(job);
	} else if (fault == FAULT_UNKNOWN) {
		fault_explain(answer, &why);
		status = once_unknown(job, buf_failed(&why) ? NULL : buf_cstr(&why));
	} else if (fault == FAULT_STOPPED || fault == FAULT_LATE) {
		status = job_fail(job, fault, "The service did not answer in time.", NULL, -1);
	} else {
		once_forget(job);
		status = job_fail_answer(job, fault,
			fault == FAULT_CONTENT
				? "The service refuses the picture or the prompt for "
				  "its content."
				: "The service did not take the task.",
			request, answer);
	}
	json_object_put(said);
	buf_finish(&why);
	return status;
}

static formy_status send_form(struct openai *engine, struct job *job, const struct form *form)
{
	struct http_answer answer = {0};
	struct buf url = {0};
	struct http_request request = {.stage = HTTP_SUBMIT,
		.parts = form->parts,
		.part_count = form->count,
		.max_bytes = engine->remote.setting.max_bytes / 3 * 4 + LIMIT_ANSWER_JSON};
	formy_status status = once_sending(job);

	if (status != FORMY_OK) {
		return status;
	}
	buf_printf(&url, "%s/images/edits", buf_cstr(&engine->base));
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	job->host->progress(job->task, 100, "Waiting for the service");
	http_send(job->http, &request, &answer);
	status = take_answer(job, &request, &answer);
	http_answer_finish(&answer);
	buf_finish(&url);
	return status;
}

formy_status openai_edit(struct openai *engine, struct job *job)
{
	char id[ONCE_ID_SIZE];
	char *pairs[OPENAI_EXTRA] = {NULL};
	size_t extra = engine->extra ? json_object_array_length(engine->extra) : 0;
	struct form form = {.count = 0};
	struct buf prompt = {0};
	struct err err = {""};
	formy_status status = once_recall(job, id);

	if (status == FORMY_OK &&
		template_text(engine->prompt, TEMPLATE_PLAIN, find_param, job, &err, &prompt) < 0) {
		status = job_refuse(job, FORMY_E_PARAMS, "INVALID_CONFIG",
			"The mode's prompt cannot be filled in.", err.text);
	}
	if (status == FORMY_OK) {
		status = add_images(engine, job, &form);
	}
	if (status == FORMY_OK) {
		status = add_mask(engine, job, &form);
	}
	if (status == FORMY_OK) {
		const char *size = engine->size ? engine->size : choose_size(job);

		add_text(&form, "model", engine->model);
		add_text(&form, "prompt", buf_cstr(&prompt));
		if (size[0]) {
			add_text(&form, "size", size);
		}
		for (size_t i = 0; i < extra && i < OPENAI_EXTRA; i++) {
			pairs[i] = strdup(json_object_get_string(
				json_object_array_get_idx(engine->extra, i)));
			if (pairs[i]) {
				add_extra(&form, pairs[i]);
			}
		}
		status = send_form(engine, job, &form);
	}
	for (size_t i = 0; i < OPENAI_EXTRA; i++) {
		free(pairs[i]);
	}
	buf_finish(&prompt);
	return status;
}

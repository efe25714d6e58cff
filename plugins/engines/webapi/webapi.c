#include "webapi.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/once.h"
#include "http/path.h"
#include "http/picture.h"
#include "http/template.h"

#define CANCEL_MS 500 /* the executor has two seconds, and hears of a cancel within one */
#define NONE "-"      /* an address that there is not */

/* What places are filled in from. */
struct source {
	struct webapi *engine;
	struct job *job;
	struct json_object *answer; /* to the submit; NULL: not sent yet */
	formy_status status;        /* of the last picture that could not be had */
};

/* Where a submitted task is asked for, fetched and cancelled, as texts of one line. */
struct places {
	char poll[ONCE_ID_SIZE];
	char fetch[ONCE_ID_SIZE];
	char cancel[ONCE_ID_SIZE];
};

static struct json_object *find_picture(struct source *source, const char *role)
{
	struct buf text = {0};
	struct json_object *value = NULL;
	formy_blob blob;

	source->status = job_picture(source->job, role, &blob);
	if (source->status == FORMY_OK) {
		buf_printf(&text, "data:%s;base64,", blob.media_type);
		picture_encode(blob.data, (size_t)blob.len, &text);
		value = buf_failed(&text) ? NULL
					  : json_object_new_string_len(text.data, (int)text.len);
	}
	buf_finish(&text);
	return value;
}

static struct json_object *find(const char *name, void *arg)
{
	struct source *source = arg;
	const char *prompt = source->engine->prompt;
	struct json_object *value = NULL;
	struct buf text = {0};

	if (strncmp(name, "picture:", 8) == 0) {
		return find_picture(source, name + 8);
	}
	if (strncmp(name, "answer:", 7) == 0) {
		return json_object_get(path_find(source->answer, name + 7));
	}
	if (strcmp(name, "prompt") == 0 && prompt) {
		/* a prompt that names itself would never end */
		source->engine->prompt = NULL;
		if (template_text(prompt, TEMPLATE_PLAIN, find, source, NULL, &text) == 0) {
			value = json_object_new_string_len(text.data, (int)text.len);
		}
		source->engine->prompt = prompt;
		buf_finish(&text);
		return value;
	}
	return json_object_get(json_member(source->job->params, name));
}

static formy_status refuse_template(struct source *source, const char *words)
{
	if (source->status == FORMY_E_MISSING) {
		return job_refuse(source->job, FORMY_E_MISSING, "MISSING_REQUIRED_PARAM",
			"The mode's body needs a picture that the task lacks.", words);
	}
	return job_refuse(source->job, FORMY_E_PARAMS, "INVALID_CONFIG",
		"The mode's request cannot be filled in.", words);
}

/* An address that is one place and nothing else is the service's own. */
static formy_status fill_url(struct source *source, const char *text, char to[ONCE_ID_SIZE])
{
	bool whole = text && text[0] == '{' && strchr(text, '}') == text + strlen(text) - 1;
	struct buf url = {0};
	struct err err = {""};
	formy_status status = FORMY_OK;

	if (!text) {
		(void)text_copy(to, ONCE_ID_SIZE, NONE);
		return FORMY_OK;
	}
	if (template_text(text, whole ? TEMPLATE_PLAIN : TEMPLATE_URL, find, source, &err, &url) <
		0) {
		status = job_refuse(source->job, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
			"The service's answer lacks what is needed to follow the task.", err.text);
	} else if (!text_copy(to, ONCE_ID_SIZE, buf_cstr(&url)) || strchr(to, ' ')) {
		status = job_refuse(source->job, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
			"The service gave an address that cannot be used.", NULL);
	}
	buf_finish(&url);
	return status;
}

/* The headers have the key: they go where the task was submitted, and nowhere else. */
static bool is_foreign(const struct webapi *engine, const char *url)
{
	const char *host = strstr(engine->submit_url, "://");
	size_t len = host ? (size_t)(host + 3 - engine->submit_url) : 0;

	len += strcspn(engine->submit_url + len, "/?");
	return strncasecmp(engine->submit_url, url, len) != 0 ||
		(url[len] != '/' && url[len] != '?' && url[len] != '\0');
}

static enum fault get(struct webapi *engine, const char *url, struct http_request *request,
	struct http_answer *answer, struct json_object **ret_said)
{
	enum fault fault;

	*request = (struct http_request){.url = url,
		.stage = HTTP_POLL,
		.max_bytes = engine->remote.setting.max_bytes / 3 * 4 + LIMIT_ANSWER_JSON,
		.foreign = is_foreign(engine, url)};
	http_send(engine->remote.http, request, answer);
	fault = fault_of(answer);
	*ret_said = job_parse(answer);
	return fault == FAULT_NONE && !*ret_said ? FAULT_ANSWER : fault;
}

static formy_status take_result(struct webapi *engine, struct job *job, struct json_object *said,
	const struct http_request *request, const struct http_answer *answer)
{
	const char *result = path_text(said, engine->result_path);

	if (!result) {
		return job_fail_answer(job, FAULT_ANSWER,
			"The service ended without a picture at result_path.", request, answer);
	}
	if (strncasecmp(result, "http", 4) == 0 || strncasecmp(result, "data:", 5) == 0) {
		return job_give_url(job, result);
	}
	return job_give_base64(job, result);
}

static bool is_word(struct json_object *words, const char *state)
{
	for (size_t i = 0; words && state && i < json_object_array_length(words); i++) {
		if (strcasecmp(json_object_get_string(json_object_array_get_idx(words, i)),
			    state) == 0) {
			return true;
		}
	}
	return false;
}

static formy_status fetch(struct webapi *engine, struct job *job, const char *url)
{
	struct http_answer answer = {0};
	struct http_request request;
	struct json_object *said = NULL;
	enum fault fault;
	formy_status status;

	for (unsigned attempt = 0;; attempt++) {
		fault = get(engine, url, &request, &answer, &said);
		if ((fault != FAULT_UNKNOWN && fault != FAULT_NOT_SENT && fault != FAULT_SERVER &&
			    fault != FAULT_CAPACITY) ||
			attempt == 3 || !http_wait(engine->remote.http, 500u << attempt)) {
			break;
		}
		json_object_put(said);
		said = NULL;
	}
	status = fault == FAULT_NONE
		? take_result(engine, job, said, &request, &answer)
		: job_fail_answer(job,
			  fault == FAULT_STOPPED || fault == FAULT_LATE ? fault : FAULT_ANSWER,
			  "The result cannot be fetched.", &request, &answer);
	json_object_put(said);
	http_answer_finish(&answer);
	return status;
}

static void cancel(struct webapi *engine, struct job *job, const struct places *places)
{
	struct http_request request = {.url = places->cancel,
		.stage = HTTP_POLL,
		.method = engine->cancel_method,
		.json = "{}",
		.max_bytes = LIMIT_ANSWER_JSON,
		.most_ms = CANCEL_MS,
		.foreign = is_foreign(engine, places->cancel)};
	struct http_answer answer = {0};

	if (strcmp(places->cancel, NONE) != 0) {
		/* the task's own cancel would end this call, too */
		http_begin(engine->remote.http, job->host, NULL);
		http_send(engine->remote.http, &request, &answer);
		http_begin(engine->remote.http, job->host, job->task);
		http_answer_finish(&answer);
	}
}

/* One look at the task. *ret_ended: it has ended, as the status says. *odd counts answers without
 * sense that came one after the other: what stands between may say so for a while. */
static formy_status look(struct webapi *engine, struct job *job, const struct places *places,
	unsigned *odd, bool *ret_ended)
{
	struct http_answer answer = {0};
	struct http_request request;
	struct json_object *said = NULL;
	enum fault fault = get(engine, places->poll, &request, &answer, &said);
	const char *state = path_text(said, engine->state_path);
	formy_status status = FORMY_OK;
	bool is_odd = fault == FAULT_ANSWER || (fault == FAULT_NONE && !state);

	*odd = is_odd ? *odd + 1 : 0;
	*ret_ended = true;
	if (is_word(engine->done, state)) {
		status = strcmp(places->fetch, NONE) != 0
			? fetch(engine, job, places->fetch)
			: take_result(engine, job, said, &request, &answer);
	} else if (is_word(engine->failed, state)) {
		const char *why = engine->error_path ? path_text(said, engine->error_path) : NULL;

		status = job_refuse(job, FORMY_E_ENGINE, "PROCESSING_FAILED",
			"The service could not do the task.", why ? why : state);
	} else if (fault == FAULT_REQUEST || fault == FAULT_AUTH || fault == FAULT_MONEY) {
		status = job_fail_answer(job, fault, "The service does not know the task any more.",
			&request, &answer);
	} else if (*odd >= JOB_ODD_ANSWERS) {
		status = job_fail_answer(job, FAULT_ANSWER,
			"The service's answer has no state at state_path.", &request, &answer);
	} else {
		/* what cannot be asked now goes on all the same */
		*ret_ended = false;
	}
	json_object_put(said);
	http_answer_finish(&answer);
	return status;
}

static formy_status follow(struct webapi *engine, struct job *job, const struct places *places)
{
	unsigned odd = 0;

	for (int32_t polls = 0;
		http_wait(engine->remote.http, (uint32_t)engine->poll_every_s * 1000); polls++) {
		bool ended;
		formy_status status = look(engine, job, places, &odd, &ended);

		if (ended) {
			return status;
		}
		job->host->progress(
			job->task, 950 - 850 / (1 + polls / 4), "The service is working");
	}
	cancel(engine, job, places);
	return job_fail(job,
		http_should_stop(engine->remote.http) == HTTP_LATE ? FAULT_LATE : FAULT_STOPPED,
		"The service took too long.", NULL, -1);
}

static formy_status note_places(struct source *source, struct places *places)
{
	char text[ONCE_ID_SIZE];
	formy_status status = fill_url(source, source->engine->poll_url, places->poll);

	if (status == FORMY_OK) {
		status = fill_url(source, source->engine->fetch_url, places->fetch);
	}
	if (status == FORMY_OK) {
		status = fill_url(source, source->engine->cancel_url, places->cancel);
	}
	if (status == FORMY_OK &&
		(size_t)snprintf(text, sizeof(text), "%s %s %s", places->poll, places->fetch,
			places->cancel) >= sizeof(text)) {
		return job_refuse(source->job, FORMY_E_ENGINE, "ENGINE_RESPONSE_ERROR",
			"The service's addresses are too long.", NULL);
	}
	return status == FORMY_OK ? once_sent(source->job, text) : status;
}

/* Sends the task, once. Without poll_url it ends here. */
static formy_status submit(struct source *source, const char *body, struct places *places)
{
	struct webapi *engine = source->engine;
	struct job *job = source->job;
	struct http_request request = {.url = engine->submit_url,
		.stage = HTTP_SUBMIT,
		.json = body,
		.max_bytes = engine->remote.setting.max_bytes / 3 * 4 + LIMIT_ANSWER_JSON};
	struct http_answer answer = {0};
	struct buf why = {0};
	enum fault fault;
	formy_status status = once_sending(job);

	if (status != FORMY_OK) {
		return status;
	}
	http_send(engine->remote.http, &request, &answer);
	fault = fault_of(&answer);
	source->answer = job_parse(&answer);
	if (fault == FAULT_UNKNOWN) {
		fault_explain(&answer, &why);
		status = once_unknown(job, buf_failed(&why) ? NULL : buf_cstr(&why));
	} else if (fault == FAULT_STOPPED || fault == FAULT_LATE) {
		status = job_fail(job, fault, "The service did not answer in time.", NULL, -1);
	} else if (fault != FAULT_NONE || !source->answer) {
		once_forget(job);
		status = job_fail_answer(job, fault == FAULT_NONE ? FAULT_ANSWER : fault,
			"The service did not take the task.", &request, &answer);
	} else if (!engine->poll_url) {
		status = take_result(engine, job, source->answer, &request, &answer);
		once_forget(job);
	} else {
		status = note_places(source, places);
	}
	http_answer_finish(&answer);
	buf_finish(&why);
	return status;
}

static formy_status prepare_and_submit(struct source *source, struct places *places)
{
	struct json_object *body = json_tokener_parse(source->engine->body);
	struct err err = {""};
	formy_status status;

	if (!body) {
		return FORMY_E_NOMEM;
	}
	if (template_json(body, find, source, &err) < 0) {
		status = refuse_template(source, err.text);
	} else if (source->status == FORMY_E_MISSING) {
		status = refuse_template(source, NULL);
	} else if (source->status != FORMY_OK) {
		status = source->status;
	} else {
		status = submit(source, json_text(body), places);
	}
	json_object_put(body);
	return status;
}

/* Cuts the next address off. */
static bool take_place(const char **text, char to[ONCE_ID_SIZE])
{
	size_t len = strcspn(*text, " ");

	if (len == 0 || len >= ONCE_ID_SIZE) {
		return false;
	}
	memcpy(to, *text, len);
	to[len] = '\0';
	*text += len + ((*text)[len] == ' ');
	return true;
}

static bool split_places(const char *text, struct places *places)
{
	return take_place(&text, places->poll) && take_place(&text, places->fetch) &&
		take_place(&text, places->cancel);
}

formy_status webapi_run(struct webapi *engine, struct job *job)
{
	struct source source = {.engine = engine, .job = job};
	struct places places = {.poll = ""};
	char id[ONCE_ID_SIZE];
	formy_status status = once_recall(job, id);

	if (status == FORMY_OK && !(id[0] && split_places(id, &places))) {
		status = prepare_and_submit(&source, &places);
	}
	json_object_put(source.answer);
	if (status != FORMY_OK && places.cancel[0]) {
		/* it was cancelled while it was sent, or its addresses could not be kept */
		cancel(engine, job, &places);
	} else if (status == FORMY_OK && places.poll[0]) {
		status = follow(engine, job, &places);
		job_settle(job, status);
	}
	return status;
}

#include <json-c/json.h>
#include <stdio.h>

#include "base/json.h"
#include "comfyui.h"

#define CALL_MS 400 /* three calls, and the executor has two seconds */

static void post(
	struct comfyui *engine, const struct prompt *prompt, const char *path, const char *json)
{
	struct http_request request = {.stage = HTTP_POLL,
		.json = json,
		.max_bytes = LIMIT_ANSWER_JSON,
		.most_ms = CALL_MS};
	struct http_answer answer = {0};
	struct buf url = {0};

	buf_printf(&url, "%s%s", prompt->server->url, path);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->http, &request, &answer);
	http_answer_finish(&answer);
	buf_finish(&url);
}

void cancel_prompt(struct comfyui *engine, struct job *job, const struct prompt *prompt)
{
	struct json_object *entry = NULL;
	enum prompt_state state;
	char json[2 * PROMPT_ID_SIZE];

	/* the task's own cancel would end these calls, too */
	http_begin(engine->http, job->host, NULL);
	state = history_look(engine, prompt, true, CALL_MS, &entry);
	if (state == PROMPT_WAITING || state == PROMPT_UNKNOWN) {
		(void)snprintf(json, sizeof(json), "{\"delete\":[\"%s\"]}", prompt->id);
		post(engine, prompt, "/queue", json);
	} else if (state == PROMPT_RUNNING) {
		/* servers before 0.3.57 stop whatever runs: so only while ours does */
		(void)snprintf(json, sizeof(json), "{\"prompt_id\":\"%s\"}", prompt->id);
		post(engine, prompt, "/interrupt", json);
	}
	json_object_put(entry);
	http_begin(engine->http, job->host, job->task);
}

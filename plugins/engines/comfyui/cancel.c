#include <json-c/json.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "comfyui.h"

#define ALL_MS 900  /* the executor has two seconds, and hears of a cancel within one */
#define LOOK_MS 300 /* of each of three questions, at most */

static void post(struct comfyui *engine, const struct prompt *prompt, const char *path,
	const char *json, uint32_t most_ms)
{
	struct http_request request = {.stage = HTTP_POLL,
		.json = json,
		.max_bytes = LIMIT_ANSWER_JSON,
		.most_ms = most_ms};
	struct http_answer answer = {0};
	struct buf url = {0};

	buf_printf(&url, "%s%s", prompt->server->url, path);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->remote.http, &request, &answer);
	http_answer_finish(&answer);
	buf_finish(&url);
}

void cancel_prompt(struct comfyui *engine, struct job *job, const struct prompt *prompt)
{
	struct json_object *entry = NULL;
	enum prompt_state state;
	char json[2 * PROMPT_ID_SIZE];
	uint64_t begin = clock_mono_ms();
	uint32_t left = ALL_MS;

	/* the task's own cancel would end these calls, too */
	http_begin(engine->remote.http, job->host, NULL);
	state = history_look(engine, prompt, true, LOOK_MS, &entry);
	left -= clock_mono_ms() - begin < ALL_MS - 100 ? (uint32_t)(clock_mono_ms() - begin)
						       : ALL_MS - 100;
	if (state == PROMPT_WAITING || state == PROMPT_UNKNOWN) {
		(void)snprintf(json, sizeof(json), "{\"delete\":[\"%s\"]}", prompt->id);
		post(engine, prompt, "/queue", json, left);
	} else if (state == PROMPT_RUNNING) {
		/* servers before 0.3.57 stop whatever runs: so only while ours does */
		(void)snprintf(json, sizeof(json), "{\"prompt_id\":\"%s\"}", prompt->id);
		post(engine, prompt, "/interrupt", json, left);
	}
	json_object_put(entry);
	http_begin(engine->remote.http, job->host, job->task);
}

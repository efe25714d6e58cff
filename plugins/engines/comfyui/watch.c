#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "comfyui.h"
#include "http/events.h"
#include "http/path.h"

#define SLICE_MS 50 /* between two looks at the socket */

void watch_begin(
	struct watch *watch, struct comfyui *engine, struct job *job, const struct prompt *prompt)
{
	struct buf url = {0};

	*watch = (struct watch){.engine = engine, .job = job, .prompt = prompt};
	/* the prompt was sent in the name of this client */
	buf_printf(&url, "%s/ws?clientId=%s", prompt->server->url, prompt->id);
	watch->events =
		buf_failed(&url) ? NULL : events_open(&engine->remote.setting, buf_cstr(&url));
	buf_finish(&url);
}

void watch_end(struct watch *watch)
{
	events_close(watch->events);
	watch->events = NULL;
}

/* part: of the node that runs, in thousandths. */
static void show(struct watch *watch, const char *node, int32_t part)
{
	int32_t nodes = json_object_object_length(watch->engine->workflow.graph);
	int32_t done = watch->ended < nodes ? watch->ended : nodes - 1;
	const char *type = NULL;

	(void)json_get_string(
		json_member(watch->engine->workflow.graph, node), "class_type", &type);
	(void)snprintf(watch->step, sizeof(watch->step), "ComfyUI runs %.80s", type ? type : node);
	watch->permille = 100 + 850 * (1000 * done + part) / (1000 * nodes);
	watch->job->host->progress(watch->job->task, watch->permille, watch->step);
}

static void take_event(struct watch *watch, const char *type, struct json_object *data)
{
	const char *id = path_text(data, "prompt_id");
	const char *node = path_text(data, "node");
	struct json_object *cached = json_member(data, "nodes");
	int64_t value = 0;
	int64_t most = 0;

	/* others' too come this way, and some of ours without saying whose they are */
	if (!id || strcmp(id, watch->prompt->id) != 0) {
		return;
	}
	if (strcmp(type, "execution_cached") == 0 && json_object_is_type(cached, json_type_array)) {
		watch->ended += (int32_t)json_object_array_length(cached);
	} else if (strcmp(type, "executing") == 0 && node) {
		show(watch, node, 0);
		watch->ended++;
	} else if (strcmp(type, "progress") == 0 && node &&
		json_get_int(data, "value", &value) == 0 && json_get_int(data, "max", &most) == 0 &&
		value >= 0 && value <= most && most > 0 && most < INT32_MAX && watch->ended > 0) {
		watch->ended--;
		show(watch, node, (int32_t)(value * 1000 / most));
		watch->ended++;
	} else if (strcmp(type, "executing") == 0 || strcmp(type, "execution_error") == 0 ||
		strcmp(type, "execution_interrupted") == 0) {
		/* the history will tell */
		watch->look = true;
	}
}

static void take_text(void *arg, const char *text, size_t len)
{
	struct json_object *message = NULL;
	const char *type = NULL;

	if (json_parse(text, len, len, NULL, &message) == 0 &&
		json_get_string(message, "type", &type) == 0) {
		take_event(arg, type, json_member(message, "data"));
	}
	json_object_put(message);
}

bool watch_wait(struct watch *watch, uint32_t ms)
{
	uint64_t end = clock_mono_ms() + ms;

	watch->look = false;
	while (!watch->look) {
		uint64_t now = clock_mono_ms();
		uint64_t left = now < end ? end - now : 0;

		if (left == 0) {
			return http_wait(watch->engine->remote.http, 0);
		}
		if (!watch->events) {
			return http_wait(watch->engine->remote.http, (uint32_t)left);
		}
		if (!http_wait(watch->engine->remote.http,
			    left < SLICE_MS ? (uint32_t)left : SLICE_MS)) {
			return false;
		}
		if (!events_turn(watch->events, take_text, watch)) {
			watch_end(watch);
		}
	}
	return http_wait(watch->engine->remote.http, 0);
}

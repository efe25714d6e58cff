#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "comfyui.h"

#define NODE_BYTES (4 * 1024 * 1024) /* of what a server says of one node */

static bool is_bound(const struct workflow *workflow, const char *node, const char *field)
{
	for (size_t i = 0; i < workflow->count; i++) {
		if (strcmp(workflow->bindings[i].node, node) == 0 &&
			strcmp(workflow->bindings[i].field, field) == 0) {
			return true;
		}
	}
	return false;
}

/* The values that an input takes: [["a", "b"], {...}], later ["COMBO", {"options": [...]}]. */
static struct json_object *options_of(struct json_object *info, const char *field)
{
	static const char *const groups[] = {"required", "optional", NULL};
	struct json_object *input = json_member(info, "input");

	for (size_t i = 0; groups[i]; i++) {
		struct json_object *spec = json_member(json_member(input, groups[i]), field);
		struct json_object *first = json_object_is_type(spec, json_type_array)
			? json_object_array_get_idx(spec, 0)
			: NULL;

		if (json_object_is_type(first, json_type_array)) {
			return first;
		}
		if (first) {
			first = json_member(json_object_array_get_idx(spec, 1), "options");
			return json_object_is_type(first, json_type_array) ? first : NULL;
		}
	}
	return NULL;
}

static bool has_value(struct json_object *options, const char *value)
{
	for (size_t i = 0; i < json_object_array_length(options); i++) {
		const char *one = json_object_get_string(json_object_array_get_idx(options, i));

		if (one && strcmp(one, value) == 0) {
			return true;
		}
	}
	return false;
}

static void check_values(const struct workflow *workflow, const char *node,
	struct json_object *inputs, struct json_object *info, struct buf *missing)
{
	json_object_object_foreach(inputs, field, value)
	{
		struct json_object *options = options_of(info, field);

		if (options && json_object_is_type(value, json_type_string) &&
			!is_bound(workflow, node, field) &&
			!has_value(options, json_object_get_string(value))) {
			buf_printf(missing, "%s%.100s \"%.100s\" of node %s (%.60s)",
				missing->len > 0 ? ", " : "", field, json_object_get_string(value),
				node, workflow_title(workflow, node));
		}
	}
}

static enum fault check_node(struct comfyui *engine, const struct server *server, uint32_t most_ms,
	const char *id, struct json_object *node, struct buf *missing, struct err *err)
{
	const char *type = json_object_get_string(json_member(node, "class_type"));
	struct http_answer answer = {0};
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = NODE_BYTES, .most_ms = most_ms};
	struct json_object *all = NULL;
	struct json_object *info;
	struct buf text = {0};
	enum fault fault;

	buf_printf(&text, "%s/object_info/", server->url);
	http_add_escaped(&text, type);
	request.url = buf_failed(&text) ? "" : buf_cstr(&text);
	http_send(engine->remote.http, &request, &answer);
	fault = fault_of(&answer);
	all = job_parse(&answer);
	info = json_member(all, type);
	if (fault == FAULT_NONE && all && !info) {
		buf_printf(missing, "%sthe node type %.100s (%.60s)", missing->len > 0 ? ", " : "",
			type, workflow_title(&engine->workflow, id));
	} else if (fault == FAULT_NONE && info) {
		check_values(&engine->workflow, id, json_member(node, "inputs"), info, missing);
	} else if (fault == FAULT_NONE) {
		(void)err_set(err, -EINVAL, "%s answers, but not as ComfyUI does", server->url);
		fault = FAULT_ANSWER;
	} else {
		buf_clear(&text);
		fault_explain(&answer, &text);
		(void)err_set(err, -EINVAL, "%s: %.300s", server->url,
			buf_failed(&text) ? "" : buf_cstr(&text));
	}
	json_object_put(all);
	buf_finish(&text);
	http_answer_finish(&answer);
	return fault;
}

int64_t preflight_queue(struct comfyui *engine, const struct server *server, uint32_t most_ms)
{
	struct http_answer answer = {0};
	struct http_request request = {
		.stage = HTTP_POLL, .max_bytes = NODE_BYTES, .most_ms = most_ms};
	struct json_object *all = NULL;
	struct buf url = {0};
	int64_t remaining = 0;

	buf_printf(&url, "%s/prompt", server->url);
	request.url = buf_failed(&url) ? "" : buf_cstr(&url);
	http_send(engine->remote.http, &request, &answer);
	if (fault_of(&answer) == FAULT_NONE) {
		all = job_parse(&answer);
		(void)json_get_int(json_member(all, "exec_info"), "queue_remaining", &remaining);
	}
	json_object_put(all);
	buf_finish(&url);
	http_answer_finish(&answer);
	return remaining;
}

enum fault preflight(
	struct comfyui *engine, const struct server *server, uint32_t most_ms, struct err *err)
{
	struct buf missing = {0};
	enum fault fault = FAULT_NONE;

	json_object_object_foreach(engine->workflow.graph, id, node)
	{
		if (fault == FAULT_NONE) {
			fault = check_node(engine, server, most_ms, id, node, &missing, err);
		}
	}
	if (fault == FAULT_NONE && missing.len > 0) {
		(void)err_set(err, -ENOENT, "%s lacks %.400s", server->url,
			buf_failed(&missing) ? "" : buf_cstr(&missing));
		fault = FAULT_REQUEST;
	}
	buf_finish(&missing);
	return fault;
}

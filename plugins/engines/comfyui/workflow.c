#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "comfyui.h"

#define EXPORT "in ComfyUI choose Workflow > Export (API), and name that file here"

static int check_graph(struct json_object *graph, const char *path, struct err *err)
{
	if (json_object_is_type(json_member(graph, "nodes"), json_type_array)) {
		return err_set(err, -EINVAL,
			"%.200s was saved by ComfyUI's editor, which servers do not take; " EXPORT,
			path);
	}
	json_object_object_foreach(graph, id, node)
	{
		const char *type = NULL;

		if (strlen(id) > LIMIT_ROLE_NAME ||
			json_get_string(node, "class_type", &type) < 0 ||
			!json_object_is_type(json_member(node, "inputs"), json_type_object)) {
			return err_set(err, -EINVAL,
				"%.200s is no workflow: node %.40s lacks class_type or "
				"inputs; " EXPORT,
				path, id);
		}
	}
	return json_object_object_length(graph) > 0
		? 0
		: err_set(err, -EINVAL, "%.200s has no nodes; " EXPORT, path);
}

const char *workflow_title(const struct workflow *workflow, const char *node)
{
	const char *title = NULL;

	(void)json_get_string(
		json_member(json_member(workflow->graph, node), "_meta"), "title", &title);
	return title ? title : node;
}

/* The input of a node that is a value, not a link: of that name, or value, or the only one. */
static const char *find_field(struct json_object *inputs, const char *name)
{
	static const char *const others[] = {"value", "noise_seed", NULL};
	const char *only = NULL;
	int count = 0;

	if (json_member(inputs, name)) {
		return name;
	}
	for (size_t i = 0; others[i]; i++) {
		if (json_member(inputs, others[i])) {
			return others[i];
		}
	}
	json_object_object_foreach(inputs, field, value)
	{
		if (!json_object_is_type(value, json_type_array)) {
			only = field;
			count++;
		}
	}
	return count == 1 ? only : NULL;
}

static int bind(struct workflow *workflow, enum binding_kind kind, const char *name,
	const char *wanted, const char *node, struct err *err)
{
	struct json_object *inputs = json_member(json_member(workflow->graph, node), "inputs");
	const char *field = json_member(inputs, wanted)
		? wanted
		: find_field(inputs, kind == BINDING_INPUT ? "image" : name);
	struct binding *binding = &workflow->bindings[workflow->count];

	if (!field) {
		return err_set(err, -EINVAL,
			"node %s is titled \"%.80s\", but has no such input to set", node,
			workflow_title(workflow, node));
	}
	if (workflow->count == WORKFLOW_BINDINGS ||
		!text_copy(binding->name, sizeof(binding->name), name) ||
		!text_copy(binding->field, sizeof(binding->field), field)) {
		return err_set(err, -EINVAL, "too many titled nodes, or a name that is too long");
	}
	(void)text_copy(binding->node, sizeof(binding->node), node);
	binding->kind = kind;
	workflow->count++;
	return 0;
}

/* input:<role>:<n>, output:image:<n>, param:<name> or param:<name>:<field>. */
static int bind_title(struct workflow *workflow, const char *node, struct err *err)
{
	const char *title = workflow_title(workflow, node);
	char name[LIMIT_ROLE_NAME + 1];
	const char *rest = strchr(title, ':');
	size_t len;

	if (!rest) {
		return 0;
	}
	len = strcspn(++rest, ":");
	if (len == 0 || len >= sizeof(name)) {
		return 0;
	}
	memcpy(name, rest, len);
	name[len] = '\0';
	rest += len + (rest[len] == ':');
	if (strncmp(title, "input:", 6) == 0) {
		return bind(workflow, BINDING_INPUT, name, "image", node, err);
	}
	if (strncmp(title, "param:", 6) == 0) {
		return bind(workflow, BINDING_PARAM, name, rest, node, err);
	}
	if (strcmp(title, "output:image") == 0 || strcmp(title, "output:image:1") == 0) {
		(void)text_copy(workflow->output, sizeof(workflow->output), node);
	}
	return 0;
}

int workflow_read(struct workflow *workflow, const char *path, struct err *err)
{
	struct buf text = {0};
	int result = fs_read_file(path, LIMIT_WORKFLOW, &text);

	if (result < 0) {
		result = err_set(err, result, "the workflow %.200s cannot be read: %s", path,
			strerror(-result));
	} else {
		result = json_parse(text.data, text.len, LIMIT_WORKFLOW, err, &workflow->graph);
	}
	buf_finish(&text);
	if (result == 0) {
		result = check_graph(workflow->graph, path, err);
	}
	if (result < 0) {
		return result;
	}
	json_object_object_foreach(workflow->graph, node, value)
	{
		(void)value;
		result = bind_title(workflow, node, err);
		if (result < 0) {
			return result;
		}
	}
	return 0;
}

void workflow_finish(struct workflow *workflow)
{
	json_object_put(workflow->graph);
	*workflow = (struct workflow){0};
}

bool workflow_has_param(const struct workflow *workflow, const char *name)
{
	for (size_t i = 0; i < workflow->count; i++) {
		if (workflow->bindings[i].kind == BINDING_PARAM &&
			strcmp(workflow->bindings[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

struct json_object *workflow_copy(const struct workflow *workflow)
{
	struct json_object *copy = NULL;

	return json_object_deep_copy(workflow->graph, &copy, NULL) < 0 ? NULL : copy;
}

bool workflow_set(
	struct json_object *graph, const char *node, const char *field, struct json_object *value)
{
	struct json_object *inputs = json_member(json_member(graph, node), "inputs");

	if (value && inputs && json_object_object_add(inputs, field, value) == 0) {
		return true;
	}
	json_object_put(value);
	return false;
}

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "client/handle.h"
#include "client/member.h"

/* The public struct comes first, so that its address is that of the whole. Texts belong to the
 * JSON; the arrays are the workers' own. */
struct whole {
	formy_workers list;
	formy_worker *workers;
	struct json_object *json;
};

static size_t length_of(const struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* A member that is an array of texts; others in it are left out. */
static int read_names(const struct json_object *object, const char *name,
	const char *const **ret_names, size_t *ret_count)
{
	struct json_object *array = json_member(object, name);
	size_t length = length_of(array);
	const char **names = calloc(length + 1, sizeof(*names));
	size_t count = 0;

	if (!names) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < length; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (json_object_is_type(item, json_type_string)) {
			names[count++] = json_object_get_string(item);
		}
	}
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* Where a plugin is confined in several ways, the JSON tells all. */
static const char *first_in_force(struct json_object *sandboxes)
{
	const char *text = NULL;

	for (size_t i = 0; i < length_of(sandboxes) && !text; i++) {
		text = member_text(json_object_array_get_idx(sandboxes, i), "in_force");
	}
	return text;
}

static int read_plugin(const struct json_object *json, formy_worker_plugin *to)
{
	to->file = member_text(json, "file");
	to->id = member_text(json, "id");
	to->version = member_text(json, "version");
	to->state = member_text(json, "state");
	to->reason = member_text(json, "reason");
	to->sandbox = first_in_force(json_member(json, "sandbox"));
	if (read_names(json, "modes", &to->modes, &to->mode_count) < 0) {
		return -ENOMEM;
	}
	return read_names(json, "engines", &to->engines, &to->engine_count);
}

static int read_worker(const struct json_object *json, formy_worker *to)
{
	struct json_object *array = json_member(json, "plugins");
	formy_worker_plugin *plugins = calloc(length_of(array) + 1, sizeof(*plugins));
	int result = 0;

	if (!plugins) {
		return -ENOMEM;
	}
	to->plugins = plugins;
	to->name = member_text(json, "name");
	to->host = member_text(json, "host");
	to->pid = member_number(json, "pid");
	to->version = member_text(json, "version");
	to->started_us = member_time(json, "started");
	to->executors = member_number(json, "executors");
	to->running = member_number(json, json_member(json, "running") ? "running" : "processing");
	while (result == 0 && to->plugin_count < length_of(array)) {
		result = read_plugin(json_object_array_get_idx(array, to->plugin_count),
			&plugins[to->plugin_count]);
		to->plugin_count++;
	}
	return result == 0 ? read_names(json, "modes", &to->modes, &to->mode_count) : result;
}

static int compare_names(const void *a, const void *b)
{
	const char *left = member_text(*(struct json_object *const *)a, "name");
	const char *right = member_text(*(struct json_object *const *)b, "name");

	return strcmp(left ? left : "", right ? right : "");
}

/* Takes the JSON over, also when it fails. */
static int make(struct json_object *json, formy_workers **ret_workers)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	if (!whole) {
		json_object_put(json);
		return -ENOMEM;
	}
	whole->json = json;
	json_object_array_sort(json, compare_names);
	whole->workers = calloc(length_of(json) + 1, sizeof(*whole->workers));
	whole->list.workers = whole->workers;
	whole->list.json = json_text(json);
	if (!whole->workers || !whole->list.json) {
		formy_workers_free(&whole->list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < length_of(json); i++) {
		whole->list.count++;
		if (read_worker(json_object_array_get_idx(json, i), &whole->workers[i]) < 0) {
			formy_workers_free(&whole->list);
			return -ENOMEM;
		}
	}
	*ret_workers = &whole->list;
	return 0;
}

int formy_workers_get(formy_client *client, formy_workers **ret_workers)
{
	struct json_object *json = NULL;
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_workers(&client->desk, &client->err, &json);
	if (result < 0) {
		return handle_code(result);
	}
	return make(json, ret_workers) < 0
		? handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory")
		: FORMY_CLIENT_OK;
}

void formy_workers_free(formy_workers *workers)
{
	struct whole *whole = (struct whole *)workers;

	if (!whole) {
		return;
	}
	for (size_t i = 0; i < whole->list.count; i++) {
		formy_worker *worker = &whole->workers[i];

		for (size_t j = 0; j < worker->plugin_count; j++) {
			free((void *)worker->plugins[j].modes);
			free((void *)worker->plugins[j].engines);
		}
		free((void *)worker->plugins);
		free((void *)worker->modes);
	}
	free(whole->workers);
	json_object_put(whole->json);
	free(whole);
}

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/handle.h"

/* The public struct comes first, so that its address is that of the whole. Texts belong to the
 * JSON; the arrays are the workers' own. */
struct whole {
	formy_workers list;
	formy_worker *workers;
	struct json_object *json;
};

static const char *text_of(const struct json_object *object, const char *name)
{
	const char *text = NULL;

	(void)json_get_string(object, name, &text);
	return text;
}

static int64_t number_of(const struct json_object *object, const char *name)
{
	int64_t number = 0;

	(void)json_get_int(object, name, &number);
	return number;
}

static int64_t time_of(const struct json_object *object, const char *name)
{
	const char *text = text_of(object, name);
	int64_t wall_us = 0;

	return text && clock_parse(text, &wall_us) == 0 ? wall_us : 0;
}

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

static int read_plugin(const struct json_object *json, formy_worker_plugin *to)
{
	to->file = text_of(json, "file");
	to->id = text_of(json, "id");
	to->version = text_of(json, "version");
	to->state = text_of(json, "state");
	to->reason = text_of(json, "reason");
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
	to->name = text_of(json, "name");
	to->host = text_of(json, "host");
	to->pid = number_of(json, "pid");
	to->version = text_of(json, "version");
	to->started_us = time_of(json, "started");
	to->executors = number_of(json, "executors");
	to->running = number_of(json, json_member(json, "running") ? "running" : "processing");
	while (result == 0 && to->plugin_count < length_of(array)) {
		result = read_plugin(json_object_array_get_idx(array, to->plugin_count),
			&plugins[to->plugin_count]);
		to->plugin_count++;
	}
	return result == 0 ? read_names(json, "modes", &to->modes, &to->mode_count) : result;
}

static int compare_names(const void *a, const void *b)
{
	const char *left = text_of(*(struct json_object *const *)a, "name");
	const char *right = text_of(*(struct json_object *const *)b, "name");

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

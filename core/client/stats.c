#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/json.h"
#include "client/handle.h"
#include "client/member.h"

/* The public struct comes first, so that its address is that of the whole. Names belong to the
 * JSON. */
struct whole {
	formy_stats stats;
	formy_mode_stats *modes;
	formy_worker_stats *workers;
	struct json_object *json;
};

static int read_modes(struct whole *whole)
{
	struct json_object *modes = json_member(whole->json, "modes");

	if (!json_object_is_type(modes, json_type_object)) {
		return 0;
	}
	whole->modes = calloc((size_t)json_object_object_length(modes) + 1, sizeof(*whole->modes));
	if (!whole->modes) {
		return -ENOMEM;
	}
	json_object_object_foreach(modes, name, mode)
	{
		whole->modes[whole->stats.mode_count++] = (formy_mode_stats){
			.name = name,
			.waiting = member_number(mode, "waiting"),
			.processing = member_number(mode, "processing"),
			.done = member_number(mode, "done"),
			.failed = member_number(mode, "failed"),
			.workers = member_number(mode, "workers"),
		};
	}
	whole->stats.modes = whole->modes;
	return 0;
}

static int read_workers(struct whole *whole)
{
	struct json_object *workers = json_member(whole->json, "workers");
	size_t count = json_object_is_type(workers, json_type_array)
		? json_object_array_length(workers)
		: 0;

	whole->workers = calloc(count + 1, sizeof(*whole->workers));
	if (!whole->workers) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		struct json_object *worker = json_object_array_get_idx(workers, i);
		formy_worker_stats *to = &whole->workers[whole->stats.worker_count];

		if (json_get_string(worker, "name", &to->name) == 0) {
			to->processing = member_number(worker, "processing");
			whole->stats.worker_count++;
		}
	}
	whole->stats.workers = whole->workers;
	return 0;
}

/* The counts of a worker; what it registered beyond them is told by formy_workers_get(). */
static int trim_workers(struct json_object *json)
{
	struct json_object *workers = json_member(json, "workers");
	struct json_object *trimmed = json_object_new_array();

	if (!trimmed) {
		return -ENOMEM;
	}
	for (size_t i = 0; json_object_is_type(workers, json_type_array) &&
		i < json_object_array_length(workers);
		i++) {
		static const char *const kept[] = {"name", "processing"};
		struct json_object *worker = json_object_array_get_idx(workers, i);
		struct json_object *row = json_object_new_object();

		if (!row || json_object_array_add(trimmed, row) < 0) {
			json_object_put(row);
			json_object_put(trimmed);
			return -ENOMEM;
		}
		for (size_t j = 0; j < sizeof(kept) / sizeof(kept[0]); j++) {
			struct json_object *member = json_object_get(json_member(worker, kept[j]));

			if (json_object_object_add(row, kept[j], member) < 0) {
				json_object_put(member);
				json_object_put(trimmed);
				return -ENOMEM;
			}
		}
	}
	if (json_object_object_add(json, "workers", trimmed) < 0) {
		json_object_put(trimmed);
		return -ENOMEM;
	}
	return 0;
}

/* Takes the JSON over, also when it fails. */
static int make(struct json_object *json, formy_stats **ret_stats)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	if (!whole) {
		json_object_put(json);
		return -ENOMEM;
	}
	whole->json = json;
	if (trim_workers(json) < 0) {
		formy_stats_free(&whole->stats);
		return -ENOMEM;
	}
	whole->stats = (formy_stats){
		.pending = member_number(json, "pending"),
		.processing = member_number(json, "processing"),
		.done = member_number(json, "done"),
		.failed = member_number(json, "failed"),
		.cancelled = member_number(json, "cancelled"),
		.total_tasks = member_number(json, "total_tasks"),
		.delayed = member_number(json, "delayed"),
		.json = json_text(json),
	};
	if (!whole->stats.json || read_modes(whole) < 0 || read_workers(whole) < 0) {
		formy_stats_free(&whole->stats);
		return -ENOMEM;
	}
	*ret_stats = &whole->stats;
	return 0;
}

int formy_stats_get(formy_client *client, formy_stats **ret_stats)
{
	struct json_object *json = NULL;
	int result = handle_begin(client);

	if (result < 0) {
		return result;
	}
	result = task_stats(&client->desk, &client->err, &json);
	if (result < 0) {
		return handle_code(result);
	}
	return make(json, ret_stats) < 0
		? handle_fail(client, FORMY_CLIENT_E_MEMORY, "out of memory")
		: FORMY_CLIENT_OK;
}

void formy_stats_free(formy_stats *stats)
{
	struct whole *whole = (struct whole *)stats;

	if (whole) {
		free(whole->modes);
		free(whole->workers);
		json_object_put(whole->json);
		free(whole);
	}
}

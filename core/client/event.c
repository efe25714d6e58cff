#include "client/event.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "client/member.h"

#define MESSAGE_MAX (1024 * 1024) /* bytes: a script call touches far fewer tasks than fill this */

/* Adds an event for each of "task_ids": the other members are theirs in common. */
static int expand(struct json_object *group, struct json_object *to)
{
	struct json_object *ids = NULL;

	if (!json_object_object_get_ex(group, "task_ids", &ids) ||
		!json_object_is_type(ids, json_type_array)) {
		return json_object_array_add(to, json_object_get(group)) == 0 ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < json_object_array_length(ids); i++) {
		struct json_object *one = json_object_new_object();

		if (!one || json_object_array_add(to, one) < 0) {
			json_object_put(one);
			return -ENOMEM;
		}
		if (json_object_object_add(one, "task_id",
			    json_object_get(json_object_array_get_idx(ids, i))) < 0) {
			return -ENOMEM;
		}
		json_object_object_foreach(group, name, value)
		{
			if (strcmp(name, "task_ids") != 0 &&
				json_object_object_add(one, name, json_object_get(value)) < 0) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

int event_parse(const char *text, size_t len, struct json_object **ret_events)
{
	struct json_object *events = NULL;
	struct json_object *groups = NULL;
	int result = json_parse(text, len, MESSAGE_MAX, NULL, &groups);

	if (result < 0) {
		return result == -ENOMEM ? result : -EPROTO;
	}
	if (!json_object_is_type(groups, json_type_array)) {
		json_object_put(groups);
		return -EPROTO;
	}
	events = json_object_new_array();
	result = events ? 0 : -ENOMEM;
	for (size_t i = 0; result == 0 && i < json_object_array_length(groups); i++) {
		result = expand(json_object_array_get_idx(groups, i), events);
	}
	json_object_put(groups);
	if (result < 0) {
		json_object_put(events);
		return result;
	}
	*ret_events = events;
	return 0;
}

int event_read(struct json_object *from, formy_event *ret_event)
{
	formy_event event = {.progress = -1};
	const char *status = member_text(from, "status");
	int64_t progress;
	bool is_state = false;

	event.task_id = member_text(from, "task_id");
	if (!event.task_id || !status) {
		return -EPROTO;
	}
	event.status = formy_task_status_of(status);
	if (json_get_int(from, "progress", &progress) == 0 && progress >= 0 && progress <= 100) {
		event.progress = (int32_t)progress;
	}
	event.time_us = member_time(from, "at");
	event.current_step = member_text(from, "current_step");
	event.mode = member_text(from, "mode");
	event.user = member_text(from, "user_id");
	event.worker = member_text(from, "worker");
	(void)json_get_bool(from, "state", &is_state);
	event.is_state = is_state;
	event.json = json_text(from);
	if (!event.json) {
		return -ENOMEM;
	}
	*ret_event = event;
	return 0;
}

/* Adds a member; value NULL is out of memory. */
static bool add(struct json_object *to, const char *name, struct json_object *value)
{
	if (!value || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		return false;
	}
	return true;
}

static bool add_text(struct json_object *to, const char *name, const char *text)
{
	return !text || add(to, name, json_object_new_string(text));
}

struct json_object *event_of_state(const formy_task_info *task)
{
	struct json_object *to = json_object_new_object();
	char at[CLOCK_TEXT_SIZE];

	clock_format_z(task->updated_us ? task->updated_us : clock_wall_us(), at);
	if (!to || !add_text(to, "task_id", task->id) ||
		!add_text(to, "status", formy_task_status_name(task->status)) ||
		!add_text(to, "at", at) || !add(to, "state", json_object_new_boolean(true)) ||
		!add(to, "progress", json_object_new_int(task->progress)) ||
		!add_text(to, "current_step", task->current_step) ||
		!add_text(to, "mode", task->mode) || !add_text(to, "user_id", task->user) ||
		!add_text(to, "worker", task->worker)) {
		json_object_put(to);
		return NULL;
	}
	return to;
}

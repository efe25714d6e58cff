#include "client/task_info.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "task/task.h"

/* The public struct comes first, so that its address is that of the whole. */
struct whole {
	formy_task_info info;
	struct task task;
	struct json_object *json;
};

static const struct {
	formy_task_status status;
	const char *name;
} names[] = {
	{FORMY_TASK_PENDING, "pending"},
	{FORMY_TASK_PROCESSING, "processing"},
	{FORMY_TASK_DONE, "done"},
	{FORMY_TASK_FAILED, "failed"},
	{FORMY_TASK_CANCELLED, "cancelled"},
	{FORMY_TASK_DELETED, "deleted"},
};

#define NAMES (sizeof(names) / sizeof(names[0]))

const char *formy_task_status_name(formy_task_status status)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (names[i].status == status) {
			return names[i].name;
		}
	}
	return "unknown";
}

formy_task_status formy_task_status_of(const char *name)
{
	for (size_t i = 0; name && i < NAMES; i++) {
		if (strcmp(names[i].name, name) == 0) {
			return names[i].status;
		}
	}
	return FORMY_TASK_UNKNOWN;
}

formy_task_status task_info_status(enum task_status status)
{
	return formy_task_status_of(task_status_name(status));
}

int task_info_status_of(formy_task_status status, enum task_status *ret_status)
{
	return task_status_parse(formy_task_status_name(status), ret_status);
}

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

static int64_t time_of(int64_t wall_us)
{
	return wall_us == TASK_NO_TIME ? 0 : wall_us;
}

static void fill(formy_task_info *info, const struct task *task, struct json_object *json)
{
	const struct json_object *result = json_member(json, "result");
	const struct json_object *metadata = json_member(result, "metadata");
	const struct json_object *error = json_member(json, "error");

	*info = (formy_task_info){
		.id = task->id,
		.status = task_info_status(task->status),
		.progress = task->progress < 0 ? 0 : task->progress,
		.current_step = task->current_step,
		.mode = text_of(json, "mode"),
		.source_image = text_of(json, "source_image"),
		.reference_image = text_of(json, "reference_image"),
		.user = text_of(json, "user_id"),
		.worker = task->worker,
		.attempts = task->attempts,
		.created_us = time_of(task->created_us),
		.updated_us = time_of(task->updated_us),
		.started_us = time_of(task->started_us),
		.completed_us = time_of(task->completed_us),
		.failed_us = time_of(task->failed_us),
		.cancelled_us = time_of(task->cancelled_us),
		.processing_seconds = task->processing_time,
		.output_image = text_of(result, "output_image"),
		.thumbnail = text_of(result, "thumbnail"),
		.comparison_image = text_of(result, "comparison_image"),
		.width = number_of(metadata, "width"),
		.height = number_of(metadata, "height"),
		.output_size = number_of(metadata, "size"),
		.output_format = text_of(metadata, "format"),
		.error_code = text_of(error, "code"),
		.error_message = text_of(error, "message"),
		.error_details = text_of(error, "details"),
	};
}

int task_info_make(struct task *task, formy_task_info **ret_info)
{
	struct whole *whole = calloc(1, sizeof(*whole));

	if (!whole) {
		task_finish(task);
		return -ENOMEM;
	}
	whole->task = *task;
	*task = (struct task){0};
	if (task_to_json(&whole->task, &whole->json) < 0) {
		formy_task_free(&whole->info);
		return -ENOMEM;
	}
	fill(&whole->info, &whole->task, whole->json);
	whole->info.json = json_text(whole->json);
	if (!whole->info.json) {
		formy_task_free(&whole->info);
		return -ENOMEM;
	}
	*ret_info = &whole->info;
	return 0;
}

struct json_object *task_info_json(const formy_task_info *info)
{
	return ((const struct whole *)info)->json;
}

void formy_task_free(formy_task_info *task)
{
	struct whole *whole = (struct whole *)task;

	if (whole) {
		json_object_put(whole->json);
		task_finish(&whole->task);
		free(whole);
	}
}

#include "client/task_info.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "client/member.h"
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
		.mode = member_text(json, "mode"),
		.source_image = member_text(json, "source_image"),
		.reference_image = member_text(json, "reference_image"),
		.user = member_text(json, "user_id"),
		.worker = task->worker,
		.attempts = task->attempts,
		.created_us = time_of(task->created_us),
		.updated_us = time_of(task->updated_us),
		.started_us = time_of(task->started_us),
		.completed_us = time_of(task->completed_us),
		.failed_us = time_of(task->failed_us),
		.cancelled_us = time_of(task->cancelled_us),
		.processing_seconds = task->processing_time,
		.output_image = member_text(result, "output_image"),
		.thumbnail = member_text(result, "thumbnail"),
		.comparison_image = member_text(result, "comparison_image"),
		.width = member_number(metadata, "width"),
		.height = member_number(metadata, "height"),
		.output_size = member_number(metadata, "size"),
		.output_format = member_text(metadata, "format"),
		.error_code = member_text(error, "code"),
		.error_message = member_text(error, "message"),
		.error_details = member_text(error, "details"),
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

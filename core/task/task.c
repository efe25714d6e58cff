#include "task/task.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

static const char *const priority_names[TASK_PRIORITY_COUNT] = {
	[TASK_NORMAL] = "normal",
	[TASK_HIGH] = "high",
	[TASK_LOW] = "low",
};

const char *task_priority_name(enum task_priority priority)
{
	return priority_names[priority];
}

int task_priority_parse(const char *text, enum task_priority *ret_priority)
{
	for (int i = 0; i < TASK_PRIORITY_COUNT; i++) {
		if (strcmp(text, priority_names[i]) == 0) {
			*ret_priority = (enum task_priority)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* What a value becomes. Text that is none of its kind leaves the member absent. */
enum field_kind {
	FIELD_TEXT,
	FIELD_TIME,
	FIELD_STATUS,
	FIELD_PRIORITY,
	FIELD_PROGRESS,
	FIELD_ATTEMPTS,
	FIELD_SECONDS
};

static const struct {
	const char *name;
	enum field_kind kind;
	size_t offset;
} fields_known[] = {
	{"status", FIELD_STATUS, offsetof(struct task, status)},
	{"priority", FIELD_PRIORITY, offsetof(struct task, priority)},
	{"data", FIELD_TEXT, offsetof(struct task, data)},
	{"progress", FIELD_PROGRESS, offsetof(struct task, progress)},
	{"current_step", FIELD_TEXT, offsetof(struct task, current_step)},
	{"result", FIELD_TEXT, offsetof(struct task, result)},
	{"error", FIELD_TEXT, offsetof(struct task, error)},
	{"worker", FIELD_TEXT, offsetof(struct task, worker)},
	{"attempts", FIELD_ATTEMPTS, offsetof(struct task, attempts)},
	{"processing_time", FIELD_SECONDS, offsetof(struct task, processing_time)},
	{"created_at", FIELD_TIME, offsetof(struct task, created_us)},
	{"updated_at", FIELD_TIME, offsetof(struct task, updated_us)},
	{"started_at", FIELD_TIME, offsetof(struct task, started_us)},
	{"completed_at", FIELD_TIME, offsetof(struct task, completed_us)},
	{"failed_at", FIELD_TIME, offsetof(struct task, failed_us)},
	{"cancelled_at", FIELD_TIME, offsetof(struct task, cancelled_us)},
};

#define FIELDS_KNOWN (sizeof(fields_known) / sizeof(fields_known[0]))

static long read_whole(const char *text, long min, long max, long absent)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	return end == text || *end || errno || value < min || value > max ? absent : value;
}

static void read_seconds(const char *text, double *to)
{
	char *end;
	double value = strtod(text, &end);

	if (end != text && *end == '\0' && isfinite(value) && value >= 0) {
		*to = value;
	}
}

static int read_field(enum field_kind kind, struct str value, void *to)
{
	char *text = strndup(value.data, value.len);

	if (!text) {
		return -ENOMEM;
	}
	switch (kind) {
	case FIELD_TEXT:
		free(*(char **)to);
		*(char **)to = text;
		return 0;
	case FIELD_TIME:
		(void)clock_parse(text, to);
		break;
	case FIELD_STATUS:
		(void)task_status_parse(text, to);
		break;
	case FIELD_PRIORITY:
		(void)task_priority_parse(text, to);
		break;
	case FIELD_PROGRESS:
		*(int *)to = (int)read_whole(text, 0, 100, -1);
		break;
	case FIELD_ATTEMPTS:
		*(unsigned *)to = (unsigned)read_whole(text, 0, 1000000, 0);
		break;
	case FIELD_SECONDS:
		read_seconds(text, to);
		break;
	}
	free(text);
	return 0;
}

int task_decode(
	const char *id, const struct task_field *fields, size_t count, struct task *ret_task)
{
	struct task task = {
		.status = count > 0 ? TASK_PENDING : TASK_GONE,
		.progress = -1,
		.processing_time = -1,
		.created_us = TASK_NO_TIME,
		.updated_us = TASK_NO_TIME,
		.started_us = TASK_NO_TIME,
		.completed_us = TASK_NO_TIME,
		.failed_us = TASK_NO_TIME,
		.cancelled_us = TASK_NO_TIME,
	};

	task.id = strdup(id);
	if (!task.id) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t known = 0; known < FIELDS_KNOWN; known++) {
			if (fields[i].value.len > 0 &&
				str_eq(fields[i].name, fields_known[known].name) &&
				read_field(fields_known[known].kind, fields[i].value,
					(char *)&task + fields_known[known].offset) < 0) {
				task_finish(&task);
				return -ENOMEM;
			}
		}
	}
	*ret_task = task;
	return 0;
}

void task_finish(struct task *task)
{
	free(task->id);
	free(task->data);
	free(task->current_step);
	free(task->result);
	free(task->error);
	free(task->worker);
	*task = (struct task){0};
}

/* Adds a member; value NULL is out of memory. */
static int add(struct json_object *to, const char *name, struct json_object *value)
{
	if (!value || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

static int add_text(struct json_object *to, const char *name, const char *text)
{
	return text ? add(to, name, json_object_new_string(text)) : 0;
}

/* To the microsecond, which is as it was measured. */
static int add_seconds(struct json_object *to, const char *name, double seconds)
{
	char text[48];

	if (seconds < 0) {
		return 0;
	}
	(void)snprintf(text, sizeof(text), "%.6f", seconds);
	return add(to, name, json_object_new_double_s(seconds, text));
}

static int add_time(struct json_object *to, const char *name, int64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	if (wall_us == TASK_NO_TIME) {
		return 0;
	}
	clock_format_z(wall_us, text);
	return add_text(to, name, text);
}

/* A field that holds JSON; what cannot be read stays the text it is. */
static int add_json(struct json_object *to, const char *name, const char *text)
{
	struct json_object *value;

	if (!text) {
		return 0;
	}
	if (json_parse(text, strlen(text), LIMIT_TASK_DATA, NULL, &value) < 0) {
		return add_text(to, name, text);
	}
	return add(to, name, value);
}

/* Members of data that people ask for first. */
static int add_from_data(struct json_object *to)
{
	static const char *const names[] = {"mode", "source_image", "reference_image", "user_id"};
	struct json_object *data = json_member(to, "data");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct json_object *member = json_member(data, names[i]);

		if (member && add(to, names[i], json_object_get(member)) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

int task_to_json(const struct task *task, struct json_object **ret_value)
{
	struct json_object *to = json_object_new_object();

	if (!to) {
		return -ENOMEM;
	}
	if (add_text(to, "task_id", task->id) < 0 ||
		add_text(to, "status", task_status_name(task->status)) < 0 ||
		add_text(to, "priority", task_priority_name(task->priority)) < 0 ||
		add_json(to, "data", task->data) < 0 || add_from_data(to) < 0 ||
		(task->progress >= 0 &&
			add(to, "progress", json_object_new_int(task->progress)) < 0) ||
		add_text(to, "current_step", task->current_step) < 0 ||
		add_time(to, "created_at", task->created_us) < 0 ||
		add_time(to, "updated_at", task->updated_us) < 0 ||
		add_time(to, "started_at", task->started_us) < 0 ||
		add_time(to, "completed_at", task->completed_us) < 0 ||
		add_time(to, "failed_at", task->failed_us) < 0 ||
		add_time(to, "cancelled_at", task->cancelled_us) < 0 ||
		add_json(to, "result", task->result) < 0 ||
		add_json(to, "error", task->error) < 0 ||
		add(to, "attempts", json_object_new_int64(task->attempts)) < 0 ||
		add_text(to, "worker", task->worker) < 0 ||
		add_seconds(to, "processing_time", task->processing_time) < 0) {
		json_object_put(to);
		return -ENOMEM;
	}
	*ret_value = to;
	return 0;
}

/* One task as its hash holds it, and what its creator asked for.
 *
 * A struct task owns its strings. Foreign clients write hashes too: every field may be absent, and
 * what cannot be read counts as absent. */
#ifndef FORMY_TASK_TASK_H
#define FORMY_TASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "task/state.h"

struct json_object;

enum task_priority { TASK_NORMAL, TASK_HIGH, TASK_LOW, TASK_PRIORITY_COUNT };

#define TASK_NO_TIME INT64_MIN

struct task {
	char *id;
	enum task_status status;
	enum task_priority priority;
	char *data; /* JSON, as its creator wrote it */
	char *current_step;
	char *result; /* JSON */
	char *error;  /* JSON */
	char *worker;
	int progress;           /* 0..100, -1: absent */
	unsigned attempts;      /* 0: absent or never started */
	double processing_time; /* seconds, below 0: absent */
	int64_t created_us;     /* microseconds since 1970, TASK_NO_TIME: absent */
	int64_t updated_us;
	int64_t started_us;
	int64_t completed_us;
	int64_t failed_us;
	int64_t cancelled_us;
};

struct task_field {
	struct str name;
	struct str value;
};

/* Decodes the pairs of HGETALL. No pairs make a task with status TASK_GONE. 0 or -ENOMEM. */
int task_decode(
	const char *id, const struct task_field *fields, size_t count, struct task *ret_task);
void task_finish(struct task *task);

/* The task for people's programs: every field that is there, times with a Z, `data`, `result` and
 * `error` as JSON and not as text, plus `mode` and `user_id` out of data. 0 or -ENOMEM; the value
 * is the caller's. */
int task_to_json(const struct task *task, struct json_object **ret_value);

const char *task_priority_name(enum task_priority priority);
int task_priority_parse(const char *text, enum task_priority *ret_priority);

/* What `data` asks for. The strings belong to `data`. */
struct task_request {
	struct json_object *data;
	const char *mode;
	const char *source_image;    /* NULL: not given */
	const char *reference_image; /* NULL: not given */
	const char *user_id;         /* NULL: not given */
	struct json_object *config;  /* an object, {} when not given; belongs to data */
	int64_t timeout_ms;          /* config's "timeout", rounded up; 0: not given */
};

/* Reads `data` of at most LIMIT_TASK_DATA bytes. 0, -ENOMEM, or -EINVAL with a sentence and the
 * contract's code: INVALID_REQUEST, MISSING_REQUIRED_PARAM, INVALID_MODE or INVALID_CONFIG. */
int task_request_parse(const char *data, size_t len, struct err *err, const char **ret_code,
	struct task_request *ret_request);
void task_request_finish(struct task_request *request);

#endif

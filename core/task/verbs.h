/* What clients do with tasks: create, read, list, cancel, retry, delete. Synchronous.
 *
 * Failures of the connection are those of redis/conn.h. */
#ifndef FORMY_TASK_VERBS_H
#define FORMY_TASK_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "task/task.h"

struct err;
struct json_object;
struct redis_conn;
struct task_keys;

struct task_desk {
	struct redis_conn *conn;
	const struct task_keys *keys;
	uint32_t retention_s; /* how long a task cancelled here is kept */
};

struct task_new {
	const char *id;   /* [A-Za-z0-9_.-]{1,128} */
	const char *data; /* JSON object of at most LIMIT_TASK_DATA bytes */
	enum task_priority priority;
	int64_t delay_ms; /* it starts no sooner than so long from now, by Redis' clock ... */
	int64_t start_ms; /* ... nor before this, in milliseconds since 1970; 0: at once */
};

/* 0, also when there is a task with the id whose mode, images and config are these: nothing is
 * changed then. -EEXIST when they are others. */
int task_enqueue(const struct task_desk *desk, const struct task_new *task, struct err *err);

/* 0, or -ENOENT; the task is the caller's, for task_finish(). */
int task_get(const struct task_desk *desk, const char *id, struct err *err, struct task *ret_task);

/* 0: it is cancelled now (or was before); -ENOENT; -EALREADY: it ended before, *ret_status says
 * how (may be NULL). */
int task_cancel(const struct task_desk *desk, const char *id, struct err *err,
	enum task_status *ret_status);

/* 0, -ENOENT, or -EALREADY with *ret_status (may be NULL) when it is not failed. */
int task_retry(const struct task_desk *desk, const char *id, struct err *err,
	enum task_status *ret_status);

/* 0, -ENOENT, or -EBUSY with *ret_status (may be NULL) when it has not ended. The files of its
 * results are the caller's to delete, afterwards. */
int task_delete(const struct task_desk *desk, const char *id, struct err *err,
	enum task_status *ret_status);

struct task_filter {
	const enum task_status *status; /* NULL: any */
	const char *mode;               /* NULL: any */
	const char *user_id;            /* NULL: any */
	unsigned page;                  /* 1 is the first */
	unsigned page_size;             /* 1 to 100 */
};

struct task_page {
	struct task *tasks; /* newest first */
	size_t count;
	uint64_t total; /* that pass the filter */
};

int task_list(const struct task_desk *desk, const struct task_filter *filter, struct err *err,
	struct task_page *ret_page);
void task_page_finish(struct task_page *page);

/* An object: pending, processing, done, failed, cancelled, delayed, total_tasks (numbers), modes
 * (by name: waiting, processing, done, failed), workers (as task_workers()). Caller's. */
int task_stats(const struct task_desk *desk, struct err *err, struct json_object **ret_stats);

/* An array: what each live worker last registered, plus `name` and `processing`. Caller's. */
int task_workers(const struct task_desk *desk, struct err *err, struct json_object **ret_workers);

#endif

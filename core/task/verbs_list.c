#include <errno.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "redis/conn.h"
#include "task/args.h"
#include "task/keys.h"
#include "task/scripts.h"
#include "task/verbs.h"
#include "task/verbs_reply.h"

#define PAGE_MAX 100
#define STATS_MAX (4 * 1024 * 1024) /* bytes of JSON that stats.lua or a worker writes */

int verbs_reply_task(const char *id, const struct redisReply *reply, struct task *ret_task)
{
	struct task_field *fields;
	size_t count = reply->elements / 2;
	int result;

	if (reply->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	fields = calloc(count + 1, sizeof(*fields));
	if (!fields) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const redisReply *name = reply->element[2 * i];
		const redisReply *value = reply->element[2 * i + 1];

		if (name->type == REDIS_REPLY_STRING && value->type == REDIS_REPLY_STRING) {
			fields[i].name = (struct str){name->str, name->len};
			fields[i].value = (struct str){value->str, value->len};
		}
	}
	result = task_decode(id, fields, count, ret_task);
	free(fields);
	return result;
}

void task_page_finish(struct task_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		task_finish(&page->tasks[i]);
	}
	free(page->tasks);
	*page = (struct task_page){0};
}

static int read_page(const redisReply *reply, struct task_page *ret_page)
{
	struct task_page page = {0};
	const redisReply *rows;
	int result = 0;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_INTEGER ||
		reply->element[1]->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	rows = reply->element[1];
	page.total = (uint64_t)reply->element[0]->integer;
	page.tasks = calloc(rows->elements + 1, sizeof(*page.tasks));
	if (!page.tasks) {
		return -ENOMEM;
	}
	while (result == 0 && page.count < rows->elements) {
		const redisReply *row = rows->element[page.count];

		if (row->type != REDIS_REPLY_ARRAY || row->elements != 2 ||
			row->element[0]->type != REDIS_REPLY_STRING) {
			result = -EPROTO;
		} else {
			result = verbs_reply_task(
				row->element[0]->str, row->element[1], &page.tasks[page.count]);
		}
		if (result == 0) {
			page.count++;
		}
	}
	if (result < 0) {
		task_page_finish(&page);
		return result;
	}
	*ret_page = page;
	return 0;
}

int task_list(const struct task_desk *desk, const struct task_filter *filter, struct err *err,
	struct task_page *ret_page)
{
	struct args args;
	redisReply *reply = NULL;
	int result;

	if (filter->page < 1 || filter->page_size < 1 || filter->page_size > PAGE_MAX) {
		return err_set(err, -EINVAL, "a page number is 1 or more, a page has 1 to %d tasks",
			PAGE_MAX);
	}
	if (args_init(&args, 5) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	args_add_text(&args, filter->status ? task_status_name(*filter->status) : NULL);
	args_add_text(&args, filter->mode);
	args_add_text(&args, filter->user_id);
	args_add_number(&args, (int64_t)(filter->page - 1) * filter->page_size);
	args_add_number(&args, filter->page_size);
	result = redis_conn_script(desk->conn, &script_list, desk->keys->names, TASK_KEY_COUNT,
		args.list, args.count, err, &reply);
	args_finish(&args);
	if (result < 0) {
		return result;
	}
	result = read_page(reply, ret_page);
	freeReplyObject(reply);
	return result < 0 ? err_set(err, result, "the list of tasks cannot be read") : 0;
}

/* What a worker registered, with its name and how much it holds; NULL: out of memory. */
static struct json_object *read_worker(const redisReply *row)
{
	struct json_object *worker = NULL;

	if (json_parse(row->element[1]->str, row->element[1]->len, STATS_MAX, NULL, &worker) < 0 ||
		!json_object_is_type(worker, json_type_object)) {
		json_object_put(worker);
		worker = json_object_new_object();
	}
	if (!worker ||
		json_object_object_add(
			worker, "name", json_object_new_string(row->element[0]->str)) < 0 ||
		json_object_object_add(worker, "processing",
			json_object_new_int64(row->element[2]->integer)) < 0) {
		json_object_put(worker);
		return NULL;
	}
	return worker;
}

static int read_workers(const redisReply *rows, struct json_object **ret_workers)
{
	struct json_object *workers;

	if (rows->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	workers = json_object_new_array();
	if (!workers) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < rows->elements; i++) {
		const redisReply *row = rows->element[i];
		struct json_object *worker;

		if (row->type != REDIS_REPLY_ARRAY || row->elements != 3 ||
			row->element[0]->type != REDIS_REPLY_STRING ||
			row->element[1]->type != REDIS_REPLY_STRING) {
			json_object_put(workers);
			return -EPROTO;
		}
		worker = read_worker(row);
		if (!worker || json_object_array_add(workers, worker) < 0) {
			json_object_put(worker);
			json_object_put(workers);
			return -ENOMEM;
		}
	}
	*ret_workers = workers;
	return 0;
}

static int read_stats(const redisReply *reply, struct json_object **ret_stats)
{
	struct json_object *stats = NULL;
	struct json_object *workers = NULL;
	int result;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING) {
		return -EPROTO;
	}
	result =
		json_parse(reply->element[0]->str, reply->element[0]->len, STATS_MAX, NULL, &stats);
	if (result == 0) {
		result = read_workers(reply->element[1], &workers);
	}
	if (result == 0 && json_object_object_add(stats, "workers", workers) < 0) {
		json_object_put(workers);
		result = -ENOMEM;
	}
	if (result < 0) {
		json_object_put(stats);
		return result;
	}
	*ret_stats = stats;
	return 0;
}

int task_stats(const struct task_desk *desk, struct err *err, struct json_object **ret_stats)
{
	redisReply *reply = NULL;
	int result = redis_conn_script(
		desk->conn, &script_stats, desk->keys->names, TASK_KEY_COUNT, NULL, 0, err, &reply);

	if (result < 0) {
		return result;
	}
	result = read_stats(reply, ret_stats);
	freeReplyObject(reply);
	return result < 0 ? err_set(err, result, "the statistics cannot be read") : 0;
}

int task_workers(const struct task_desk *desk, struct err *err, struct json_object **ret_workers)
{
	struct json_object *stats;
	int result = task_stats(desk, err, &stats);

	if (result < 0) {
		return result;
	}
	*ret_workers = json_object_get(json_member(stats, "workers"));
	json_object_put(stats);
	return 0;
}

#include "task/verbs.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "redis/conn.h"
#include "task/args.h"
#include "task/keys.h"
#include "task/scripts.h"
#include "task/verbs_reply.h"

/* Runs a script whose arguments are a few texts. */
static int run(const struct task_desk *desk, const struct script *script, const struct args *args,
	struct err *err, redisReply **ret_reply)
{
	return redis_conn_script(desk->conn, script, desk->keys->names, TASK_KEY_COUNT, args->list,
		args->count, err, ret_reply);
}

static int check_id(const char *id, struct err *err)
{
	if (!ident_is_task_id(id, strlen(id))) {
		return err_set(err, -EINVAL,
			"\"%.140s\" is not a task id: those have 1 to %d characters of "
			"A-Z a-z 0-9 _ . -",
			id, LIMIT_TASK_ID);
	}
	return 0;
}

static int not_readable(struct err *err)
{
	return err_set(err, -EPROTO, "Redis sent what cannot be read");
}

/* A missing member is as good as null, a missing config as an empty one. */
static bool member_agrees(struct json_object *a, struct json_object *b, const char *name)
{
	struct json_object *one = json_member(a, name);
	struct json_object *other = json_member(b, name);

	if (strcmp(name, "config") == 0) {
		if (!one && json_object_is_type(other, json_type_object)) {
			return json_object_object_length(other) == 0;
		}
		if (!other && json_object_is_type(one, json_type_object)) {
			return json_object_object_length(one) == 0;
		}
	}
	return json_object_equal(one, other) != 0;
}

/* Do two tasks ask for the same? */
static bool data_agrees(const char *a, const char *b)
{
	static const char *const names[] = {"mode", "source_image", "reference_image", "config"};
	struct json_object *one = NULL;
	struct json_object *other = NULL;
	bool agrees = strcmp(a, b) == 0;

	if (!agrees && json_parse(a, strlen(a), LIMIT_TASK_DATA, NULL, &one) == 0 &&
		json_parse(b, strlen(b), LIMIT_TASK_DATA, NULL, &other) == 0) {
		agrees = json_object_is_type(one, json_type_object) &&
			json_object_is_type(other, json_type_object);
		for (size_t i = 0; agrees && i < sizeof(names) / sizeof(names[0]); i++) {
			agrees = member_agrees(one, other, names[i]);
		}
	}
	json_object_put(one);
	json_object_put(other);
	return agrees;
}

int task_enqueue(const struct task_desk *desk, const struct task_new *task, struct err *err)
{
	struct args args;
	redisReply *reply = NULL;
	int result = check_id(task->id, err);

	if (result < 0) {
		return result;
	}
	if (strlen(task->data) > LIMIT_TASK_DATA) {
		return err_set(err, -EFBIG, "the task has %zu bytes of data, at most %d are taken",
			strlen(task->data), LIMIT_TASK_DATA);
	}
	if (args_init(&args, 5) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	args_add_text(&args, task->id);
	args_add_text(&args, task->data);
	args_add_text(&args, task_priority_name(task->priority));
	args_add_number(&args, task->delay_ms);
	args_add_number(&args, task->start_ms);
	result = run(desk, &script_enqueue, &args, err, &reply);
	args_finish(&args);
	if (result < 0) {
		return result;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 1) {
		result = not_readable(err);
	} else if (reply->elements > 1 &&
		(reply->element[1]->type != REDIS_REPLY_STRING ||
			!data_agrees(reply->element[1]->str, task->data))) {
		result = err_set(err, -EEXIST,
			"there is a task %s already, with another mode, picture or config: choose "
			"another id",
			task->id);
	}
	freeReplyObject(reply);
	return result;
}

int task_get(const struct task_desk *desk, const char *id, struct err *err, struct task *ret_task)
{
	struct buf key = {0};
	struct str argv[] = {STR("HGETALL"), {0}};
	redisReply *reply = NULL;
	int result = check_id(id, err);

	if (result < 0) {
		return result;
	}
	task_keys_add(&key, desk->keys, "task:data", id);
	if (!buf_cstr(&key)) {
		result = err_set(err, -ENOMEM, "out of memory");
		goto out;
	}
	argv[1] = (struct str){key.data, key.len};
	result = redis_conn_command(desk->conn, argv, 2, err, &reply);
	if (result < 0) {
		goto out;
	}
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 0) {
		result = err_set(err, -ENOENT, "there is no task %s", id);
	} else {
		result = verbs_reply_task(id, reply, ret_task);
		if (result < 0) {
			(void)err_set(err, result, "the task %s cannot be read", id);
		}
	}
out:
	freeReplyObject(reply);
	buf_finish(&key);
	return result;
}

/* A verb that returns the status before. */
static int change(const struct task_desk *desk, const struct script *script, const char *id,
	struct err *err, enum task_status *ret_before)
{
	struct args args;
	redisReply *reply = NULL;
	int result = check_id(id, err);

	if (result < 0) {
		return result;
	}
	if (args_init(&args, 2) < 0) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	args_add_text(&args, id);
	args_add_number(&args, desk->retention_s);
	result = run(desk, script, &args, err, &reply);
	args_finish(&args);
	if (result < 0) {
		return result;
	}
	if (reply->type != REDIS_REPLY_STRING) {
		result = not_readable(err);
	} else if (strcmp(reply->str, "gone") == 0) {
		result = err_set(err, -ENOENT, "there is no task %s", id);
	} else if (task_status_parse(reply->str, ret_before) < 0) {
		result = err_set(err, -EPROTO, "the task %s has a status that is none: \"%.40s\"",
			id, reply->str);
	}
	freeReplyObject(reply);
	return result;
}

static void give_status(enum task_status *ret_status, enum task_status status)
{
	if (ret_status) {
		*ret_status = status;
	}
}

int task_cancel(
	const struct task_desk *desk, const char *id, struct err *err, enum task_status *ret_status)
{
	enum task_status before;
	int result = change(desk, &script_cancel, id, err, &before);

	if (result < 0) {
		return result;
	}
	if (before == TASK_DONE || before == TASK_FAILED) {
		give_status(ret_status, before);
		return err_set(err, -EALREADY, "the task %s had ended already: it is %s", id,
			task_status_name(before));
	}
	give_status(ret_status, TASK_CANCELLED);
	return 0;
}

int task_retry(
	const struct task_desk *desk, const char *id, struct err *err, enum task_status *ret_status)
{
	enum task_status before;
	int result = change(desk, &script_retry, id, err, &before);

	if (result < 0) {
		return result;
	}
	if (before != TASK_FAILED) {
		give_status(ret_status, before);
		return err_set(err, -EALREADY,
			"the task %s is %s: only a failed task can be tried again", id,
			task_status_name(before));
	}
	give_status(ret_status, TASK_PENDING);
	return 0;
}

int task_delete(
	const struct task_desk *desk, const char *id, struct err *err, enum task_status *ret_status)
{
	enum task_status before;
	int result = change(desk, &script_delete, id, err, &before);

	if (result < 0) {
		return result;
	}
	if (!task_status_is_final(before)) {
		give_status(ret_status, before);
		return err_set(err, -EBUSY, "the task %s is %s: cancel it first", id,
			task_status_name(before));
	}
	give_status(ret_status, TASK_GONE);
	return 0;
}

#include "task/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "redis/link.h"
#include "task/args.h"
#include "task/queue_request.h"
#include "task/scripts.h"

static bool is_worker_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (name[i] <= ' ' || name[i] > '~') {
			return false;
		}
	}
	return len > 0 && len <= 300;
}

int queue_create(struct link *link, const struct queue_options *options, struct err *err,
	struct queue **ret_queue)
{
	struct queue *queue;
	int result;

	if (!is_worker_name(options->worker)) {
		return err_set(err, -EINVAL,
			"a worker's name is printable ASCII without blanks: set the host's so");
	}
	queue = calloc(1, sizeof(*queue));
	if (!queue) {
		return err_set(err, -ENOMEM, "out of memory");
	}
	result = task_keys_init(&queue->keys, options->prefix, err);
	if (result < 0) {
		queue_destroy(queue);
		return result;
	}
	queue->link = link;
	queue->worker = strdup(options->worker);
	task_keys_add(&queue->inbox, &queue->keys, "task:inbox", options->worker);
	task_keys_add(&queue->unserved, &queue->keys, "task:index:pending", "-");
	if (!queue->worker || !buf_cstr(&queue->inbox) || !buf_cstr(&queue->unserved)) {
		queue_destroy(queue);
		return err_set(err, -ENOMEM, "out of memory");
	}
	queue->lease_ms = options->lease_ms;
	queue_set_policy(queue, &options->policy);
	*ret_queue = queue;
	return 0;
}

void queue_set_policy(struct queue *queue, const struct queue_policy *policy)
{
	queue->policy = *policy;
}

const struct task_keys *queue_keys(const struct queue *queue)
{
	return &queue->keys;
}

void queue_destroy(struct queue *queue)
{
	if (!queue) {
		return;
	}
	queue_request_cancel_all(queue);
	task_keys_finish(&queue->keys);
	buf_finish(&queue->inbox);
	buf_finish(&queue->unserved);
	free(queue->worker);
	free(queue);
}

int queue_beat(struct queue *queue, const struct queue_beat *beat, queue_beat_fn *cb, void *arg)
{
	struct queue_request request = {.kind = REQUEST_BEAT, .cb.beat = cb, .arg = arg};
	struct args args;
	int result = args_init(&args, 6 + 3 * beat->mode_count + 5 * beat->held_count);

	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->lease_ms);
	args_add_number(&args, queue->policy.retention_s);
	args_add_text(&args, beat->registration);
	args_add_number(&args, beat->registration_ms);
	args_add_number(&args, (int64_t)beat->mode_count);
	queue_add_modes(&args, beat->modes, beat->mode_count);
	for (size_t i = 0; i < beat->held_count; i++) {
		args_add_text(&args, beat->held[i].id);
		args_add_text(&args, beat->held[i].token);
		args_add_number(&args, beat->held[i].started ? 1 : 0);
		args_add_number(&args, beat->held[i].progress);
		args_add_text(&args, beat->held[i].step);
	}
	result = queue_request_send(queue, &script_beat, &args, &request);
	args_finish(&args);
	return result;
}

static int send_count(struct queue *queue, const struct script *script, const struct args *args,
	queue_count_fn *cb, void *arg)
{
	struct queue_request request = {.kind = REQUEST_COUNT, .cb.count = cb, .arg = arg};

	return queue_request_send(queue, script, args, &request);
}

int queue_release(struct queue *queue, const struct queue_return *tasks, size_t count,
	queue_count_fn *cb, void *arg)
{
	struct args args;
	int result = args_init(&args, 3 * count + 1);

	if (result < 0) {
		return result;
	}
	for (size_t i = 0; i < count; i++) {
		args_add_text(&args, tasks[i].id);
		args_add_text(&args, tasks[i].token);
		args_add_number(&args, tasks[i].started ? 1 : 0);
	}
	result = send_count(queue, &script_release, &args, cb, arg);
	args_finish(&args);
	return result;
}

static int send_text(struct queue *queue, const struct script *script, const char *text,
	queue_count_fn *cb, void *arg)
{
	struct str only = str_of(text);
	struct args args = {.list = &only, .count = 1};

	return send_count(queue, script, &args, cb, arg);
}

int queue_release_token(struct queue *queue, const char *token, queue_count_fn *cb, void *arg)
{
	return send_text(queue, &script_release_token, token, cb, arg);
}

int queue_memo(struct queue *queue, const char *id, const char *token, const char *text,
	queue_count_fn *cb, void *arg)
{
	struct str list[] = {str_of(id), str_of(token), str_of(text ? text : "")};
	struct args args = {.list = list, .count = sizeof(list) / sizeof(list[0])};

	return send_count(queue, &script_memo, &args, cb, arg);
}

int queue_bye(struct queue *queue, queue_count_fn *cb, void *arg)
{
	return send_text(queue, &script_bye, queue->worker, cb, arg);
}

int queue_reap(struct queue *queue, queue_count_fn *cb, void *arg)
{
	struct args args;
	int result = args_init(&args, 4);

	if (result < 0) {
		return result;
	}
	args_add_number(&args, LIMIT_CRASHES);
	args_add_number(&args, queue->policy.retention_s);
	args_add_number(&args, queue->lease_ms);
	args_add_number(&args, queue->policy.user_limit);
	result = send_count(queue, &script_reap, &args, cb, arg);
	args_finish(&args);
	return result;
}

int queue_clean(struct queue *queue, const struct queue_clean *clean, queue_clean_fn *cb, void *arg)
{
	struct queue_request request = {.kind = REQUEST_CLEAN, .cb.clean = cb, .arg = arg};
	struct args args;
	int result = args_init(&args, 6 + clean->removed_count + clean->image_count);

	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->policy.retention_s);
	args_add_number(&args, clean->lock_ms);
	args_add_number(&args, clean->offset);
	args_add_text(&args, clean->cursor);
	args_add_number(&args, (int64_t)clean->removed_count);
	for (size_t i = 0; i < clean->removed_count; i++) {
		args_add_text(&args, clean->removed[i]);
	}
	for (size_t i = 0; i < clean->image_count; i++) {
		args_add_text(&args, clean->images[i]);
	}
	result = queue_request_send(queue, &script_clean, &args, &request);
	args_finish(&args);
	return result;
}

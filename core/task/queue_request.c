#include "task/queue_request.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "redis/explain.h"
#include "redis/link.h"
#include "task/args.h"
#include "task/queue_reply.h"
#include "task/scripts.h"

static void request_unlink(struct queue_request *request)
{
	*request->before = request->next;
	if (request->next) {
		request->next->before = request->before;
	}
}

static void request_fail(struct queue_request *request, int result, const char *why)
{
	if (request->queue) {
		request->queue->checked_ms = 0;
	}
	switch (request->kind) {
	case REQUEST_TURN:
	case REQUEST_TAKE:
		request->cb.turn(result, why, NULL, request->arg);
		break;
	case REQUEST_BEAT:
		request->cb.beat(result, why, NULL, request->arg);
		break;
	case REQUEST_COUNT:
		request->cb.count(result, why, NULL, request->arg);
		break;
	case REQUEST_CLEAN:
		request->cb.clean(result, why, NULL, request->arg);
		break;
	}
}

void queue_request_cancel_all(struct queue *queue)
{
	while (queue->requests) {
		struct queue_request *request = queue->requests;

		request_unlink(request);
		request->queue = NULL;
		request_fail(request, -ECANCELED, "the queue was closed");
	}
}

/* Hands a decoded reply over, or gives back why there is none. */
static int request_deliver(struct queue_request *request, const struct redisReply *reply)
{
	int result = -EPROTO;

	if (request->kind == REQUEST_TURN || request->kind == REQUEST_TAKE) {
		struct queue_turn_reply turn = {0};

		result = request->kind == REQUEST_TAKE
			? queue_reply_take(reply, &turn)
			: queue_reply_turn(reply, request->order, request->outcome_count, &turn);
		request->queue->claimed += (uint32_t)turn.task_count;
		if (result == 0 && request->moved < 0 && turn.task_count == 0) {
			request_fail(request, request->moved, request->why.text);
		} else if (result == 0) {
			request->cb.turn(0, NULL, &turn, request->arg);
		}
		queue_reply_turn_finish(&turn);
	} else if (request->kind == REQUEST_BEAT) {
		struct queue_beat_reply beat = {0};

		result = queue_reply_beat(reply, &beat);
		if (result == 0) {
			request->cb.beat(0, NULL, &beat, request->arg);
			queue_reply_beat_finish(&beat);
		}
	} else if (request->kind == REQUEST_CLEAN) {
		struct queue_clean_reply clean = {0};

		result = queue_reply_clean(reply, &clean);
		if (result == 0) {
			request->cb.clean(0, NULL, &clean, request->arg);
			queue_reply_clean_finish(&clean);
		}
	} else {
		struct queue_count_reply count = {0};

		result = queue_reply_count(reply, &count);
		if (result == 0) {
			request->cb.count(0, NULL, &count, request->arg);
		}
	}
	return result;
}

static void request_drop(struct queue_request *request)
{
	if (--request->refs == 0) {
		free(request);
	}
}

/* A BLMOVE that fails, as on a wrong key, fails at once: whoever waits must not ask for ever. */
static void on_moved(struct link *link, const struct redisReply *reply, void *arg)
{
	struct queue_request *request = arg;

	if (reply && reply->type == REDIS_REPLY_ERROR) {
		request->moved =
			redis_explain(&request->why, link_where(link), reply->str, reply->len);
	}
	request_drop(request);
}

static void on_reply(struct link *link, const struct redisReply *reply, void *arg)
{
	struct queue_request *request = arg;
	struct err why = {{0}};
	int result;

	if (request->queue) {
		request_unlink(request);
		if (!reply) {
			request_fail(request, -ECONNRESET, "the connection to Redis broke");
		} else if (reply->type == REDIS_REPLY_ERROR) {
			result = redis_explain(&why, link_where(link), reply->str, reply->len);
			request_fail(request, result, why.text);
		} else if ((result = request_deliver(request, reply)) < 0) {
			request_fail(request, result, "Redis sent what cannot be read");
		}
	}
	request_drop(request);
}

int queue_request_call(
	struct queue *queue, const struct queue_call *call, const struct queue_request *what)
{
	struct queue_request *request = calloc(1, sizeof(*request));
	int result;

	if (!request) {
		return -ENOMEM;
	}
	*request = *what;
	request->refs = 1;
	if (call->first) {
		request->refs++;
		result =
			link_command(call->link, call->first, call->first_count, on_moved, request);
		if (result < 0) {
			free(request);
			return result;
		}
	}
	result = link_call_script(call->link, call->script, call->keys, call->key_count,
		call->args->list, call->args->count, on_reply, request);
	if (result < 0) {
		request_drop(request);
		return result;
	}
	request->queue = queue;
	request->next = queue->requests;
	request->before = &queue->requests;
	if (request->next) {
		request->next->before = &request->next;
	}
	queue->requests = request;
	return 0;
}

int queue_request_send(struct queue *queue, const struct script *script, const struct args *args,
	const struct queue_request *what)
{
	const struct queue_call call = {
		.link = queue->link,
		.script = script,
		.keys = queue->keys.names,
		.key_count = TASK_KEY_COUNT,
		.args = args,
	};

	return queue_request_call(queue, &call, what);
}

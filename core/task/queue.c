#include "task/queue.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/limits.h"
#include "redis/explain.h"
#include "redis/link.h"
#include "task/args.h"
#include "task/queue_reply.h"
#include "task/scripts.h"

#define CHECK_MS 1000

enum request_kind { REQUEST_TURN, REQUEST_BEAT, REQUEST_COUNT, REQUEST_CLEAN };

/* A script call whose answer is to come. */
struct request {
	struct queue *queue; /* NULL: the queue was destroyed, nobody is called */
	struct request *next;
	struct request **before;
	enum request_kind kind;
	union {
		queue_turn_fn *turn;
		queue_beat_fn *beat;
		queue_count_fn *count;
		queue_clean_fn *clean;
	} cb;
	void *arg;
	size_t outcome_count; /* of a turn, and in which order they were sent */
	unsigned char order[LIMIT_BATCH];
	unsigned refs; /* answers that are to come: two behind a BLMOVE */
	int moved;     /* what became of the BLMOVE: 0 or a negative errno with why */
	struct err why;
};

struct queue {
	struct link *link;
	struct task_keys keys;
	char *worker;
	struct buf inbox;
	uint32_t lease_ms;
	struct queue_policy policy;
	uint32_t claimed;    /* tasks, so far */
	uint64_t checked_ms; /* when a turn last looked at all keys; 0: the next one does */
	struct request *requests;
};

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
	if (!queue->worker || !buf_cstr(&queue->inbox)) {
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

static void request_unlink(struct request *request)
{
	*request->before = request->next;
	if (request->next) {
		request->next->before = request->before;
	}
}

static void request_fail(struct request *request, int result, const char *why)
{
	if (request->queue) {
		request->queue->checked_ms = 0;
	}
	switch (request->kind) {
	case REQUEST_TURN:
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

void queue_destroy(struct queue *queue)
{
	if (!queue) {
		return;
	}
	while (queue->requests) {
		struct request *request = queue->requests;

		request_unlink(request);
		request->queue = NULL;
		request_fail(request, -ECANCELED, "the queue was closed");
	}
	task_keys_finish(&queue->keys);
	buf_finish(&queue->inbox);
	free(queue->worker);
	free(queue);
}

/* Hands a decoded reply over, or gives back why there is none. */
static int request_deliver(struct request *request, const struct redisReply *reply)
{
	int result = -EPROTO;

	if (request->kind == REQUEST_TURN) {
		struct queue_turn_reply turn = {0};

		result = queue_reply_turn(reply, request->order, request->outcome_count, &turn);
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

static void request_drop(struct request *request)
{
	if (--request->refs == 0) {
		free(request);
	}
}

/* A BLMOVE that fails, as on a wrong key, fails at once: whoever waits must not ask for ever. */
static void on_moved(struct link *link, const struct redisReply *reply, void *arg)
{
	struct request *request = arg;

	if (reply && reply->type == REDIS_REPLY_ERROR) {
		request->moved =
			redis_explain(&request->why, link_where(link), reply->str, reply->len);
	}
	request_drop(request);
}

static void on_reply(struct link *link, const struct redisReply *reply, void *arg)
{
	struct request *request = arg;
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

/* first: a command that goes in front of the script, of `first_count` words, or NULL. */
static int request_send(struct queue *queue, struct link *link, const struct str *first,
	size_t first_count, const struct script *script, const struct args *args,
	const struct request *what)
{
	struct request *request = calloc(1, sizeof(*request));
	int result;

	if (!request) {
		return -ENOMEM;
	}
	*request = *what;
	request->refs = 1;
	if (first) {
		request->refs++;
		result = link_command(link, first, first_count, on_moved, request);
		if (result < 0) {
			free(request);
			return result;
		}
	}
	result = link_call_script(link, script, queue->keys.names, TASK_KEY_COUNT, args->list,
		args->count, on_reply, request);
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

static void add_modes(struct args *args, const struct queue_mode *modes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		args_add_text(args, modes[i].name);
		args_add_number(args, modes[i].room);
		args_add_number(args, modes[i].limit);
	}
}

/* Nothing for a time that is not known. */
static void add_created(struct args *args, int64_t created_ms)
{
	if (created_ms > 0) {
		args_add_number(args, created_ms);
	} else {
		args_add_text(args, "");
	}
}

static void add_failure(struct args *args, const struct queue_outcome *outcome)
{
	static const char *const verdicts[] = {
		[QUEUE_FAILED] = "failed",
		[QUEUE_RETRY] = "retry",
		[QUEUE_LATER] = "later",
		[QUEUE_CRASHED] = "crashed",
		[QUEUE_CANCELLED] = "cancelled",
	};

	args_add_text(args, outcome->id);
	args_add_text(args, outcome->token);
	args_add_number(args, outcome->attempt);
	args_add_text(args, verdicts[outcome->verdict]);
	args_add_text(args, outcome->json);
	args_add_number(args, outcome->retry_delay_ms);
	args_add_seconds(args, outcome->processing_us);
	add_created(args, outcome->created_ms);
}

/* Successes go in columns: the script has less to do with them. */
static void add_outcomes(struct args *args, const struct queue_turn *turn,
	const unsigned char order[LIMIT_BATCH], size_t done)
{
	for (size_t i = 0; i < done; i++) {
		args_add_text(args, turn->outcomes[order[i]].id);
	}
	for (size_t i = 0; i < done; i++) {
		args_add_text(args, turn->outcomes[order[i]].token);
	}
	for (size_t i = 0; i < done; i++) {
		add_created(args, turn->outcomes[order[i]].created_ms);
	}
	for (size_t i = 0; i < done; i++) {
		args_add_seconds(args, turn->outcomes[order[i]].processing_us);
	}
	for (size_t i = 0; i < done; i++) {
		args_add_number(args, turn->outcomes[order[i]].told_step);
	}
	for (size_t i = 0; i < done; i++) {
		args_add_text(args, turn->outcomes[order[i]].json);
	}
	for (size_t i = done; i < turn->outcome_count; i++) {
		add_failure(args, &turn->outcomes[order[i]]);
	}
}

/* The script takes successes first: order[i] is the index of the i-th that it gets. Returns how
 * many they are. */
static size_t put_done_first(const struct queue_turn *turn, unsigned char order[LIMIT_BATCH])
{
	size_t count = 0;
	size_t done;

	for (size_t i = 0; i < turn->outcome_count; i++) {
		if (turn->outcomes[i].verdict == QUEUE_DONE) {
			order[count++] = (unsigned char)i;
		}
	}
	done = count;
	for (size_t i = 0; i < turn->outcome_count; i++) {
		if (turn->outcomes[i].verdict != QUEUE_DONE) {
			order[count++] = (unsigned char)i;
		}
	}
	return done;
}

/* Once in a while a turn begins with a look at all keys. A key that is broken in between fails a
 * turn half-way, and the next one looks: what such a turn claimed comes back by its lease. */
static bool is_check_due(struct queue *queue)
{
	uint64_t now = clock_mono_ms();
	bool due = queue->checked_ms == 0 || now - queue->checked_ms >= CHECK_MS;

	if (due) {
		queue->checked_ms = now;
	}
	return due;
}

int queue_turn(struct queue *queue, const struct queue_turn *turn, queue_turn_fn *cb, void *arg)
{
	struct request request = {
		.kind = REQUEST_TURN,
		.cb.turn = cb,
		.arg = arg,
		.outcome_count = turn->outcome_count,
	};
	struct args args;
	size_t done;
	int result;

	if (turn->outcome_count > LIMIT_BATCH || turn->want > LIMIT_BATCH) {
		return -EINVAL;
	}
	done = put_done_first(turn, request.order);
	result = args_init(&args, 14 + 3 * turn->mode_count + 8 * turn->outcome_count);
	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->lease_ms);
	args_add_number(&args, queue->policy.retention_s);
	args_add_number(&args, turn->want);
	args_add_number(&args, is_check_due(queue));
	args_add_text(&args, turn->token);
	args_add_number(&args, LIMIT_TASK_DATA);
	args_add_number(&args, queue->policy.user_limit);
	args_add_number(&args, queue->policy.fair_share);
	args_add_number(&args, (int64_t)queue->claimed);
	args_add_number(&args, queue->policy.grace_ms);
	args_add_number(&args, (int64_t)turn->mode_count);
	args_add_number(&args, (int64_t)turn->outcome_count);
	args_add_number(&args, (int64_t)done);
	add_modes(&args, turn->modes, turn->mode_count);
	add_outcomes(&args, turn, request.order, done);
	result = request_send(queue, queue->link, NULL, 0, &script_turn, &args, &request);
	args_finish(&args);
	return result;
}

/* The day by this clock, which saves the script its calendar; on another one it takes no task. */
static void add_today(struct args *args, char date[static 16])
{
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
	args_add_number(args, (int64_t)now / 86400);
	args_add_text(args, date);
}

int queue_wait(struct queue *queue, struct link *blocking, const struct queue_turn *turn,
	queue_turn_fn *cb, void *arg)
{
	const struct str argv[] = {
		STR("BLMOVE"),
		queue->keys.names[TASK_KEY_QUEUE],
		{queue->inbox.data, queue->inbox.len},
		STR("LEFT"),
		STR("RIGHT"),
		STR(QUEUE_WAIT_TEXT),
	};

	struct request request = {.kind = REQUEST_TURN, .cb.turn = cb, .arg = arg};
	char date[16];
	struct args args;
	int result = args_init(&args, 7 + 3 * turn->mode_count);

	if (result < 0) {
		return result;
	}
	args_add_text(&args, queue->worker);
	args_add_number(&args, queue->lease_ms);
	args_add_text(&args, turn->token);
	args_add_number(&args, LIMIT_TASK_DATA);
	args_add_number(&args, queue->policy.user_limit);
	add_today(&args, date);
	add_modes(&args, turn->modes, turn->mode_count);
	result = request_send(queue, blocking, argv, sizeof(argv) / sizeof(argv[0]), &script_take,
		&args, &request);
	args_finish(&args);
	return result;
}

int queue_stop_waiting(struct queue *queue, struct link *blocking)
{
	char number[24];
	struct str argv[] = {STR("CLIENT"), STR("UNBLOCK"), {number, 0}};
	int64_t id = link_client_id(blocking);

	if (id == 0) {
		return -ENOTCONN;
	}
	argv[2].len = (size_t)snprintf(number, sizeof(number), "%lld", (long long)id);
	return link_command(queue->link, argv, 3, NULL, NULL);
}

int queue_beat(struct queue *queue, const struct queue_beat *beat, queue_beat_fn *cb, void *arg)
{
	struct request request = {.kind = REQUEST_BEAT, .cb.beat = cb, .arg = arg};
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
	add_modes(&args, beat->modes, beat->mode_count);
	for (size_t i = 0; i < beat->held_count; i++) {
		args_add_text(&args, beat->held[i].id);
		args_add_text(&args, beat->held[i].token);
		args_add_number(&args, beat->held[i].started ? 1 : 0);
		args_add_number(&args, beat->held[i].progress);
		args_add_text(&args, beat->held[i].step);
	}
	result = request_send(queue, queue->link, NULL, 0, &script_beat, &args, &request);
	args_finish(&args);
	return result;
}

static int send_count(struct queue *queue, const struct script *script, const struct args *args,
	queue_count_fn *cb, void *arg)
{
	struct request request = {.kind = REQUEST_COUNT, .cb.count = cb, .arg = arg};

	return request_send(queue, queue->link, NULL, 0, script, args, &request);
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
	struct request request = {.kind = REQUEST_CLEAN, .cb.clean = cb, .arg = arg};
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
	result = request_send(queue, queue->link, NULL, 0, &script_clean, &args, &request);
	args_finish(&args);
	return result;
}

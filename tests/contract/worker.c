#include "contract/worker.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "lib/test.h"
#include "redis/link.h"

#define ANSWER_MS 10000

const struct queue_mode worker_modes[2] = {
	{.name = "A1", .room = LIMIT_BATCH},
	{.name = "B2", .room = LIMIT_BATCH},
};

static void on_up(struct link *link, const struct link_server *server, void *data)
{
	struct test_worker *worker = data;

	(void)link;
	(void)server;
	worker->up = true;
}

static const struct link_owner owner = {.up = on_up};

static void on_deadline(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void on_closed(uv_handle_t *handle)
{
	*(bool *)handle->data = false;
}

void worker_run_until(uv_loop_t *loop, const bool *done)
{
	uv_timer_t timer;
	bool late = false;
	bool open = true;

	assert_int_equal(uv_timer_init(loop, &timer), 0);
	timer.data = &late;
	uv_update_time(loop);
	assert_int_equal(uv_timer_start(&timer, on_deadline, ANSWER_MS, 0), 0);
	while (!*done && !late) {
		(void)uv_run(loop, UV_RUN_ONCE);
	}
	timer.data = &open;
	uv_close((uv_handle_t *)&timer, on_closed);
	while (open) {
		(void)uv_run(loop, UV_RUN_NOWAIT);
	}
	assert_false(late);
}

void worker_start(
	struct test_worker *worker, struct test_redis *redis, const char *name, uint32_t lease_ms)
{
	struct link_options link_options = {
		.address = &redis->address,
		.name = name,
		.owner = &owner,
		.data = worker,
	};
	struct queue_options options = {
		.prefix = "formy",
		.worker = name,
		.lease_ms = lease_ms,
		.policy = {.retention_s = 600, .user_limit = 3, .fair_share = 10},
	};
	struct err err;

	memset(worker, 0, sizeof(*worker));
	worker->redis = redis;
	assert_int_equal(uv_loop_init(&worker->loop), 0);
	assert_int_equal(link_open(&worker->loop, &link_options, &worker->link), 0);
	worker_run_until(&worker->loop, &worker->up);
	assert_int_equal(queue_create(worker->link, &options, &err, &worker->queue), 0);
}

void worker_stop(struct test_worker *worker)
{
	queue_destroy(worker->queue);
	link_close(worker->link);
	while (uv_run(&worker->loop, UV_RUN_DEFAULT) != 0) {
	}
	assert_int_equal(uv_loop_close(&worker->loop), 0);
}

static void take_result(struct test_worker *worker, int result, const char *why)
{
	worker->answered = true;
	worker->result = result;
	(void)snprintf(worker->why, sizeof(worker->why), "%s", why ? why : "");
}

static void take_task(struct test_task *to, const struct queue_task *task)
{
	(void)snprintf(to->id, sizeof(to->id), "%s", task->id);
	(void)snprintf(to->mode, sizeof(to->mode), "%s", task->mode);
	(void)snprintf(to->user_id, sizeof(to->user_id), "%s", task->user_id ? task->user_id : "");
	to->attempt = task->attempt;
	to->tries = task->tries;
	to->crashes = task->crashes;
	to->priority = task->priority;
	to->data_len = task->data.len;
	to->created_ms = task->created_ms;
	(void)snprintf(to->memo, sizeof(to->memo), "%s", task->memo ? task->memo : "");
}

void worker_on_turn(int result, const char *why, const struct queue_turn_reply *reply, void *arg)
{
	struct test_worker *worker = arg;

	take_result(worker, result, why);
	worker->task_count = worker->answer_count = worker->problem_count = 0;
	if (!reply) {
		return;
	}
	for (size_t i = 0; i < reply->task_count; i++) {
		take_task(&worker->tasks[worker->task_count++], &reply->tasks[i]);
	}
	for (size_t i = 0; i < reply->answer_count; i++) {
		worker->fates[i] = reply->answers[i].fate;
		(void)snprintf(worker->reasons[i], sizeof(worker->reasons[i]), "%s",
			reply->answers[i].reason ? reply->answers[i].reason : "");
		worker->answer_count++;
	}
	for (size_t i = 0; i < reply->problem_count && i < LIMIT_BATCH; i++) {
		(void)snprintf(worker->problem_what[i], sizeof(worker->problem_what[i]), "%s",
			reply->problems[i].what);
		(void)snprintf(worker->problem_code[i], sizeof(worker->problem_code[i]), "%s",
			reply->problems[i].code ? reply->problems[i].code : "");
		worker->problem_count++;
	}
	worker->waiting = reply->waiting;
}

static void wait_for(struct test_worker *worker, int sent)
{
	assert_int_equal(sent, 0);
	worker_run_until(&worker->loop, &worker->answered);
	worker->answered = false;
}

void worker_turn(struct test_worker *worker, const struct queue_turn *turn)
{
	wait_for(worker, queue_turn(worker->queue, turn, worker_on_turn, worker));
	if (worker->result < 0) {
		print_message("turn: %s\n", worker->why);
	}
}

size_t worker_claim(struct test_worker *worker, unsigned want, const char *token)
{
	struct queue_turn turn = {
		.modes = worker_modes,
		.mode_count = 2,
		.want = want,
		.token = token,
	};

	worker_turn(worker, &turn);
	assert_int_equal(worker->result, 0);
	return worker->task_count;
}

enum queue_fate worker_finish(struct test_worker *worker, const char *id, const char *token,
	unsigned attempt, enum queue_verdict verdict)
{
	static const char *const jsons[] = {
		[QUEUE_DONE] = "{\"output_image\":\"/results/x.png\"}",
		[QUEUE_FAILED] =
			"{\"code\":\"PIPELINE_ERROR\",\"message\":\"no\",\"details\":null}",
	};
	struct queue_outcome outcome = {
		.id = id,
		.token = token,
		.attempt = attempt,
		.verdict = verdict,
		.json = verdict <= QUEUE_FAILED ? jsons[verdict] : NULL,
		.retry_delay_ms = 0,
		.processing_us = 1234567,
	};
	struct queue_turn turn = {.outcomes = &outcome, .outcome_count = 1, .token = "none"};

	for (size_t i = 0; i < LIMIT_BATCH; i++) {
		if (strcmp(worker->tasks[i].id, id) == 0) {
			outcome.created_ms = worker->tasks[i].created_ms;
		}
	}
	worker_turn(worker, &turn);
	assert_int_equal(worker->result, 0);
	assert_int_equal(worker->answer_count, 1);
	return worker->fates[0];
}

static void on_beat(int result, const char *why, const struct queue_beat_reply *reply, void *arg)
{
	struct test_worker *worker = arg;

	take_result(worker, result, why);
	if (reply) {
		worker->beat = *reply;
		for (size_t i = 0; i < reply->lost_count; i++) {
			worker->losses[i] = reply->lost[i].loss;
		}
	}
	worker->beat.lost = NULL;
	worker->beat.problems = NULL;
}

void worker_beat(struct test_worker *worker, const struct queue_beat *beat)
{
	wait_for(worker, queue_beat(worker->queue, beat, on_beat, worker));
	if (worker->result < 0) {
		fail_msg("beat: %s", worker->why);
	}
}

bool worker_renew(struct test_worker *worker, const char *id, const char *token, int progress,
	const char *step)
{
	struct queue_held held = {
		.id = id, .token = token, .started = true, .progress = progress, .step = step};
	struct queue_beat beat = {.held = &held, .held_count = 1};

	worker_beat(worker, &beat);
	return worker->beat.lost_count == 0;
}

static void on_count(int result, const char *why, const struct queue_count_reply *reply, void *arg)
{
	struct test_worker *worker = arg;

	take_result(worker, result, why);
	if (reply) {
		worker->count = *reply;
	}
}

static unsigned counted(struct test_worker *worker, int sent)
{
	wait_for(worker, sent);
	if (worker->result < 0) {
		fail_msg("%s", worker->why);
	}
	return worker->count.count;
}

unsigned worker_release(struct test_worker *worker, const char *id, const char *token, bool started)
{
	struct queue_return task = {.id = id, .token = token, .started = started};

	return counted(worker, queue_release(worker->queue, &task, 1, on_count, worker));
}

unsigned worker_release_token(struct test_worker *worker, const char *token)
{
	return counted(worker, queue_release_token(worker->queue, token, on_count, worker));
}

unsigned worker_memo(
	struct test_worker *worker, const char *id, const char *token, const char *text)
{
	return counted(worker, queue_memo(worker->queue, id, token, text, on_count, worker));
}

unsigned worker_reap(struct test_worker *worker)
{
	char times[64];

	(void)snprintf(times, sizeof(times), "0 %lld", (long long)(clock_wall_us() / 1000 - 1));
	assert_string_equal(
		test_redis_text(worker->redis, "SET formy:task:reaped %s", times), "OK");
	return worker_reap_alone(worker);
}

unsigned worker_reap_alone(struct test_worker *worker)
{
	return counted(worker, queue_reap(worker->queue, on_count, worker));
}

unsigned worker_bye(struct test_worker *worker)
{
	return counted(worker, queue_bye(worker->queue, on_count, worker));
}

void foreign_create(struct test_redis *redis, const char *id, const char *data)
{
	test_redis_number(redis,
		"HSET formy:task:data:%s task_id %s status pending data %s created_at %s "
		"updated_at %s",
		id, id, data, "2026-11-17T10:00:00.123456", "2026-11-17T10:00:00.123456");
	test_redis_number(redis, "RPUSH formy:task:queue %s", id);
}

const char *task_field_of(struct test_redis *redis, const char *id, const char *field)
{
	return test_redis_text(redis, "HGET formy:task:data:%s %s", id, field);
}

void assert_status(struct test_redis *redis, const char *id, const char *status)
{
	const char *found = task_field_of(redis, id, "status");

	assert_string_equal(found ? found : "gone", status);
}

void assert_consistent(struct test_redis *redis, const char *id)
{
	const char *status = task_field_of(redis, id, "status");
	bool held = status && strcmp(status, "processing") == 0;
	bool ended = status && !held && strcmp(status, "pending") != 0;
	bool leased = test_redis_text(redis, "ZSCORE formy:task:lease %s", id) != NULL;

	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:processing %s", id), held);
	assert_int_equal(test_redis_number(redis, "HEXISTS formy:task:claims %s", id), held);
	assert_int_equal(leased, held);
	if (ended) {
		assert_true(test_redis_number(redis, "TTL formy:task:data:%s", id) > 0);
	}
}

void task_push(struct test_redis *redis, const char *queue, const char *id, const char *data)
{
	test_redis_number(
		redis, "HSET formy:task:data:%s task_id %s status pending data %s", id, id, data);
	test_redis_number(redis, "RPUSH %s %s", queue, id);
}

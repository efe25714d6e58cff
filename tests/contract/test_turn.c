/* Turns: order, rooms, answers that got lost, a Redis that is full. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract/worker.h"
#include "lib/test.h"
#include "redis/link.h"

#define A "{\"mode\":\"A1\"}"
#define B "{\"mode\":\"B2\"}"

static void start(void **state, struct test_redis **ret_redis, struct test_worker *worker)
{
	*ret_redis = *state;
	worker_start(worker, *state, "host:1", WORKER_LEASE_MS);
}

static void claim_with_room(struct test_worker *worker, unsigned room_a, unsigned room_b,
	unsigned want, const char *token)
{
	struct queue_mode modes[] = {
		{.name = "A1", .room = room_a}, {.name = "B2", .room = room_b}};
	struct queue_turn turn = {.modes = modes, .mode_count = 2, .want = want, .token = token};

	worker_turn(worker, &turn);
	assert_int_equal(worker->result, 0);
}

/* Tasks a00, a01 and so on. */
static void push_many(struct test_redis *redis, int count)
{
	for (int i = 0; i < count; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "a%02d", i);
		task_push(redis, "formy:task:queue", id, A);
	}
}

static void assert_tasks(const struct test_worker *worker, const char *ids)
{
	char found[1024] = "";

	for (size_t i = 0; i < worker->task_count; i++) {
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			i ? " " : "", worker->tasks[i].id);
	}
	assert_string_equal(found, ids);
}

static void test_priorities_then_order(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	task_push(redis, "formy:task:queue:low", "l1", A);
	task_push(redis, "formy:task:queue", "n1", A);
	task_push(redis, "formy:task:queue", "n2", B);
	task_push(redis, "formy:task:queue:high", "h1", B);
	task_push(redis, "formy:task:queue:high", "h2", A);
	claim_with_room(&worker, 9, 9, 4, "t1");
	assert_tasks(&worker, "h1 h2 n1 n2");
	assert_int_equal(worker.tasks[0].priority, TASK_HIGH);
	assert_int_equal(worker.waiting, 1);
	claim_with_room(&worker, 9, 9, 4, "t2");
	assert_tasks(&worker, "l1");
	assert_int_equal(worker.waiting, 0);
	/* back where it came from */
	assert_int_equal(worker_release(&worker, "l1", "t2", false), 1);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue:low"), 1);
	assert_null(task_field_of(redis, "l1", "attempts"));
	assert_null(task_field_of(redis, "l1", "worker"));
	worker_stop(&worker);
}

/* The other priorities are strict, but nothing waits for ever. */
static void test_one_in_ten_is_for_the_lower_ones(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	unsigned counts[TASK_PRIORITY_COUNT] = {0};
	unsigned claims = 0;

	start(state, &redis, &worker);
	for (int i = 0; i < 300; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "h%03d", i);
		task_push(redis, "formy:task:queue:high", id, A);
		id[0] = 'n';
		task_push(redis, "formy:task:queue", id, A);
		id[0] = 'l';
		task_push(redis, "formy:task:queue:low", id, A);
	}
	for (unsigned want = 1; claims < 200; want = want % 7 + 1) {
		char token[16];

		(void)snprintf(token, sizeof(token), "t%u", claims);
		want = want < 200 - claims ? want : 200 - claims;
		claim_with_room(&worker, 9, 9, want, token);
		assert_int_equal(worker.task_count, want);
		for (size_t i = 0; i < worker.task_count; i++) {
			counts[worker.tasks[i].priority]++;
		}
		claims += want;
	}
	assert_int_equal(counts[TASK_HIGH], 180);
	assert_int_equal(counts[TASK_NORMAL], 18);
	assert_int_equal(counts[TASK_LOW], 2);
	queue_set_policy(worker.queue, &(struct queue_policy){.retention_s = 600});
	claim_with_room(&worker, 9, 9, 9, "strict1");
	claim_with_room(&worker, 9, 9, 9, "strict2");
	for (size_t i = 0; i < worker.task_count; i++) {
		assert_int_equal(worker.tasks[i].priority, TASK_HIGH);
	}
	worker_stop(&worker);
}

/* A listpack is read from end to end for each task that comes or goes, which was a fifth of a turn. */
static void test_books_of_many_tasks_are_no_listpacks(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	push_many(redis, 9);
	claim_with_room(&worker, 9, 9, 9, "t1");
	assert_int_equal(worker.task_count, 9);
	assert_string_equal(test_redis_text(redis, "OBJECT ENCODING formy:task:lease"), "skiplist");
	assert_string_equal(
		test_redis_text(redis, "OBJECT ENCODING formy:task:claims"), "hashtable");
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:lease"), 9);
	worker_stop(&worker);
}

static const struct queue_policy patient = {.retention_s = 600, .grace_ms = 60000};

static void test_unknown_mode_waits_its_time(void **state)
{
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{\"modes\":[\"A1\",\"B2\"]}",
		.registration_ms = 60000};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	queue_set_policy(worker.queue, &patient);
	worker_beat(&worker, &beat);
	task_push(redis, "formy:task:queue", "c1", "{\"mode\":\"C3\"}");
	task_push(redis, "formy:task:queue", "c2", "{\"mode\":\"C3\"}");
	task_push(redis, "formy:task:queue", "c3", "{\"mode\":\"C3\"}");
	task_push(redis, "formy:task:queue", "a1", A);
	assert_int_equal(worker_claim(&worker, 4, "t1"), 1);
	assert_int_equal(worker.problem_count, 0);
	assert_status(redis, "c1", "pending");
	worker_beat(&worker, &beat);
	assert_status(redis, "c1", "pending");
	assert_in_range(worker.beat.next_due_ms, 50000, 60000);
	test_redis_number(redis, "ZADD formy:task:unknown 1 c1 1 c3");
	test_redis_number(redis, "HSET formy:task:data:c3 status cancelled");
	worker_beat(&worker, &beat);
	assert_int_equal(worker.beat.problem_count, 1);
	assert_status(redis, "c1", "failed");
	assert_non_null(strstr(task_field_of(redis, "c1", "error"), "\"INVALID_MODE\""));
	assert_status(redis, "c3", "cancelled");
	assert_status(redis, "c2", "pending");
	/* a worker with the mode comes in time */
	{
		struct queue_mode mode = {.name = "C3", .room = 4};
		struct queue_turn turn = {
			.modes = &mode, .mode_count = 1, .want = 4, .token = "t2"};

		beat.modes = &mode;
		beat.mode_count = 1;
		worker_beat(&worker, &beat);
		assert_true(worker.beat.waiting > 0);
		worker_turn(&worker, &turn);
		assert_tasks(&worker, "c2");
		test_redis_number(redis, "ZADD formy:task:unknown 1 c2");
		worker_beat(&worker, &beat);
		assert_status(redis, "c2", "processing");
	}
	/* and once it was there, its tasks wait for as long as it takes */
	task_push(redis, "formy:task:queue", "c4", "{\"mode\":\"C3\"}");
	assert_int_equal(worker_claim(&worker, 4, "t3"), 0);
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:unknown"), 0);
	assert_status(redis, "c4", "pending");
	worker_stop(&worker);
}

static void test_no_trace_of_a_mode_that_never_was(void **state)
{
	struct queue_beat beat = {0};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	queue_set_policy(worker.queue, &patient);
	task_push(redis, "formy:task:queue", "c1", "{\"mode\":\"C3\"}");
	assert_int_equal(worker_claim(&worker, 4, "t1"), 0);
	test_redis_number(redis, "ZADD formy:task:unknown 1 c1");
	worker_beat(&worker, &beat);
	assert_status(redis, "c1", "failed");
	assert_int_equal(test_redis_number(
				 redis, "EXISTS formy:modes formy:task:unknown formy:task:wait:C3"),
		0);
	worker_stop(&worker);
}

static void test_full_mode_does_not_clog_the_queue(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	push_many(redis, 50);
	task_push(redis, "formy:task:queue", "b1", B);
	task_push(redis, "formy:task:queue:high", "a_high", A);
	claim_with_room(&worker, 0, 2, 2, "t1");
	assert_tasks(&worker, "b1");
	assert_status(redis, "a07", "pending");
	claim_with_room(&worker, 3, 2, 5, "t2");
	assert_tasks(&worker, "a_high a00 a01");
	worker_stop(&worker);
}

static void test_other_workers_mode_waits_for_it(void **state)
{
	struct queue_mode only_a = {.name = "A1", .room = 4};
	struct queue_turn turn = {.modes = &only_a, .mode_count = 1, .want = 4, .token = "t1"};
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{}",
		.registration_ms = 60000};
	struct test_redis *redis;
	struct test_worker worker;
	struct test_worker other;

	start(state, &redis, &worker);
	worker_start(&other, redis, "host:2", WORKER_LEASE_MS);
	worker_beat(&other, &beat);
	task_push(redis, "formy:task:queue", "b1", B);
	task_push(redis, "formy:task:queue", "a1", A);
	worker_turn(&worker, &turn);
	assert_tasks(&worker, "a1");
	assert_status(redis, "b1", "pending");
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:wait:B2"), 1);
	worker_beat(&other, &beat);
	assert_int_equal(other.beat.waiting, 1);
	assert_int_equal(worker_claim(&other, 4, "t2"), 1);
	assert_tasks(&other, "b1");
	worker_stop(&other);
	worker_stop(&worker);
}

static void test_lost_claim_is_given_back(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	push_many(redis, 6);
	assert_int_equal(worker_claim(&worker, 2, "t1"), 2);
	assert_int_equal(worker_claim(&worker, 3, "t2"), 3);
	assert_int_equal(worker_release_token(&worker, "t2"), 3);
	assert_int_equal(worker_release_token(&worker, "t2"), 0);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 4);
	assert_int_equal(test_redis_number(redis, "SCARD formy:task:processing"), 2);
	assert_null(task_field_of(redis, "a03", "attempts"));
	assert_consistent(redis, "a03");
	worker_stop(&worker);
}

static void test_full_redis_changes_nothing(void **state)
{
	struct queue_outcome outcome = {
		.id = "a1", .token = "t1", .attempt = 1, .verdict = QUEUE_DONE, .json = "{}"};
	struct queue_turn turn = {.outcomes = &outcome,
		.outcome_count = 1,
		.modes = worker_modes,
		.mode_count = 2,
		.want = 5,
		.token = "t2"};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	task_push(redis, "formy:task:queue", "a1", A);
	task_push(redis, "formy:task:queue", "a2", A);
	assert_int_equal(worker_claim(&worker, 1, "t1"), 1);
	freeReplyObject(test_redis_command(redis, "CONFIG SET maxmemory 1"));
	worker_turn(&worker, &turn);
	assert_int_equal(worker.result, -ENOSPC);
	assert_status(redis, "a1", "processing");
	assert_status(redis, "a2", "pending");
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 1);
	freeReplyObject(test_redis_command(redis, "CONFIG SET maxmemory 0"));
	worker_turn(&worker, &turn);
	assert_int_equal(worker.result, 0);
	assert_int_equal(worker.fates[0], QUEUE_WRITTEN);
	assert_tasks(&worker, "a2");
	worker_stop(&worker);
}

static void on_blocking_up(struct link *link, const struct link_server *server, void *data)
{
	(void)link;
	(void)server;
	*(bool *)data = true;
}

static void finish_waiting(struct test_worker *worker)
{
	worker_run_until(&worker->loop, &worker->answered);
	worker->answered = false;
}

static void start_waiting(struct test_worker *worker, struct link *blocking, const char *token)
{
	struct queue_turn turn = {
		.modes = worker_modes, .mode_count = 2, .want = 1, .token = token};

	worker->answered = false;
	assert_int_equal(queue_wait(worker->queue, blocking, &turn, worker_on_turn, worker), 0);
}

static void test_wait_claims_what_is_pushed(void **state)
{
	static const struct link_owner owner = {.up = on_blocking_up};
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{}",
		.registration_ms = 60000};
	struct link_options options = {.name = "blocking", .flags = LINK_BLOCKING, .owner = &owner};
	struct link *blocking;
	struct test_redis *redis;
	struct test_worker worker;
	bool up = false;

	start(state, &redis, &worker);
	options.address = &redis->address;
	options.data = &up;
	assert_int_equal(link_open(&worker.loop, &options, &blocking), 0);
	worker_run_until(&worker.loop, &up);
	worker_beat(&worker, &beat);

	worker.answered = false;
	start_waiting(&worker, blocking, "t1");
	(void)uv_run(&worker.loop, UV_RUN_NOWAIT);
	task_push(redis, "formy:task:queue", "a1", A);
	finish_waiting(&worker);
	assert_int_equal(worker.result, 0);
	assert_tasks(&worker, "a1");
	assert_consistent(redis, "a1");

	/* what is not as most are it leaves to a turn */
	start_waiting(&worker, blocking, "t2");
	test_redis_number(redis, "HSET formy:task:data:a2 status pending attempts 1 data %s", A);
	test_redis_number(redis, "RPUSH formy:task:queue a2");
	finish_waiting(&worker);
	assert_int_equal(worker.result, 0);
	assert_int_equal(worker.task_count, 0);
	assert_int_equal(worker.waiting, 1);
	assert_status(redis, "a2", "pending");
	assert_int_equal(worker_claim(&worker, 1, "t3"), 1);
	assert_int_equal(worker.tasks[0].attempt, 2);

	/* and is woken without a task */
	start_waiting(&worker, blocking, "t4");
	for (int i = 0; i < 10000; i++) {
		(void)uv_run(&worker.loop, UV_RUN_NOWAIT);
		if (strstr(test_redis_text(redis, "INFO clients"), "blocked_clients:1")) {
			break;
		}
	}
	assert_int_equal(queue_stop_waiting(worker.queue, blocking), 0);
	finish_waiting(&worker);
	assert_int_equal(worker.result, 0);
	assert_int_equal(worker.task_count, 0);

	/* and hears of a queue that is no list */
	freeReplyObject(test_redis_command(redis, "SET formy:task:queue x"));
	start_waiting(&worker, blocking, "t5");
	finish_waiting(&worker);
	assert_int_equal(worker.result, -EILSEQ);
	link_close(blocking);
	worker_stop(&worker);
}

/* The limits hold for what is claimed behind a BLMOVE, one by one. */
static void test_wait_keeps_the_users_limit(void **state)
{
	static const struct link_owner owner = {.up = on_blocking_up};
	static const struct queue_policy policy = {.retention_s = 600, .user_limit = 2};
	static const char data[] = "{\"mode\":\"A1\",\"user_id\":\"u\"}";
	struct link_options options = {.name = "blocking", .flags = LINK_BLOCKING, .owner = &owner};
	struct link *blocking;
	struct test_redis *redis;
	struct test_worker worker;
	bool up = false;

	start(state, &redis, &worker);
	queue_set_policy(worker.queue, &policy);
	options.address = &redis->address;
	options.data = &up;
	assert_int_equal(link_open(&worker.loop, &options, &blocking), 0);
	worker_run_until(&worker.loop, &up);
	for (int i = 0; i < 3; i++) {
		char id[] = "a0";

		id[1] = (char)('0' + i);
		task_push(redis, "formy:task:queue", id, data);
		start_waiting(&worker, blocking, "t1");
		finish_waiting(&worker);
		assert_int_equal(worker.result, 0);
		assert_int_equal(worker.task_count, i < 2);
	}
	assert_string_equal(test_redis_text(redis, "HGET formy:task:running u:u"), "2 0");
	assert_int_equal(worker_claim(&worker, 1, "t2"), 0);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:user:normal:u"), 1);
	assert_int_equal(worker_finish(&worker, "a0", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	assert_int_equal(worker_claim(&worker, 1, "t3"), 1);
	assert_tasks(&worker, "a2");
	link_close(blocking);
	worker_stop(&worker);
}

static void test_inbox_of_a_full_worker_goes_back(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	task_push(redis, "formy:task:inbox:host:1", "a1", A);
	task_push(redis, "formy:task:inbox:host:1", "a2", A);
	task_push(redis, "formy:task:queue", "a3", A);
	claim_with_room(&worker, 1, 0, 1, "t1");
	assert_tasks(&worker, "a1");
	assert_int_equal(test_redis_number(redis, "EXISTS formy:task:inbox:host:1"), 0);
	claim_with_room(&worker, 5, 0, 5, "t2");
	assert_tasks(&worker, "a2 a3");
	worker_stop(&worker);
}

static void test_times_are_the_contracts(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	const char *text;
	char today[20];

	start(state, &redis, &worker);
	task_push(redis, "formy:task:queue", "a1", A);
	assert_int_equal(worker_claim(&worker, 1, "t1"), 1);
	(void)snprintf(today, sizeof(today), "%s",
		test_redis_text(redis, "EVAL %s 0", "return redis.call('TIME')[1]"));
	{
		time_t seconds = (time_t)strtoll(today, NULL, 10);
		struct tm tm;
		char date[16];

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_true(strftime(date, sizeof(date), "%Y-%m-%dT%H", &tm) > 0);
		text = task_field_of(redis, "a1", "started_at");
		assert_memory_equal(text, date, strlen(date));
		assert_int_equal(strlen(text), 26);
	}
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_priorities_then_order),
		test(test_one_in_ten_is_for_the_lower_ones),
		test(test_books_of_many_tasks_are_no_listpacks),
		test(test_unknown_mode_waits_its_time),
		test(test_no_trace_of_a_mode_that_never_was),
		test(test_full_mode_does_not_clog_the_queue),
		test(test_other_workers_mode_waits_for_it),
		test(test_lost_claim_is_given_back),
		test(test_full_redis_changes_nothing),
		test(test_wait_claims_what_is_pushed),
		test(test_wait_keeps_the_users_limit),
		test(test_inbox_of_a_full_worker_goes_back),
		test(test_times_are_the_contracts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is left behind by workers, foreign clients and evictions is found again. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "contract/worker.h"
#include "lib/test.h"

#define A "{\"mode\":\"A1\"}"

static void start(void **state, struct test_redis **ret_redis, struct test_worker *worker)
{
	*ret_redis = *state;
	worker_start(worker, *state, "host:1", WORKER_LEASE_MS);
}

static void claim_one(struct test_redis *redis, struct test_worker *worker, const char *token)
{
	foreign_create(redis, "one", A);
	assert_int_equal(worker_claim(worker, 1, token), 1);
}

static void test_expired_lease_goes_to_the_front(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_true(worker_renew(&worker, "one", "t1", -1, NULL));
	foreign_create(redis, "two", A);
	assert_int_equal(worker_reap(&worker), 0);
	assert_status(redis, "one", "processing");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	assert_status(redis, "one", "pending");
	assert_consistent(redis, "one");
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 0"), "one");
	assert_string_equal(task_field_of(redis, "one", "attempts"), "1");
	assert_null(task_field_of(redis, "one", "started_at"));
	assert_string_equal(task_field_of(redis, "one", "crashes"), "1");
	worker_stop(&worker);
}

static void test_lost_too_often_fails(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	char error[512];

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_true(worker_renew(&worker, "one", "t1", 10, "half way"));
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	assert_int_equal(worker.tasks[0].attempt, 2);
	assert_int_equal(worker.tasks[0].tries, 1);
	assert_int_equal(worker.tasks[0].crashes, 1);
	assert_true(worker_renew(&worker, "one", "t2", 20, "half way"));
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 0);
	assert_int_equal(worker.count.failed, 1);
	assert_status(redis, "one", "failed");
	(void)snprintf(error, sizeof(error), "%s", task_field_of(redis, "one", "error"));
	assert_non_null(strstr(error, "\"code\":\"PIPELINE_CRASHED\""));
	assert_non_null(strstr(error, "\"details\":\"worker host:1, step: half way\""));
	assert_non_null(strstr(error, "\"mode\":\"A1\""));
	assert_non_null(task_field_of(redis, "one", "failed_at"));
	assert_consistent(redis, "one");
	worker_stop(&worker);
}

/* Claimed ahead: its worker's death says nothing about it. */
static void test_lost_before_its_start_costs_nothing(void **state)
{
	char token[] = "t0";
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", A);
	for (int i = 0; i < 5; i++) {
		token[1]++;
		assert_int_equal(worker_claim(&worker, 1, token), 1);
		assert_int_equal(worker.tasks[0].attempt, 1);
		test_redis_number(redis, "ZADD formy:task:lease 1 one");
		assert_int_equal(worker_reap(&worker), 1);
	}
	assert_null(task_field_of(redis, "one", "attempts"));
	assert_null(task_field_of(redis, "one", "crashes"));
	assert_consistent(redis, "one");
	worker_stop(&worker);
}

/* An executor that died under it is counted, whatever max_attempts says, until a person retries. */
static void test_crash_is_no_attempt(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	struct queue_beat beat = {0};

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_CRASHED), QUEUE_WRITTEN);
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_CRASHED), QUEUE_ALREADY);
	assert_status(redis, "one", "pending");
	assert_string_equal(task_field_of(redis, "one", "crashes"), "1");
	worker_beat(&worker, &beat);
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	assert_int_equal(worker.tasks[0].attempt, 2);
	assert_int_equal(worker.tasks[0].tries, 1);
	assert_int_equal(worker.tasks[0].crashes, 1);
	assert_int_equal(worker_finish(&worker, "one", "t2", 2, QUEUE_FAILED), QUEUE_WRITTEN);
	/* its worker removes what the first one may have published; or it is killed, right now */
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone one"), 1);
	worker_stop(&worker);
}

/* Redis was away, or its clock jumped: the lease ended, and its owner is there. */
static void test_after_a_pause_owners_come_first(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;
	char times[64];
	long long now;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_true(worker_renew(&worker, "one", "t1", -1, NULL));
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap_alone(&worker), 0);
	assert_int_equal(worker_reap_alone(&worker), 0);
	now = clock_wall_us() / 1000;
	/* before, of the future, and for long enough, but only until before a pause */
	for (int i = 0; i < 2; i++) {
		(void)snprintf(times, sizeof(times), "%lld %lld", now - 60000,
			now + (i == 0 ? 60000 : -(WORKER_LEASE_MS / 2 + 1)));
		(void)test_redis_text(redis, "SET formy:task:reaped %s", times);
		assert_int_equal(worker_reap_alone(&worker), 0);
	}
	assert_true(worker_renew(&worker, "one", "t1", -1, NULL));
	assert_int_equal(worker_reap(&worker), 0);
	assert_status(redis, "one", "processing");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	worker_stop(&worker);
}

/* Fields that the contract does not give to others, or that others write as they like. */
static void test_counts_that_are_none(void **state)
{
	static const char *const strange[] = {"nan", "inf", "-1", "1e300", "many", ""};
	char token[] = "t0";
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		token[1]++;
		foreign_create(redis, "one", A);
		test_redis_number(redis,
			"HSET formy:task:data:one attempts %s crashes %s retried_after %s",
			strange[i], strange[i], strange[i]);
		assert_int_equal(worker_claim(&worker, 1, token), 1);
		assert_int_equal(worker.tasks[0].attempt, 1);
		assert_int_equal(worker.tasks[0].tries, 1);
		assert_int_equal(worker.tasks[0].crashes, 0);
		assert_int_equal(
			worker_finish(&worker, "one", token, 1, QUEUE_CRASHED), QUEUE_WRITTEN);
		assert_string_equal(task_field_of(redis, "one", "crashes"), "1");
		test_redis_number(redis, "DEL formy:task:data:one formy:task:delayed");
	}
	worker_stop(&worker);
}

/* Evictions, or a backup that was played back. */
static void test_half_known_holdings(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	test_redis_number(redis, "DEL formy:task:lease");
	(void)worker_reap(&worker);
	assert_consistent(redis, "one");
	test_redis_number(redis, "DEL formy:task:processing");
	(void)worker_reap(&worker);
	assert_consistent(redis, "one");
	test_redis_number(redis, "DEL formy:task:processing formy:task:lease formy:task:claims");
	(void)worker_reap(&worker);
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:processing one"), 1);
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	assert_status(redis, "one", "pending");
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	worker_stop(&worker);
}

static void test_leftovers_of_ended_tasks(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	test_redis_number(redis, "HSET formy:task:data:one status cancelled");
	(void)worker_reap(&worker);
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:processing one"), 0);
	assert_int_equal(test_redis_number(redis, "HEXISTS formy:task:claims one"), 0);
	assert_status(redis, "one", "cancelled");
	worker_stop(&worker);
}

static void test_dead_workers_inbox(void **state)
{
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{}",
		.registration_ms = 60000};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	worker_beat(&worker, &beat);
	foreign_create(redis, "three", A);
	test_redis_number(redis, "RPUSH formy:task:inbox:host:9 one two");
	test_redis_number(redis, "ZADD formy:workers 1 host:9");
	test_redis_number(redis, "SETNX formy:janitor host:9");
	assert_int_equal(worker_reap(&worker), 2);
	assert_int_equal(worker.count.workers, 1);
	assert_int_equal(test_redis_number(redis, "EXISTS formy:janitor"), 0);
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 0"), "one");
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 1"), "two");
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 2"), "three");
	assert_int_equal(test_redis_number(redis, "ZCARD formy:workers"), 1);
	worker_stop(&worker);
}

static void test_bye(void **state)
{
	struct queue_beat beat = {.modes = worker_modes,
		.mode_count = 2,
		.registration = "{}",
		.registration_ms = 60000};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	worker_beat(&worker, &beat);
	test_redis_number(redis, "RPUSH formy:task:inbox:host:1 one");
	assert_int_equal(worker_bye(&worker), 1);
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 1);
	assert_int_equal(test_redis_number(redis, "EXISTS formy:worker:host:1 formy:workers"), 0);
	worker_stop(&worker);
}

static void test_release_keeps_the_order(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	foreign_create(redis, "one", A);
	foreign_create(redis, "two", A);
	foreign_create(redis, "three", A);
	assert_int_equal(worker_claim(&worker, 2, "t1"), 2);
	assert_int_equal(worker_release(&worker, "two", "t1", false), 1);
	assert_int_equal(worker_release(&worker, "one", "t1", true), 1);
	assert_int_equal(worker_release(&worker, "one", "t1", true), 0);
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 0"), "one");
	assert_string_equal(test_redis_text(redis, "LINDEX formy:task:queue 1"), "two");
	assert_int_equal(test_redis_number(redis, "LLEN formy:task:queue"), 3);
	assert_string_equal(task_field_of(redis, "one", "attempts"), "1");
	assert_null(task_field_of(redis, "two", "attempts"));
	assert_consistent(redis, "one");
	worker_stop(&worker);
}

/* By a plain DEL, of which nobody is told. Every second one, so that places shift while they go. */
static void test_deleted_tasks_leave_their_index(void **state)
{
	static const char fill[] =
		"for i = 1, 1000 do redis.call('ZADD', 'formy:task:index:done:A1', i, 't' .. i) "
		"if i % 2 == 0 then redis.call('HSET', 'formy:task:data:t' .. i, 'status', 'done', "
		"'data', '{\"mode\":\"A1\"}') end end "
		"return redis.call('SADD', 'formy:task:indexed', 'A1')";
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	(void)test_redis_number(redis, "EVAL %s 0", fill);
	/* 300 a step, one step of which ends the index, and one for each of the other statuses */
	for (int i = 0; i < 8; i++) {
		assert_int_equal(worker_reap(&worker), 0);
	}
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:index:done:A1"), 500);
	assert_null(test_redis_text(redis, "ZSCORE formy:task:index:done:A1 t999"));
	assert_non_null(test_redis_text(redis, "ZSCORE formy:task:index:done:A1 t1000"));
	/* a walk whose place is lost, or spoilt, begins anew */
	test_redis_number(redis, "DEL formy:task:walk");
	(void)test_redis_number(redis, "LPUSH formy:task:walk x");
	assert_int_equal(worker_reap(&worker), 0);
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_expired_lease_goes_to_the_front),
		test(test_lost_too_often_fails),
		test(test_lost_before_its_start_costs_nothing),
		test(test_crash_is_no_attempt),
		test(test_after_a_pause_owners_come_first),
		test(test_counts_that_are_none),
		test(test_half_known_holdings),
		test(test_leftovers_of_ended_tasks),
		test(test_dead_workers_inbox),
		test(test_bye),
		test(test_release_keeps_the_order),
		test(test_deleted_tasks_leave_their_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

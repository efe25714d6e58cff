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

struct cleaned {
	bool done;
	int result;
	struct queue_clean_reply reply;
	char gone[200];
	char needed[200];
};

static void join(char to[200], const char *const *texts, size_t count)
{
	to[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(to + strlen(to), 200 - strlen(to), "%s%s", i ? " " : "", texts[i]);
	}
}

static void on_cleaned(
	int result, const char *why, const struct queue_clean_reply *reply, void *arg)
{
	struct cleaned *cleaned = arg;

	(void)why;
	cleaned->done = true;
	cleaned->result = result;
	if (reply) {
		cleaned->reply = *reply;
		join(cleaned->gone, reply->gone, reply->gone_count);
		join(cleaned->needed, reply->needed, reply->needed_count);
	}
}

static void clean(
	struct test_worker *worker, const struct queue_clean *call, struct cleaned *cleaned)
{
	*cleaned = (struct cleaned){0};
	assert_int_equal(queue_clean(worker->queue, call, on_cleaned, cleaned), 0);
	worker_run_until(&worker->loop, &cleaned->done);
	assert_int_equal(cleaned->result, 0);
}

static void test_janitor_finds_what_is_no_more(void **state)
{
	static const char *const images[] = {"img_a", "img_b", "img_c", "img_d"};
	const char *const removed[] = {"one"};
	struct queue_clean call = {
		.lock_ms = 60000, .cursor = "0", .images = images, .image_count = 4};
	struct test_redis *redis;
	struct test_worker worker;
	struct test_worker other;
	struct cleaned cleaned;

	start(state, &redis, &worker);
	worker_start(&other, redis, "host:2", WORKER_LEASE_MS);
	claim_one(redis, &worker, "t1");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_DONE), QUEUE_WRITTEN);
	foreign_create(redis, "two", "{\"mode\":\"A1\",\"source_image\":\"img_b\"}");
	foreign_create(redis, "three",
		"{\"mode\":\"A1\",\"source_image\":\"img_x\",\"config\":{\"cloth_image\":\"img_c\"}"
		"}");
	foreign_create(redis, "four", "{\"mode\":\"A1\",\"source_image\":\"img_d\"}");
	test_redis_number(redis, "HSET formy:task:data:four status done");
	/* only what is both old and expired */
	clean(&worker, &call, &cleaned);
	assert_true(cleaned.reply.mine);
	assert_string_equal(cleaned.gone, "");
	assert_int_equal(cleaned.reply.offset, -1);
	assert_string_equal(cleaned.needed,
		strstr(cleaned.needed, "img_b") == cleaned.needed ? "img_b img_c" : "img_c img_b");
	clean(&other, &call, &cleaned);
	assert_false(cleaned.reply.mine);
	call = (struct queue_clean){.lock_ms = 60000};
	test_redis_number(redis, "DEL formy:task:data:one");
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:index:done:A1"), 1);
	test_redis_number(redis, "ZADD formy:task:index:done:A1 1 one");
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "one");
	assert_int_equal(test_redis_number(redis, "ZCARD formy:task:index:done:A1"), 0);
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "one");
	call.removed = removed;
	call.removed_count = 1;
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "");
	/* one that is there again keeps its files */
	test_redis_number(redis, "SADD formy:task:gone two");
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "");
	assert_int_equal(test_redis_number(redis, "EXISTS formy:task:gone"), 0);
	(void)worker_bye(&worker);
	clean(&other, &call, &cleaned);
	assert_true(cleaned.reply.mine);
	worker_stop(&other);
	worker_stop(&worker);
}

/* Attempts that were killed may have published files, and no worker ends these tasks. */
static void test_janitor_finds_what_ended_badly(void **state)
{
	static const char *const removed[] = {"one", "two", "three"};
	struct queue_clean call = {.lock_ms = 60000, .offset = -1};
	struct test_redis *redis;
	struct test_worker worker;
	struct cleaned cleaned;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	test_redis_number(redis, "HSET formy:task:data:one crashes 1");
	assert_true(worker_renew(&worker, "one", "t1", 10, NULL));
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	(void)worker_reap(&worker);
	assert_status(redis, "one", "failed");
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "one");

	/* whose attempt comes late, with files that are published already */
	test_redis_number(redis, "SREM formy:task:gone one");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone one"), 1);
	assert_int_equal(worker_finish(&worker, "none", "t1", 1, QUEUE_DONE), QUEUE_REFUSED);
	assert_int_equal(test_redis_number(redis, "SREM formy:task:gone none"), 1);

	/* as foreign clients cancel, between two attempts and before the first one */
	foreign_create(redis, "two", A);
	foreign_create(redis, "three", A);
	test_redis_number(redis, "HSET formy:task:data:two attempts 1 status cancelled");
	test_redis_number(redis, "HSET formy:task:data:three status cancelled");
	(void)worker_reap(&worker);
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone two"), 1);
	/* its attempt may have been taken back as one that had not begun, and had */
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone three"), 1);
	call.removed = removed;
	call.removed_count = 3;
	clean(&worker, &call, &cleaned);
	assert_int_equal(test_redis_number(redis, "EXISTS formy:task:gone"), 0);

	/* one that a person made pending again has files to come */
	test_redis_number(redis, "SADD formy:task:gone one");
	test_redis_number(redis, "HSET formy:task:data:one status pending");
	call = (struct queue_clean){.lock_ms = 60000, .offset = -1};
	clean(&worker, &call, &cleaned);
	assert_string_equal(cleaned.gone, "");
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
		test(test_janitor_finds_what_is_no_more),
		test(test_janitor_finds_what_ended_badly),
		test(test_bye),
		test(test_release_keeps_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

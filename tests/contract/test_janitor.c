/* Result files that nobody wants: who is told of them, and the janitor's steps. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "contract/worker.h"
#include "lib/test.h"

#define A "{\"mode\":\"A1\"}"

static const struct queue_beat registered = {
	.modes = worker_modes, .mode_count = 2, .registration = "{}", .registration_ms = 60000};

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
	worker_beat(&worker, &registered);
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

/* A worker that was forgotten while it stood still, worked on, and was killed: the reaper, who gives
 * locks of dead workers free, does not know of it. */
static void test_lock_of_a_worker_that_nobody_knows(void **state)
{
	struct queue_clean call = {.lock_ms = 60000, .offset = -1};
	struct test_redis *redis;
	struct test_worker worker;
	struct cleaned cleaned;

	start(state, &redis, &worker);
	test_redis_number(redis, "SETNX formy:janitor host:9");
	test_redis_number(redis, "ZADD formy:workers 9999999999999 host:9");
	clean(&worker, &call, &cleaned);
	assert_false(cleaned.reply.mine);
	test_redis_number(redis, "ZREM formy:workers host:9");
	clean(&worker, &call, &cleaned);
	assert_true(cleaned.reply.mine);
	worker_stop(&worker);
}

/* The janitor is told of the task's files, and was not before. */
static void assert_told(struct test_redis *redis, const char *id)
{
	assert_int_equal(test_redis_number(redis, "SREM formy:task:gone %s", id), 1);
}

static void assert_not_told(struct test_redis *redis, const char *id)
{
	assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone %s", id), 0);
}

/* Deleted as foreign clients do while it runs; an earlier attempt may have published files. Whoever
 * notices first ends the holding, and its worker may be dead. */
static void test_deleted_while_it_ran(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	/* the reaper, by chance */
	claim_one(redis, &worker, "t1");
	test_redis_number(redis, "DEL formy:task:data:one");
	(void)worker_reap(&worker);
	assert_told(redis, "one");
	/* the reaper, when the lease ends */
	claim_one(redis, &worker, "t2");
	test_redis_number(redis, "DEL formy:task:data:one");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	(void)worker_reap(&worker);
	assert_told(redis, "one");
	/* the worker, who is killed before it removes anything */
	claim_one(redis, &worker, "t3");
	test_redis_number(redis, "DEL formy:task:data:one");
	assert_false(worker_renew(&worker, "one", "t3", -1, NULL));
	assert_told(redis, "one");
	/* the same, and it gives back what it holds */
	claim_one(redis, &worker, "t4");
	test_redis_number(redis, "DEL formy:task:data:one");
	assert_int_equal(worker_release(&worker, "one", "t4", false), 0);
	assert_told(redis, "one");
	assert_int_equal(test_redis_number(redis, "EXISTS formy:task:claims formy:task:lease"), 0);
	worker_stop(&worker);
}

/* Its first attempt was taken back as one that had not begun, had, and was killed with its files
 * published. The one that fails is the first again, and its worker is killed at once. */
static void test_failed_at_the_first_attempt(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	assert_int_equal(worker.tasks[0].attempt, 1);
	assert_not_told(redis, "one");
	assert_int_equal(worker_finish(&worker, "one", "t2", 1, QUEUE_FAILED), QUEUE_WRITTEN);
	assert_told(redis, "one");

	/* what was written over meanwhile fails before any worker has it */
	claim_one(redis, &worker, "t3");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	test_redis_number(redis, "HSET formy:task:data:one data {");
	assert_int_equal(worker_claim(&worker, 1, "t4"), 0);
	assert_status(redis, "one", "failed");
	assert_told(redis, "one");
	worker_stop(&worker);
}

/* It waited for its next attempt. */
static void test_ended_by_others_while_it_was_delayed(void **state)
{
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_RETRY), QUEUE_WRITTEN);
	test_redis_number(redis, "HSET formy:task:data:one status cancelled");
	worker_beat(&worker, &registered);
	assert_told(redis, "one");
	foreign_create(redis, "one", A);
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	assert_int_equal(worker_finish(&worker, "one", "t2", 2, QUEUE_RETRY), QUEUE_WRITTEN);
	test_redis_number(redis, "DEL formy:task:data:one");
	worker_beat(&worker, &registered);
	assert_told(redis, "one");
	worker_stop(&worker);
}

/* What a worker noted before it was killed, told by the next one. */
static void test_files_that_a_killed_worker_left(void **state)
{
	static const char *const ends[] = {"failed", "cancelled", "done", "pending"};
	struct test_redis *redis;
	struct test_worker worker;

	start(state, &redis, &worker);
	claim_one(redis, &worker, "t1");
	assert_true(worker_renew(&worker, "one", "t1", -1, NULL));
	/* still held: its lease ends, and the attempt after that has files of the same names */
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_LEFT), QUEUE_REFUSED);
	assert_string_equal(worker.reasons[0], "taken");
	assert_not_told(redis, "one");
	assert_status(redis, "one", "processing");
	assert_consistent(redis, "one");
	test_redis_number(redis, "ZADD formy:task:lease 1 one");
	assert_int_equal(worker_reap(&worker), 1);
	assert_int_equal(worker_claim(&worker, 1, "t2"), 1);
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_LEFT), QUEUE_REFUSED);
	assert_int_equal(test_redis_number(redis, "HEXISTS formy:task:claims one"), 1);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		test_redis_number(redis, "DEL formy:task:gone");
		test_redis_number(redis, "HSET formy:task:data:one status %s", ends[i]);
		assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_LEFT), QUEUE_REFUSED);
		assert_string_equal(worker.reasons[0], ends[i]);
		assert_int_equal(test_redis_number(redis, "SISMEMBER formy:task:gone one"), i < 2);
	}
	test_redis_number(redis, "DEL formy:task:data:one");
	assert_int_equal(worker_finish(&worker, "one", "t1", 1, QUEUE_LEFT), QUEUE_REFUSED);
	assert_told(redis, "one");
	worker_stop(&worker);
}

#define test(name) cmocka_unit_test_setup_teardown(name, redis_setup, redis_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_janitor_finds_what_is_no_more),
		test(test_janitor_finds_what_ended_badly),
		test(test_lock_of_a_worker_that_nobody_knows),
		test(test_deleted_while_it_ran),
		test(test_failed_at_the_first_attempt),
		test(test_ended_by_others_while_it_was_delayed),
		test(test_files_that_a_killed_worker_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
